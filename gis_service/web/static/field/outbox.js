// What was done on this phone: what waits, what the server said, what it has.
import { fill, h, icon } from "./dom.js";
import { told } from "./link.js";
import { thumbnail } from "./pictures.js";
import { adopt, discard, giveUpPhoto, keepAsNote, list, receipts, send, sendAgain, watch } from "./queue.js";
import { get } from "./store.js";
import { age, number, t, time } from "./words.js";

const SIGNS = { waiting: "wait", received: "wait", sent: "wait", conflict: "conflict", refused: "no", note: "note" };
const KINDS = { waiting: "wait", received: "wait", sent: "wait", conflict: "bad", refused: "bad", note: "unsure" };
const SHOWN = 30;

const small = (...text) => h("p", { class: "field-small" }, ...text);

function photos(record) {
  if (record.pictures.length === 0) return null;
  return h("div", { class: "field-photos" }, record.pictures.map((photo) => h("span", {}, thumbnail(photo),
    small(t(`field_photo_${photo.state}`)), photo.why ? small(photo.why) : null,
    photo.state === "refused" ? h("button", { type: "button", class: "field-button is-warn", onclick: () => giveUpPhoto(photo.id) }, t("field_photo_give_up")) : null)));
}

/** The record that the reader was asked about; a new drawing asks again. */
let asked = null;

function actions(record, me, redraw) {
  const button = (key, use, warn) => h("button", { type: "button", class: `field-button ${warn ? "is-warn" : "is-plain"}`, onclick: use }, t(key));
  const some = [];
  const ask = async (id) => {
    asked = id;
    await redraw();
    document.querySelector(`[data-op="${record.id}"] .field-actions button`)?.focus();
  };
  if (record.state === "refused") {
    some.push(h("a", { class: "field-button", href: `#/fix/${record.id}` }, t("field_fix")), button("field_keep_note", () => keepAsNote(record.id)));
  } else if (record.state === "note" && asked === record.id) {
    some.push(small(t("field_discard_sure")), button("field_discard", () => discard(record.id), true),
      button("field_keep", () => ask(null)));
  } else if (record.state === "note") {
    some.push(h("a", { class: "field-button is-plain", href: `#/fix/${record.id}` }, t("field_fix")),
      button("field_discard", () => ask(record.id), true));
  } else if (record.state === "waiting" && record.by && me && record.by !== me.person) {
    some.push(button("field_adopt", () => adopt(record.id)));
  }
  return some.length ? h("div", { class: "field-actions" }, some) : null;
}

function card(record, me, redraw) {
  const another = record.by && me && record.by !== me.person;
  return h("li", { class: `field-card${["refused", "conflict"].includes(record.state) ? " is-warn" : ""}`, "data-op": record.id, "data-state": record.state },
    h("b", {}, record.title || t("field_untitled")),
    h("p", { class: `field-state is-${KINDS[record.state]}` }, icon(SIGNS[record.state]), t(`field_state_${record.state}`)),
    small(t("field_done_at", { time: time(record.made_at) })),
    another ? small(t("field_by_another", { name: record.by_name ?? record.by })) : null,
    record.why ? h("p", {}, record.why) : null, record.todo ? h("p", {}, record.todo) : null,
    record.state === "waiting" && record.tries ? small(t("field_tried", { count: number(record.tries) })) : null,
    photos(record), actions(record, me, redraw));
}

/** The queue, the newest first, and beneath it what the server has. */
export async function mount(element) {
  const cards = h("ol", { class: "field-cards" });
  const said = h("p", { role: "status" });
  const done = h("div", {});
  const now = h("button", { type: "button", class: "field-button", onclick: async () => {
    now.disabled = true;
    fill(said, t("field_sending"));
    const link = await send(true);
    now.disabled = false;
    fill(said, link.state === "online" ? "" : t(`field_unsent_${link.state}`));
    if (link.state === "online") told(t("field_all_tried"));
  } }, t("field_send_now"));
  fill(element, h("h1", { tabindex: "-1" }, t("field_work_title")), said,
    h("div", { class: "field-actions" }, now, h("a", { class: "field-button is-plain", href: "#/new" }, t("field_new_title"))),
    h("h2", {}, t("field_waiting_title")), cards, done);

  async function draw() {
    const [records, confirmed, me] = await Promise.all([list(), receipts(), get("kept", "me")]);
    now.hidden = records.length === 0;
    if (records.length) fill(cards, records.map((record) => card(record, me, draw)));
    else fill(cards, h("li", { class: "field-quiet" }, t("field_nothing_waits")));
    fill(done, confirmed.length ? [h("h2", {}, t("field_receipts")), h("ul", { class: "field-steps" }, confirmed.slice(0, SHOWN).map((each) =>
      h("li", {}, h("b", {}, each.title || t("field_untitled")), h("span", { class: "field-state is-good" }, icon("yes"), t("field_state_done")),
        h("small", {}, each.photos ? t("field_sent_with", { age: age(each.sent_at), count: number(each.photos) }) : t("field_sent_at", { age: age(each.sent_at) })),
        each.why ? h("small", {}, each.why) : null)))] : null);
  }

  asked = null;
  await draw();
  let next = null;
  const stop = watch(() => { clearTimeout(next); next = setTimeout(draw, 100); });
  return () => { stop(); clearTimeout(next); };
}

/** `#/fix/ID`. */
export async function mountFix(element, [id]) {
  const record = (await list()).find((each) => each.id === id && ["refused", "note"].includes(each.state));
  if (!record) {
    location.hash = "#/work";
    return;
  }
  const { mountFix: form } = await import("./work.js");
  await form(element, record, sendAgain);
}
