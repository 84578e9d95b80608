// The queue of what was done and is not yet on the server.
import "./store.js";
import "./sending.js";
import { all, answer, get, put, transact } from "./store.js";
import { base } from "./page.js";

const core = globalThis.fieldCore;
const WITH_ITEM = new Set(["create", "work", "fault", "measurement", "route"]);
const RECORDS = { work: "work_log", fault: "faults", measurement: "measurements", route: "fibre_links" };
const SYNC = "gis-field-send";

/** A random UUID, also where the page is not in a secure context. */
export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function whole(op, photos) {
  const made = {
    id: uuid(), made_at: new Date().toISOString(), target: null, values: {}, base: null,
    geometry: null, accuracy_m: null, photos: photos.map((photo) => photo.id), ...op,
  };
  if (WITH_ITEM.has(made.kind) && !made.item) made.item = uuid();
  return made;
}

/** What a photo of an operation shows. */
const shownBy = (op) => {
  if (op.kind === "create") return { collection: op.target.collection, id: op.item };
  return op.target ?? { collection: RECORDS[op.kind], id: op.item };
};

/**
 * Keep an operation, or several that belong together, with photos (of the first).
 *
 * Resolves to the ids when all of it is on the phone, in one transaction; rejects
 * with StorageFull when the phone has no room, and then nothing of it is kept.
 */
export async function add(op, photos = [], { title = "", replaces = null } = {}) {
  const ops = (Array.isArray(op) ? op : [op]).map((each, n) => whole(each, n ? [] : photos));
  const me = await get("kept", "me");
  await transact(["kept", "ops", "photos"], async (of) => {
    const counter = (await answer(of("kept").get("seq"))) || { id: "seq", value: 0 };
    for (const [n, each] of ops.entries()) {
      counter.value += 1;
      of("ops").put({
        id: each.id, seq: counter.value, by: me?.person ?? null, by_name: me?.name ?? null,
        made_at: each.made_at, title: Array.isArray(title) ? title[n] : title, op: each,
        photos: each.photos, state: "waiting", tries: 0, after: 0,
        item: shownBy(each),
      });
    }
    of("kept").put(counter);
    for (const photo of photos) {
      of("photos").put({ tries: 0, after: 0, ...photo, op: ops[0].id, state: "waiting" });
    }
    if (replaces) of("ops").delete(replaces);
  });
  core.tell({ changed: "ops" });
  wake();
  return ops.map((each) => each.id);
}

/** All that is kept, the newest first, each with its photos. */
export async function list() {
  const [records, photos] = await Promise.all([all("ops"), all("photos")]);
  const by_op = new Map();
  for (const photo of photos) by_op.set(photo.op, [...(by_op.get(photo.op) || []), photo]);
  records.sort((one, other) => other.seq - one.seq);
  return records.map((record) => ({ ...record, pictures: by_op.get(record.id) || [] }));
}

/** What the server has confirmed wholly, the newest first. */
export async function receipts() {
  return (await all("receipts")).sort((one, other) => other.sent_at - one.sent_at);
}

/** Keep something refused as a note on this phone; it is not sent again. */
export const keepAsNote = (id) => change(id, (record) => ({ ...record, state: "note" }));

/** Send something of another person's under the name of who is logged in. */
export async function adopt(id) {
  const me = await get("kept", "me");
  await change(id, (record) => ({ ...record, by: me.person, by_name: me.name ?? null }));
  wake();
}

/** Take a note away for good; only what the reader has made a note of. */
export async function discard(id) {
  await transact(["ops", "photos"], async (of) => {
    const record = await answer(of("ops").get(id));
    if (record?.state !== "note") return;
    of("ops").delete(id);
    for (const photo of record.photos || []) of("photos").delete(photo);
  });
  core.tell({ changed: "ops" });
}

/** Give up a photo that the server refused; the record stays. */
export async function giveUpPhoto(id) {
  await transact(["photos", "ops"], async (of) => {
    const photo = await answer(of("photos").get(id));
    if (photo?.state !== "refused") return;
    of("photos").delete(id);
    const record = await answer(of("ops").get(photo.op));
    if (record) {
      of("ops").put({ ...record, photos: record.photos.filter((each) => each !== id) });
    }
  });
  wake();
}

/** Put something refused back in the queue, changed; the refused one goes in the same step. */
export async function sendAgain(record, values, note = {}) {
  const photos = (await all("photos")).filter((photo) => photo.op === record.id && photo.blob)
    .map((photo) => ({ ...photo, tries: 0, after: 0, why: null }));
  const { id: _id, photos: _photos, ...op } = record.op;
  return add({ ...op, ...note, values }, photos, { title: record.title, replaces: record.id });
}

async function change(id, into) {
  await transact(["ops"], async (of) => {
    const record = await answer(of("ops").get(id));
    if (record) of("ops").put(into(record));
  });
  core.tell({ changed: "ops" });
}

/** Hear of changes of the queue and of the link, in whichever window; returns how to stop. */
export function watch(listener) {
  core.listeners.add(listener);
  return () => core.listeners.delete(listener);
}

/** Send now; `now` ignores the time to wait after failures. */
export const send = (now = false) => core.send(base, { now });

/** How many wait, are refused or in conflict, and photos that wait. */
export async function counts() {
  const [records, photos] = await Promise.all([all("ops"), all("photos")]);
  const found = { waiting: 0, received: 0, conflict: 0, refused: 0, note: 0, sent: 0, photos: 0 };
  for (const record of records) found[record.state] += 1;
  for (const photo of photos) if (photo.state !== "sent") found.photos += 1;
  return found;
}

/** Have the queue sent soon: by us, and by the service worker if the page is closed before. */
export function wake() {
  send().catch(console.error);
  navigator.serviceWorker?.ready
    .then((registration) => registration.sync?.register(SYNC)).catch(() => {});
}

/** A name of this phone for the server's records; random, of no person. */
export async function nameDevice() {
  const known = await get("kept", "device");
  if (!known) await put("kept", { id: "device", value: uuid() });
}
