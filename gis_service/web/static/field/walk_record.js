// The walk that is being recorded: one for the page, whichever part is shown.
import { data } from "./data.js";
import { add, uuid } from "./queue.js";
import { forget, save, savePhoto, unfinished } from "./walk_keep.js";
import { LIMIT_M, Track, nearest, operation } from "./walk_track.js";

const WATCH = { enableHighAccuracy: true, maximumAge: 0, timeout: 30_000 };

/**
 * `walk` is null when nothing is recorded. `state`: "recording" or "paused". `said`: what last
 * happened, as {key, values}; `fix`: the newest position, whether it counted or not.
 */
class Recorder extends EventTarget {
  walk = null;
  track = null;
  photos = new Map();
  fix = null;
  counted = null;
  said = null;
  nodes = [];
  watching = null;
  lock = null;
  saving = Promise.resolve();

  /** Take up what the phone kept of a walk that did not end; whether there is one. */
  async restore() {
    if (this.walk) return true;
    const kept = await unfinished();
    await this.loadNodes();
    if (!kept || this.walk) return Boolean(this.walk);
    this.walk = { ...kept.walk, state: "paused" };
    this.track = new Track({ limit_m: this.walk.limit_m, vertices: kept.vertices });
    this.photos = kept.photos;
    return true;
  }

  async loadNodes() {
    const { items } = await data().catch(() => ({ items: [] }));
    this.nodes = items.filter((item) => item.collection === "network_nodes" && item.at);
  }

  async begin(limit_m = LIMIT_M) {
    await this.loadNodes();
    this.walk = {
      id: uuid(), op: uuid(), state: "recording", limit_m, points: [], name: "",
      started_at: new Date().toISOString(), start: null, end: null, free: [],
    };
    this.track = new Track({ limit_m });
    this.photos = new Map();
    await this.keep(0);
    this.resume();
  }

  resume() {
    this.walk.state = "recording";
    this.watching ??= navigator.geolocation.watchPosition(
      (position) => this.hear(position), (fault) => this.fail(fault), WATCH,
    );
    this.stayAwake();
    this.keep();
    this.tell(null);
  }

  pause() {
    this.walk.state = "paused";
    this.stop();
    this.track.pause();
    this.keep();
    this.tell(null);
  }

  stop() {
    if (this.watching !== null) navigator.geolocation.clearWatch(this.watching);
    this.watching = null;
    this.lock?.release().catch(() => {});
    this.lock = null;
    this.fix = null;
  }

  async stayAwake() {
    if (!navigator.wakeLock || document.visibilityState !== "visible") return;
    this.lock = await navigator.wakeLock.request("screen").catch(() => null);
  }

  hear({ coords, timestamp }) {
    if (this.walk?.state !== "recording") return;
    this.fix = {
      lon: coords.longitude, lat: coords.latitude, accuracy_m: coords.accuracy, at_ms: timestamp,
    };
    this.counted = this.track.take(this.fix);
    if (this.counted === "kept" || this.counted === "better") {
      if (this.track.vertices.length === 1) this.snap("start", this.track.last);
      this.keep(this.track.vertices.length - 1);
    }
    this.tell(this.said?.lasting ? this.said : null);
  }

  fail(fault) {
    if (fault.code === 1) {
      this.pause();
      this.tell("field_walk_denied", {}, true);
    } else {
      this.fix = null;
      this.tell("field_walk_no_position");
    }
  }

  /** Let an end be the node that is near it, unless the reader has undone that. */
  snap(end, vertex) {
    if (this.walk[end] || this.walk.free.includes(end)) return;
    const found = nearest(this.nodes, vertex, vertex[2]);
    if (!found) return;
    const { id, name, tag, at } = found.item;
    this.walk[end] = { id, name: tag ? `${name} (${tag})` : name, at, distance_m: found.distance_m };
  }

  /** Undo that an end is a node. */
  free(end) {
    this.walk[end] = null;
    this.walk.free.push(end);
    this.keep();
    this.tell(null);
  }

  /** Note a point of interest here; false while no position is good enough. */
  note(kind) {
    if (!this.fix || this.fix.accuracy_m > this.walk.limit_m || this.counted === "jump") return false;
    const vertex = this.track.pin(this.fix);
    if (this.track.vertices.length === 1) this.snap("start", this.track.last);
    this.walk.points.push({ id: uuid(), kind, vertex, at: new Date().toISOString() });
    this.keep(vertex);
    this.tell(null);
    return true;
  }

  async picture(point, photo) {
    await savePhoto(this.walk, photo);
    this.photos.set(photo.id, photo);
    point.photo = photo.id;
    await this.keep();
    this.tell(null);
  }

  /** Take back what came last: a point of interest, otherwise the last vertex. */
  undo() {
    const point = this.walk.points.at(-1);
    if (point && point.vertex >= this.track.vertices.length - 1) {
      this.walk.points.pop();
      if (point.photo) this.photos.delete(point.photo);
    } else {
      this.track.undo();
    }
    this.keep(this.track.vertices.length);
    this.tell(null);
  }

  /** Put the walk into the queue as a route; resolves when it is kept there. */
  async finish(title) {
    const walk = this.walk;
    this.stop();
    const op = operation(walk, this.track, walk.ended_at ?? new Date().toISOString());
    await this.saving;
    await add(op, op.photos.map((id) => this.photos.get(id)), { title });
    await forget(walk);
    this.walk = null;
    this.tell(null);
    return op;
  }

  async discard() {
    const walk = this.walk;
    this.stop();
    this.walk = null;
    await this.saving;
    await forget(walk);
    this.tell(null);
  }

  /** Write the walk, and its line from a vertex on, after what is being written already. */
  keep(from = this.track.vertices.length) {
    const { walk, track: { vertices } } = this;
    this.saving = this.saving.then(() => save(walk, vertices, from)).catch((fault) => {
      console.error(fault);
      this.tell("field_walk_full", {}, true);
    });
    return this.saving;
  }

  tell(key, values = {}, lasting = false) {
    this.said = typeof key === "string" ? { key, values, lasting } : key;
    this.dispatchEvent(new Event("change"));
  }
}

export const recorder = new Recorder();

document.addEventListener("visibilitychange", () => {
  if (recorder.walk?.state === "recording") recorder.stayAwake();
});
