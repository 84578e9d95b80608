// One item: how it stands, where it is, its way to a gateway, what was done, and what can be done.
import { about, byTag, data, titled, statusOf } from "./data.js";
import { fill, h, icon } from "./dom.js";
import { far, row, state } from "./find.js";
import { told } from "./link.js";
import { list as queued } from "./queue.js";
import { follow } from "./place.js";
import { age, day, distance, number, t, time } from "./words.js";

const ALONE = new Set(["id", "geometry", "version", "updated_at", "visibility", "name"]);
const LONG_PATH = 12;

/** The item that an address names: `#/asset/COLLECTION/ID` or `#/a/TAG`. */
export const find = (found, parts) => (parts.length === 1 ? byTag(found, parts[0])
  : found.byId.get(parts.join("/")));

const link = (item) => h("a", { href: `#/asset/${item.collection}/${item.id}` }, item.name);

/** A value as people read it. */
function shown(found, field, value) {
  if (value === null || value === undefined || value === "" || value.length === 0) return null;
  if (field.references) {
    const named = [value].flat().map((id) => found.byId.get(`${field.references}/${id}`));
    return named.every(Boolean) ? named.map((item) => [link(item), " "]) : null;
  }
  if (field.type === "boolean") return t(value ? "field_yes" : "field_no");
  if (field.codelist) return titled(found.known, field.codelist, value);
  if (field.type === "date") return day(value);
  if (field.type === "timestamp") return time(value);
  if (field.name === "ward") return found.wards.get(value)?.name ?? value;
  if (typeof value === "number") return `${number(value, Math.abs(value) < 100 ? 2 : 0)}${field.unit ? ` ${field.unit}` : ""}`;
  return typeof value === "object" ? null : String(value);
}

function facts(found, item) {
  const fields = found.known.collections[item.collection]?.list || [];
  return fields.filter((field) => !ALONE.has(field.name))
    .map((field) => [field.title, shown(found, field, item.row[field.name])])
    .filter(([, value]) => value !== null)
    .map(([title, value]) => h("div", {}, h("dt", {}, title), h("dd", {}, value)));
}

function where(item) {
  if (!item.at) return h("p", { class: "field-quiet" }, t("field_place_none"));
  const [lon, lat] = item.at;
  const text = `${lat.toFixed(6)}, ${lon.toFixed(6)}`;
  const copy = h("button", { type: "button", class: "field-button is-plain", onclick: async () => {
    try {
      await navigator.clipboard.writeText(text);
      told(t("field_copied"));
    } catch {
      told(t("field_copy_by_hand"));
    }
  } }, t("field_copy"));
  return [h("p", {}, t("field_coordinates"), " ", h("b", { class: "field-copy" }, text)),
    h("div", { class: "field-actions" }, copy,
      h("a", { class: "field-button is-plain", href: `geo:${lat},${lon}?q=${lat},${lon}` }, t("field_open_map")))];
}

function way(found, item) {
  const node = { network_nodes: item.id, offices: item.row.served_by, equipment: item.row.node
    ?? item.place?.row.served_by }[item.collection];
  if (item.collection === "fibre_links") return null;
  const path = node && found.paths.get(node);
  const heading = h("h2", {}, t("field_path_title"));
  if (!path) return [heading, h("p", { class: "field-quiet" }, t("field_path_none"))];
  const gateway = found.byId.get(`network_nodes/${path.gateway}`);
  if (path.links.length === 0) return [heading, h("p", {}, t("field_path_here"))];
  const names = path.links.map((id) => found.links.get(id)?.name || id.slice(0, 8));
  const steps = (some) => h("ol", { class: "field-steps" }, some.map((name) => h("li", {}, name)));
  return [heading, h("p", {}, t(gateway ? "field_path_says" : "field_path_says_far", {
    length: distance(path.length_m), count: number(path.links.length), name: gateway?.name,
  })), names.length > LONG_PATH ? h("details", {}, h("summary", {}, t("field_path_links")), steps(names)) : steps(names)];
}

function due(found, item) {
  const { certification, certification_due_on: on } = item.row;
  if (item.collection !== "equipment" || !certification) return null;
  const field = found.known.collections.equipment?.fields.certification;
  const late = ["overdue", "failed", "never"].includes(certification);
  return h("p", { class: late || certification === "due" ? "field-note is-warn" : "field-note" },
    icon(late ? "no" : "yes"), h("span", {}, h("b", {}, titled(found.known, field?.codelist, certification)),
      on ? ` – ${t("field_due_on", { day: day(on) })}` : ""));
}

