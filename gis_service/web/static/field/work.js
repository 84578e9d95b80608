// Recording work: what was done, a fault, a measurement, a correction, a move, something new.
import { find } from "./asset.js";
import { data, search, titled } from "./data.js";
import { fill, h } from "./dom.js";
import { answers, askable, changed, filled, local, question } from "./form.js";
import { persist, told } from "./link.js";
import { pictures } from "./pictures.js";
import { follow } from "./place.js";
import { add } from "./queue.js";
import { get, put, remove } from "./store.js";
import { distance, t } from "./words.js";

const DRAFT_MS = 300;
const CHOICES = 6;
const STATE = { equipment: "lifecycle", network_nodes: "status", fibre_links: "status" };
const NEW = ["network_nodes", "offices", "structures", "equipment"];
const POINTS = new Set(["network_nodes", "offices", "structures"]);
const RECORDS = { fault: "faults", measurement: "measurements" };
const MOMENTS = new Set(["started_at", "measured_at", "occurred_at"]);
/** Fields that the phone or the server fills. */
const FILLED = new Set(["external_id", "cleared_at", "source", "uncertainty_m", "reporter", "recorded_at"]);

/**
 * A form that keeps a draft while it is filled in, and its work when it is saved.
 *
 * `make(form, photos)` gives {ops, title, then} or throws a `Fault` that says what is missing.
 */
async function frame(element, { id, heading, about, parts, make, photographed = true }) {
  const draft = (await get("drafts", id)) || { id, values: {}, photos: [] };
  const fault = h("p", { class: "field-fault", role: "alert" });
  const photos = photographed ? pictures(draft.photos, () => keep()) : null;
  const save = h("button", { type: "submit", class: "field-button" }, t("field_save"));
  const form = h("form", { class: "field-form", novalidate: true }, parts, photos?.element, fault,
    h("div", { class: "field-actions" }, save));
  let timer = null;

  const values = () => [...form.elements].filter((each) => each.name).map((each) =>
    [each.name, each.value, each.checked]);

  function restore() {
    for (const [name, value, checked] of draft.values.length ? draft.values : []) {
      for (const input of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
        if (["checkbox", "radio"].includes(input.type)) {
          if (input.value === value) input.checked = checked;
        } else if (input.type !== "file") input.value = value;
      }
    }
  }

  const keep = () => put("drafts", { id, values: values(), photos: photos?.taken ?? [] }).catch(() => {});
  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(keep, DRAFT_MS); });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    fill(fault);
    const missing = [...form.elements].find((each) => each.willValidate && !each.checkValidity());
    if (missing) {
      fill(fault, t("field_form_missing", { name: missing.labels?.[0]?.firstChild?.textContent ?? missing.name, why: missing.validationMessage }));
      missing.focus();
      return;
    }
    save.disabled = true;
    try {
      const { ops, title, then } = make(form);
      await persist();
      await add(ops, photos?.taken ?? [], { title });
      clearTimeout(timer);
      await remove("drafts", id);
      told(t("field_kept"));
      location.hash = then;
    } catch (error) {
      fill(fault, error instanceof Fault ? error.message
        : t(error.name === "StorageFull" ? "field_storage_full_work" : "field_not_kept"));
      save.disabled = false;
      if (!(error instanceof Fault) && error.name !== "StorageFull") console.error(error);
    }
  });
  fill(element, h("h1", { tabindex: "-1" }, heading), about, form);
  restore();
  return () => clearTimeout(timer);
}

class Fault extends Error {}

const back = (item) => `#/asset/${item.collection}/${item.id}`;
const aim = (item) => ({ collection: item.collection, id: item.id });
const of = (item) => h("p", {}, h("a", { href: back(item) }, item.name), item.tag && item.tag !== item.name ? ` · ${item.tag}` : "");
const fieldsOf = (found, collection) => (found.known.collections[collection]?.list || []).filter(askable)
  .filter((field) => !FILLED.has(field.name));
const named = (what, item) => `${what}: ${item.name}`;

