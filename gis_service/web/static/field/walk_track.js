// A walked line: which positions count, how long it is, what is near its ends. Pure functions
// and one class without a screen or a store.
//
// A vertex is [lon, lat, accuracy_m, at_ms, flags]; flags: 1 a gap before it, 2 it stays where it is.

export const LIMITS_M = [10, 25, 50];
export const LIMIT_M = 25;
const EARTH_M = 6_371_008.8;
const FASTEST_M_S = 15;
const DOUBTED_MOST = 3;
const LEAST_STEP_M = 3;
const SNAP_LEAST_M = 20;
const BETTER = 0.8;
export const GAP = 1;
export const PINNED = 2;

const radians = (degrees) => (degrees * Math.PI) / 180;

/** Metres between two positions, on a sphere. */
export function metres([lon, lat], [lon2, lat2]) {
  const half = (one, other) => Math.sin(radians(other - one) / 2) ** 2;
  const a = half(lat, lat2) + Math.cos(radians(lat)) * Math.cos(radians(lat2)) * half(lon, lon2);
  return 2 * EARTH_M * Math.asin(Math.min(1, Math.sqrt(a)));
}

/** The nearest node within reach of a position: {item, distance_m}, or null. */
export function nearest(nodes, position, accuracy_m) {
  let best = null;
  for (const item of nodes) {
    const distance_m = metres(position, item.at);
    if (distance_m <= Math.max(SNAP_LEAST_M, accuracy_m) && (!best || distance_m < best.distance_m)) {
      best = { item, distance_m };
    }
  }
  return best;
}

export class Track {
  constructor({ limit_m = LIMIT_M, vertices = [] } = {}) {
    this.limit_m = limit_m;
    this.vertices = vertices;
    this.length_m = lengthOf(vertices);
    this.gap = vertices.length > 0;
    this.doubted = [];
  }

  get last() {
    return this.vertices.at(-1);
  }

  /** Begin anew after a pause: what lies between is a straight line that is told as a gap. */
  pause() {
    this.gap = this.vertices.length > 0;
    this.doubted = [];
  }

  /**
   * Take a position: "kept", "better" (the last vertex moved to it), or why it does not count:
   * "inaccurate", "jump", "still", "old".
   */
  take(fix) {
    const vertex = [fix.lon, fix.lat, fix.accuracy_m, fix.at_ms, this.gap ? GAP : 0];
    if (fix.accuracy_m > this.limit_m) return "inaccurate";
    const last = this.last;
    if (!last) return this.keep(vertex);
    if (fix.at_ms <= last[3]) return "old";
    const moved = metres(last, vertex);
    if (!this.gap && moved > this.reach(last, vertex)) return this.doubt(vertex);
    this.doubted = [];
    if (this.gap || moved >= Math.max(LEAST_STEP_M, fix.accuracy_m / 2)) return this.keep(vertex);
    if (!(last[4] & PINNED) && fix.accuracy_m < last[2] * BETTER) return this.improve(vertex);
    return "still";
  }

  /** How far one can have come since a vertex, with both positions' accuracy. */
  reach(last, vertex) {
    return (FASTEST_M_S * (vertex[3] - last[3])) / 1000 + last[2] + vertex[2] + 10;
  }

  /** A jump does not count, unless the next positions all agree on the new place. */
  doubt(vertex) {
    const agree = this.doubted.every((each) => metres(each, vertex) <= this.reach(each, vertex));
    this.doubted = agree ? [...this.doubted, vertex] : [vertex];
    if (this.doubted.length < DOUBTED_MOST) return "jump";
    this.doubted = [];
    vertex[4] |= GAP;
    return this.keep(vertex);
  }

  keep(vertex) {
    if (this.last) this.length_m += metres(this.last, vertex);
    this.vertices.push(vertex);
    this.gap = false;
    return "kept";
  }

  improve(vertex) {
    const before = this.vertices.at(-2);
    if (before) this.length_m += metres(before, vertex) - metres(before, this.last);
    vertex[4] = this.last[4];
    this.vertices[this.vertices.length - 1] = vertex;
    return "better";
  }

  /** Fix a place on the line: a vertex at the position, which no later one improves. */
  pin(fix) {
    const vertex = [fix.lon, fix.lat, fix.accuracy_m, fix.at_ms, this.gap ? GAP : 0];
    if (!this.last || metres(this.last, vertex) > 1) this.keep(vertex);
    this.last[4] |= PINNED;
    return this.vertices.length - 1;
  }

  /** Take the last vertex away. */
  undo() {
    const gone = this.vertices.pop();
    if (gone && this.last) this.length_m -= metres(this.last, gone);
    return gone;
  }

  /** Metres along the line as far as each vertex. */
  along() {
    let so_far = 0;
    return this.vertices.map((vertex, n) =>
      (so_far += n ? metres(this.vertices[n - 1], vertex) : 0));
  }
}

export const lengthOf = (vertices) => vertices.reduce(
  (sum, vertex, n) => sum + (n ? metres(vertices[n - 1], vertex) : 0), 0,
);

const rounded = (value, decimals) => Number(value.toFixed(decimals));
const place = ([lon, lat]) => [rounded(lon, 7), rounded(lat, 7)];

/**
 * The operation that a finished walk becomes.
 *
 * Ends that are nodes stand at the nodes' own places, so the line may be a little longer than
 * what was walked; positions of points along it are counted from its first coordinate.
 */
export function operation(walk, track, ended_at) {
  const along = track.along();
  const line = track.vertices.map(place);
  let before = 0;
  if (walk.start) before = join(line, walk.start, "unshift");
  const after = walk.end ? join(line, walk.end, "push") : 0;
  const accuracies = track.vertices.map((vertex) => vertex[2]).sort((a, b) => a - b);
  return {
    id: walk.op, kind: "route", item: walk.id, made_at: ended_at,
    geometry: { type: "LineString", coordinates: line },
    accuracy_m: rounded(accuracies.at(-1), 1),
    photos: walk.points.flatMap((point) => (point.photo ? [point.photo] : [])),
    values: {
      name: walk.name || null,
      start_node: walk.start?.id ?? null,
      end_node: walk.end?.id ?? null,
      points_of_interest: walk.points.map((point) => ({
        id: point.id, kind: point.kind, position: place(track.vertices[point.vertex]),
        at_m: rounded(before + along[point.vertex], 1), photo: point.photo ?? null,
        accuracy_m: rounded(track.vertices[point.vertex][2], 1),
        ...(point.slack_m ? { slack_m: point.slack_m } : {}),
      })),
      recorded: {
        started_at: walk.started_at, ended_at, positions: track.vertices.length,
        length_m: rounded(track.length_m + before + after, 1),
        accuracy_m: rounded(accuracies[accuracies.length >> 1], 1),
        gaps: track.vertices.filter((vertex) => vertex[4] & GAP).length,
      },
    },
  };
}

function join(line, node, side) {
  const distance = metres(node.at, side === "push" ? line.at(-1) : line[0]);
  if (distance > 0.2) line[side](place(node.at));
  return distance > 0.2 ? distance : 0;
}