function history(found, item) {
  const entries = about(found.work, item)
    .sort((one, other) => String(other.occurred_at).localeCompare(String(one.occurred_at)));
  const fields = found.known.collections.work_log?.fields || {};
  return [h("h2", {}, t("field_history")), entries.length
    ? h("ol", { class: "field-steps" }, entries.map((each) => h("li", {},
      h("b", {}, titled(found.known, fields.kind?.codelist, each.kind)),
      each.result ? `: ${titled(found.known, fields.result?.codelist, each.result)}` : "",
      h("time", { datetime: each.occurred_at }, time(each.occurred_at)),
      each.notes ? h("small", {}, each.notes) : null)))
    : h("p", { class: "field-quiet" }, t("field_history_none"))];
}

function broken(found, item) {
  const faults = about(found.faults, item);
  return faults.length ? [h("h2", {}, t("field_faults")), faults.map((fault) =>
    h("div", { class: "field-card is-warn" }, h("b", {}, fault.summary),
      h("p", { class: "field-small" }, time(fault.started_at), fault.cuts ? ` · ${t("field_fault_cuts")}` : "")))] : null;
}

/** The kinds of work that can be recorded of an item, and what else can be done. */
function tasks(found, item) {
  const to = (what) => `#/do/${item.collection}/${item.id}/${what}`;
  const button = (what, title, warn) => h("a", { class: `field-button ${warn ? "is-warn" : "is-plain"}`, href: to(what) }, title);
  const codelist = found.known.collections.work_log?.fields?.kind?.codelist;
  const kinds = item.collection === "offices" ? [] : Object.keys(found.known.checklists);
  const may = found.known.collections[item.collection]?.may || [];
  return [h("h2", {}, t("field_do")), h("div", { class: "field-grid" },
    kinds.map((kind) => button(`work-${kind}`, titled(found.known, codelist, kind))),
    button("fault", t("field_do_fault"), true),
    item.collection === "offices" ? null : button("measurement", t("field_do_measure")),
    may.includes("update") ? button("update", t("field_do_update")) : null,
    may.includes("update") && item.collection !== "fibre_links" ? button("move", t("field_do_move")) : null)];
}

/** The page of one item. */
export async function mount(element, parts) {
  const found = await data();
  const item = find(found, parts);
  if (!item) {
    fill(element, h("h1", { tabindex: "-1" }, t("field_absent")), h("p", {}, t("field_absent_why", { tag: parts.at(-1) })),
      h("p", { class: "field-actions" }, h("a", { class: "field-button", href: "#/wards" }, t("field_get_wards"))));
    return undefined;
  }
  const mine = (await queued()).filter((each) => each.op.target?.id === item.id);
  const inside = found.items.filter((each) => each.collection === "equipment" && each.place === item);
  const away = h("span", {});
  const ward = found.wards.get(item.ward);
  fill(element,
    h("h1", { tabindex: "-1" }, item.name),
    h("p", {}, [item.kind, item.tag, item.wardName].filter(Boolean).join(" · ")),
    h("p", { class: "field-view" }, state(statusOf(found.known, item)), away),
    due(found, item),
    mine.length ? h("p", { class: "field-note is-warn" }, h("a", { href: "#/work" }, t("field_item_waiting", { count: number(mine.length) }))) : null,
    broken(found, item), tasks(found, item),
    h("h2", {}, t("field_where")),
    item.place ? h("p", {}, t("field_stands"), " ", link(item.place)) : null, where(item),
    way(found, item),
    inside.length ? [h("h2", {}, t("field_devices")), h("ul", { class: "field-list" }, inside.map((each) => row(found.known, each, null)))] : null,
    history(found, item),
    h("h2", {}, t("field_facts")), h("dl", { class: "field-facts" }, facts(found, item)),
    h("p", { class: "field-small" }, t("field_data_age", { age: age(ward?.fetched_at ?? Date.now()) })));
  return item.at ? follow((now) => { if (now) fill(away, far(now.at, item.at, true)); }) : undefined;
}