/** An update of some fields, based on what the phone saw. */
const update = (item, values, more = {}) => ({
  kind: "update", target: aim(item), values, ...more,
  base: { ...Object.fromEntries(Object.keys(values).map((name) => [name, item.row[name] ?? null])),
    ...(item.row.version === undefined ? {} : { version: item.row.version }), ...more.base },
});

function checks(found, kind) {
  const points = found.known.checklists[kind] || [];
  return points.length === 0 ? null : h("fieldset", {}, h("legend", {}, t("field_checklist")), points.map(([code, text]) =>
    h("div", { class: "field-check", role: "group", "aria-labelledby": `c-${code}` }, h("span", { id: `c-${code}` }, text),
      h("div", { class: "field-choice" }, found.known.found.map(([value, title]) =>
        h("label", {}, h("input", { type: "radio", name: `check-${code}`, value }), title))))));
}

const checked = (form, found, kind) => Object.fromEntries((found.known.checklists[kind] || [])
  .map(([code]) => [code, form.querySelector(`[name="check-${code}"]:checked`)?.value]).filter(([, value]) => value));

/** The field in which an item's state stands, if it may be changed. */
const stateField = (found, item) => {
  const field = found.known.collections[item.collection]?.fields[STATE[item.collection]];
  return field && found.known.collections[item.collection].may?.includes("update") ? field : null;
};

async function worked(element, found, item, kind) {
  const log = found.known.collections.work_log.fields;
  const title = titled(found.known, log.kind.codelist, kind);
  const standing = stateField(found, item);
  const at = item.collection === "equipment" && kind === "installation" ? chooser(found, item) : null;
  return frame(element, {
    id: `work/${item.collection}/${item.id}/${kind}`, heading: title, about: of(item),
    parts: [checks(found, kind), question(found.known, log.result, null, { required: true }),
      question(found.known, log.notes, null),
      standing ? question(found.known, { ...standing, title: t("field_state_after", { name: standing.title }) }, item.row[standing.name], { required: false }) : null,
      at?.element],
    make(form) {
      const checklist = checked(form, found, kind);
      const values = { kind, ...filled(answers(form, [log.result, log.notes])), ...(Object.keys(checklist).length ? { checklist } : {}) };
      const ops = [{ kind: "work", target: aim(item), values }];
      const change = { ...(standing ? changed(filled(answers(form, [standing])), item.row) : {}), ...(at ? at.change() : {}) };
      if (Object.keys(change).length) ops.push(update(item, change));
      return { ops, title: [named(title, item), named(t("field_do_update"), item)], then: back(item) };
    },
  });
}

async function recorded(element, found, item, kind) {
  const fields = fieldsOf(found, RECORDS[kind]).filter((field) => !(kind === "fault" && field.name === "office"));
  const title = t(kind === "fault" ? "field_do_fault" : "field_do_measure");
  const moment = fields.find((field) => MOMENTS.has(field.name));
  return frame(element, {
    id: `${kind}/${item.collection}/${item.id}`, heading: title, about: [of(item), kind === "fault" ? h("p", { class: "field-small" }, t("field_fault_about")) : null],
    parts: fields.map((field) => question(found.known, field, field === moment ? local(new Date()) : null)),
    make(form) {
      const values = filled(answers(form, fields));
      return { ops: [{ kind, target: aim(item), values }], title: named(values.summary ?? title, item), then: back(item) };
    },
  });
}

async function corrected(element, found, item) {
  const fields = fieldsOf(found, item.collection);
  return frame(element, {
    id: `update/${item.collection}/${item.id}`, heading: t("field_do_update"), about: of(item), photographed: true,
    parts: fields.map((field) => question(found.known, field, item.row[field.name])),
    make(form) {
      const values = changed(answers(form, fields), item.row);
      if (Object.keys(values).length === 0) throw new Fault(t("field_nothing_changed"));
      return { ops: [update(item, values)], title: named(t("field_do_update"), item), then: back(item) };
    },
  });
}

