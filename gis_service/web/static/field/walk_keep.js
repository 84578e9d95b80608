// An unfinished walk in the phone's storage: written as it grows, so that whatever ends the
// page loses at most the position on its way.
import { all, answer, get, transact } from "./store.js";

const PER_CHUNK = 50;
const STORES = ["walks", "track"];

const chunkId = (walk, n) => `${walk.id}/${String(n).padStart(5, "0")}`;
const photoId = (walk, photo) => `${walk.id}/photo/${photo}`;
const isOf = (walk, entry) => entry.id.startsWith(`${walk.id}/`);

/** Write a walk and the end of its line, from a vertex on; resolves when it is on the disk. */
export function save(walk, vertices, from) {
  const first = Math.max(0, Math.floor(from / PER_CHUNK));
  const last = Math.max(0, Math.ceil(vertices.length / PER_CHUNK) - 1);
  return transact(STORES, (of) => {
    of("walks").put(walk);
    for (let n = first; n <= last; n += 1) {
      of("track").put({
        id: chunkId(walk, n), positions: vertices.slice(n * PER_CHUNK, (n + 1) * PER_CHUNK),
      });
    }
    of("track").delete(chunkId(walk, last + 1)); // an undone vertex may have been alone in it
  });
}

export const savePhoto = (walk, photo) => transact(["track"], (of) => {
  of("track").put({ id: photoId(walk, photo.id), photo });
});

/** The walk that was not finished, with its vertices and photos; null when there is none. */
export async function unfinished() {
  const walk = (await all("walks")).sort((a, b) => b.started_at.localeCompare(a.started_at))[0];
  if (!walk) return null;
  if (await get("ops", walk.op) ?? await get("receipts", walk.op)) { // the page ended in between
    await forget(walk);
    return null;
  }
  const entries = (await all("track")).filter((entry) => isOf(walk, entry));
  return {
    walk,
    vertices: entries.flatMap((entry) => entry.positions ?? []),
    photos: new Map(entries.flatMap((entry) => (entry.photo ? [[entry.photo.id, entry.photo]] : []))),
  };
}

/** Take a walk away, with all that was kept of it. */
export const forget = (walk) => transact(STORES, async (of) => {
  of("walks").delete(walk.id);
  for (const id of await answer(of("track").getAllKeys())) {
    if (isOf(walk, { id })) of("track").delete(id);
  }
});
