// What of the network is on this phone: the downloaded wards, and the words of their codes.
import { all, get, put, remove } from "./store.js";
import { base, language } from "./page.js";
import "./sending.js";
import { t } from "./words.js";

const { Unsent, ask } = globalThis.fieldCore;
const LISTS = { network_nodes: "nodes", offices: "offices", equipment: "equipment" };

let loaded = null;
let spoken = null;

/** A word without case and accents, as people type it. */
export const folded = (text) =>
  String(text ?? "").normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

const objects = (list) => (list?.rows || []).map((row) =>
  Object.fromEntries(list.fields.map((name, n) => [name, row[n]])));

/** The codes' titles, the fields' titles and the checklists, in the reader's language. */
export async function words() {
  spoken ??= tabled((await get("words", language)) || {});
  return spoken;
}

const byFirst = (pairs) => Object.fromEntries(pairs || []);

/** The words as tables to look up in; what may be written keeps its order. */
const tabled = ({ collections = {}, codelists = {}, checklists = {}, found = [] }) => ({
  collections: Object.fromEntries(Object.entries(collections).map(([id, each]) => [id, {
    ...each, list: each.fields, fields: Object.fromEntries(each.fields.map((field) => [field.name, field])),
  }])),
  codelists: Object.fromEntries(Object.entries(codelists).map(([name, list]) => [name, byFirst(list.codes)])),
  checklists: Object.fromEntries(Object.entries(checklists)),
  found,
});

/** The title of a code, or of several; the code itself where nobody titled it. */
export function titled(known, codelist, value) {
  if (Array.isArray(value)) return value.map((each) => titled(known, codelist, each)).join(", ");
  return known.codelists[codelist]?.[value] ?? value;
}

/** What kind of thing an item is, as a person says it. */
export function kindOf(known, collection, row) {
  const field = { network_nodes: row.infrastructure ? "infrastructure" : "type",
    offices: "office_type", equipment: "category" }[collection];
  const about = known.collections[collection]?.fields?.[field];
  const value = row[field];
  if (value === null || value === undefined || value.length === 0) {
    return known.collections[collection]?.title ?? "";
  }
  return String(titled(known, about?.codelist, value));
}

/**
 * All that is on this phone: `items` by place and list, and `wards`.
 *
 * An item: {collection, id, tag, name, kind, ward, wardName, at: [lon, lat] or null, row, text}.
 */
export function data() {
  loaded ??= read();
  return loaded;
}

/** Forget what was read, after a ward came or went. */
export function forget() {
  loaded = null;
  spoken = null;
}

async function read() {
  const [kept, known] = await Promise.all([all("wards"), words()]);
  const wards = new Map();
  const byId = new Map();
  const links = new Map();
  const paths = new Map();
  const [faults, work, structures] = [new Map(), new Map(), new Map()];
  for (const { id: code, package: found, fetched_at } of kept) {
    wards.set(code, { code, name: found.name, as_of: found.as_of, fetched_at, geometry: found.geometry });
    for (const [collection, list] of Object.entries(LISTS)) {
      for (const row of objects(found[list])) add(collection, row, code, found.name);
    }
    for (const row of objects(found.links)) {
      if (!links.get(row.id)?.geometry) links.set(row.id, row);
      add("fibre_links", row, code, found.name);
    }
    for (const [id, path] of Object.entries(found.paths || {})) paths.set(id, path);
    for (const row of objects(found.faults)) faults.set(row.id, row);
    for (const row of objects(found.work)) work.set(row.id, row);
    for (const row of objects(found.structures)) structures.set(row.id, row);
  }

  function add(collection, row, ward, wardName) {
    const tag = row.asset_tag || row.external_id || "";
    const key = `${collection}/${row.id}`;
    if (byId.get(key)?.row.geometry && !row.geometry) return;
    byId.set(key, {
      collection, id: row.id, row, tag, ward, wardName, name: row.name || tag,
      at: collection === "fibre_links" ? null : row.geometry ?? null,
      kind: kindOf(known, collection, row),
    });
  }

  for (const item of byId.values()) {
    if (item.collection === "equipment") {
      item.place = byId.get(`network_nodes/${item.row.node}`) || byId.get(`offices/${item.row.office}`);
      item.at = item.place?.at ?? item.at;
      item.name = [item.row.make, item.row.model].filter(Boolean).join(" ") || item.tag;
    } else if (item.collection === "fibre_links") {
      const line = item.row.geometry;
      item.at = line ? line[line.length >> 1] : null;
    }
    item.text = folded([item.tag, item.name, item.kind, item.row.serial, item.wardName, item.ward,
      item.collection, item.place?.name].filter(Boolean).join(" "));
  }
  const items = [...byId.values()];
  return { items, byId, wards, links, paths, faults, work, structures, known };
}