/** Choosing the node or office where a device stands. */
function chooser(found, item) {
  const list = h("div", { class: "field-choice" });
  const places = found.items.filter((each) => ["network_nodes", "offices"].includes(each.collection));
  const show = (query) => fill(list, (query ? search(places, query) : [item?.place].filter(Boolean)).slice(0, CHOICES).map((each) =>
    h("label", {}, h("input", { type: "radio", name: "place", value: `${each.collection}/${each.id}`, checked: each === item?.place }),
      h("span", {}, each.name, h("small", {}, ` ${each.kind}`)))));
  const input = h("input", { type: "search", id: "place-q", autocomplete: "off", oninput: () => show(input.value.trim()) });
  show("");
  return {
    element: h("fieldset", {}, h("legend", {}, t("field_stands_at")),
      h("label", { class: "field-hint", for: "place-q" }, t("field_stands_find")), input, list),
    change() {
      const chosen = list.querySelector(":checked")?.value;
      if (!chosen || (item?.place && chosen === `${item.place.collection}/${item.place.id}`)) return {};
      const [collection, id] = chosen.split("/");
      return collection === "offices" ? { office: id, node: null } : { node: id, office: null };
    },
  };
}

/** A position: that of the phone with its accuracy, or typed. */
function locator(before) {
  const said = h("p", { class: "field-small", role: "status" }, t("field_place_wait"));
  const typed = h("input", { id: "f-position", name: "position", autocomplete: "off", inputmode: "text", placeholder: "-0.677300, 34.779600" });
  let now = null;
  let taken = null;
  const take = h("button", { type: "button", class: "field-button is-plain", disabled: true, onclick: () => {
    taken = now;
    typed.value = `${taken.at[1].toFixed(6)}, ${taken.at[0].toFixed(6)}`;
    typed.dispatchEvent(new Event("input", { bubbles: true }));
  } }, t("field_take_position"));
  const stop = follow((position, fault) => {
    now = position;
    take.disabled = !position;
    fill(said, position ? t("field_place_known", { accuracy: distance(position.accuracy_m) }) : t(`field_place_${fault}`));
  });
  return {
    stop,
    element: h("fieldset", {}, h("legend", {}, t("field_position")), before ? h("p", { class: "field-small" }, before) : null, said, take,
      h("label", { class: "field-hint", for: "f-position" }, t("field_position_typed")), typed),
    read() {
      const found = /^\s*(-?\d{1,2}(?:\.\d+)?)[,;\s]+(-?\d{1,3}(?:\.\d+)?)\s*$/.exec(typed.value);
      if (!found) throw new Fault(t("field_position_missing"));
      const [lat, lon] = [Number(found[1]), Number(found[2])];
      if (Math.abs(lat) > 90 || Math.abs(lon) > 180) throw new Fault(t("field_position_missing"));
      const same = taken && Math.abs(taken.at[1] - lat) < 2e-6 && Math.abs(taken.at[0] - lon) < 2e-6;
      return { geometry: { type: "Point", coordinates: [lon, lat] }, accuracy_m: same ? Math.round(taken.accuracy_m * 10) / 10 : null };
    },
  };
}

async function moved(element, found, item) {
  const title = t("field_do_move");
  const place = POINTS.has(item.collection) ? locator() : null;
  const at = place ? null : chooser(found, item);
  const leave = await frame(element, {
    id: `move/${item.collection}/${item.id}`, heading: title, about: of(item), parts: [(place ?? at).element],
    make() {
      if (place) {
        const { geometry, accuracy_m } = place.read();
        const seen = item.row.geometry ? { type: "Point", coordinates: item.row.geometry } : null;
        return { ops: [update(item, {}, { geometry, accuracy_m, base: { geometry: seen } })], title: named(title, item), then: back(item) };
      }
      const change = at.change();
      if (Object.keys(change).length === 0) throw new Fault(t("field_nothing_changed"));
      return { ops: [update(item, change)], title: named(title, item), then: back(item) };
    },
  });
  return () => { leave(); place?.stop(); };
}

async function created(element, found, collection) {
  const about = found.known.collections[collection];
  if (!about?.may?.includes("create")) return absent(element);
  const fields = fieldsOf(found, collection).filter((field) => field.name !== "accuracy_m");
  const place = POINTS.has(collection) ? locator() : null;
  const at = collection === "equipment" ? chooser(found, null) : null;
  const heading = t("field_new_of", { name: about.title });
  const leave = await frame(element, {
    id: `new/${collection}`, heading,
    parts: [(place ?? at)?.element, fields.filter((field) => field.required).map((field) => question(found.known, field, null)),
      h("details", {}, h("summary", {}, t("field_more_fields")), fields.filter((field) => !field.required).map((field) => question(found.known, field, null)))],
    make(form) {
      const position = place ? place.read() : {};
      const values = { ...filled(answers(form, fields)), ...filled(at ? at.change() : {}) };
      return { ops: [{ kind: "create", target: { collection }, values, ...position }], title: `${heading}: ${values.name ?? values.asset_tag ?? ""}`, then: "#/work" };
    },
  });
  return () => { leave(); place?.stop(); };
}

function absent(element) {
  fill(element, h("h1", { tabindex: "-1" }, t("field_absent")), h("p", {}, t("field_absent_words")));
}

/** `#/do/COLLECTION/ID/WHAT`. */
export async function mount(element, [collection, id, what]) {
  const found = await data();
  const item = find(found, [collection, id]);
  if (!item || !found.known.collections.work_log) return absent(element);
  if (what.startsWith("work-")) return worked(element, found, item, what.slice(5));
  if (what in RECORDS) return recorded(element, found, item, what);
  if (what === "update") return corrected(element, found, item);
  if (what === "move") return moved(element, found, item);
  return absent(element);
}

/** `#/new` lists what can be added; `#/new/COLLECTION` is the form. */
export async function mountNew(element, [collection]) {
  const found = await data();
  if (collection) return created(element, found, collection);
  const may = NEW.filter((each) => found.known.collections[each]?.may?.includes("create"));
  fill(element, h("h1", { tabindex: "-1" }, t("field_new_title")),
    may.length ? h("div", { class: "field-actions" }, may.map((each) => h("a", { class: "field-button is-plain", href: `#/new/${each}` },
      found.known.collections[each].title))) : h("p", {}, t("field_absent_words")));
  return undefined;
}

/** `#/fix/OPERATION`: a refused operation, to be changed and sent again. */
export async function mountFix(element, record, sendAgain) {
  const found = await data();
  const { op } = record;
  const collection = { work: "work_log", fault: "faults", measurement: "measurements" }[op.kind] ?? op.target?.collection;
  const fields = fieldsOf(found, collection).filter((field) => field.name !== "kind" || op.kind !== "work");
  const fault = h("p", { class: "field-fault", role: "alert" });
  const form = h("form", { class: "field-form" }, fields.filter((field) => op.kind !== "update" || field.name in op.values)
    .map((field) => question(found.known, field, field.type === "timestamp"
      ? local(new Date(op.values[field.name] ?? record.made_at)) : op.values[field.name])), fault,
  h("div", { class: "field-actions" }, h("button", { type: "submit", class: "field-button" }, t("field_send_again"))));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const asked = answers(form, fields);
      const values = op.kind === "update" ? { ...op.values, ...asked } : { ...op.values, ...filled(asked) };
      for (const [name, value] of Object.entries(asked)) if (value === null && op.kind !== "update") delete values[name];
      await sendAgain(record, values);
      location.hash = "#/work";
    } catch (error) {
      fill(fault, t(error.name === "StorageFull" ? "field_storage_full_work" : "field_not_kept"));
    }
  });
  fill(element, h("h1", { tabindex: "-1" }, t("field_fix_title")), h("p", {}, record.title),
    h("p", { class: "field-note is-warn" }, [record.why, record.todo].filter(Boolean).join(" ")), form);
}