/** The item of a tag (or of an external id), whatever its collection. */
export const byTag = (found, tag) => found.items.find((item) => folded(item.tag) === folded(tag));

/** What of `found` is about an item: entries whose reference names it. */
export const about = (entries, item) => {
  const field = { network_nodes: "node", fibre_links: "link", equipment: "equipment",
    offices: "office" }[item.collection];
  return [...entries.values()].filter((each) => each[field] === item.id);
};

/** Items for a query, the best first: tag, then names that begin so, then the rest. */
export function search(items, query) {
  const parts = folded(query).split(/\s+/).filter(Boolean);
  const first = parts.join(" ");
  const score = (item) => {
    const [tag, name] = [folded(item.tag), folded(item.name)];
    if (tag === first) return 0;
    if (tag.startsWith(first)) return 1;
    if (name.startsWith(first)) return 2;
    return parts.every((part) => name.includes(part) || tag.includes(part)) ? 3 : 4;
  };
  return items.filter((item) => parts.every((part) => item.text.includes(part)))
    .map((item) => [score(item), item])
    .sort(([a, one], [b, other]) => a - b || one.name.localeCompare(other.name))
    .map(([, item]) => item);
}

/** The wards that the server has, with how much is in each. */
export const offered = async () => (await ask(base, "/field/wards")).body.wards;

/**
 * Download a ward, or ask whether it changed; `progress` hears how many bytes came.
 *
 * Returns whether anything changed.
 */
export async function download(code, progress = () => {}) {
  const known = await get("wards", code);
  const headers = known?.etag ? { "if-none-match": known.etag } : {};
  let response;
  try {
    response = await fetch(`${base}/field/wards/${encodeURIComponent(code)}`, {
      cache: "no-store", credentials: "same-origin", headers,
    });
  } catch {
    throw new Unsent("offline");
  }
  if (response.status === 304) {
    await put("wards", { ...known, fetched_at: Date.now() });
    forget();
    return false;
  }
  if (!response.ok) {
    const told = await response.json().catch(() => ({}));
    throw new Unsent(response.status === 401 ? "login" : "refused", { detail: told.detail });
  }
  const pieces = [];
  let count = 0;
  const reader = response.body.getReader();
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      pieces.push(read.value);
      count += read.value.length;
      progress(count);
    }
  } catch {
    throw new Unsent("offline");
  }
  let found;
  try {
    found = JSON.parse(await new Blob(pieces).text());
  } catch {
    throw new Unsent("offline");
  }
  await put("wards", {
    id: code, name: found.name, package: found, etag: response.headers.get("etag"),
    bytes: count, fetched_at: Date.now(),
  });
  await downloadWords();
  forget();
  return true;
}

async function downloadWords() {
  for (const lang of ["en", "sw"]) {
    const { body } = await ask(base, `/field/words?lang=${lang}`);
    await put("words", { ...body, id: lang });
  }
}

/** Take a ward off the phone; the caller has made sure that no work waits for it. */
export async function drop(code) {
  await remove("wards", code);
  forget();
}

/** The status of an item as a sign, a kind of sign and a word. */
export function statusOf(known, item) {
  const { row, collection } = item;
  const [field, value] = collection === "offices" ? ["connection", row.connection]
    : collection === "equipment" ? ["lifecycle", row.lifecycle] : ["status", row.status];
  const codelist = known.collections[collection]?.fields?.[field]?.codelist;
  const good = ["operational", "connected", "inService"].includes(value);
  const bad = ["decommissioned", "unconnected", "underRepair", "retired"].includes(value);
  const unsure = value === "unknown" || !value;
  const kind = good ? "good" : bad ? "bad" : unsure ? "unsure" : "wait";
  return { kind, sign: `is-${kind}`, word: value ? titled(known, codelist, value) : t("field_unknown") };
}
