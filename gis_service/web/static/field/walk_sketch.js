// A small drawing of a walked line, north up: enough to see whether it looks like the way.
import { fill, h, s } from "./dom.js";
import { distance, t } from "./words.js";
import { GAP, metres } from "./walk_track.js";

const WIDTH = 340;
const HEIGHT = 190;
const MARGIN = 18;

/** The drawing and how to bring it up to date. */
export function sketch() {
  const drawing = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" });
  const scale = h("figcaption", {});
  const element = h("figure", { class: "walk-sketch", hidden: true }, drawing, scale);
  return {
    element,
    update(vertices, points, ...ends) {
      element.hidden = vertices.length < 2;
      if (element.hidden) return;
      const nodes = ends.filter(Boolean);
      const { at, width_m } = placed([...vertices, ...nodes.map((node) => node.at)]);
      fill(drawing, ...lines(vertices, at),
        ...nodes.map((node) => dot(at(node.at), 7, "walk-node")),
        ...points.map((point) => dot(at(vertices[point.vertex]), 5, "walk-poi")),
        dot(at(vertices.at(-1)), 6, "walk-here"));
      fill(scale, t("field_walk_scale", { distance: distance(width_m) }));
    },
  };
}

/** Where positions stand in the drawing, and how many metres it is wide. */
function placed(positions) {
  const lons = positions.map(([lon]) => lon);
  const lats = positions.map(([, lat]) => lat);
  const [west, east] = [Math.min(...lons), Math.max(...lons)];
  const [south, north] = [Math.min(...lats), Math.max(...lats)];
  const middle = [(west + east) / 2, (south + north) / 2];
  const perLon = metres([west, middle[1]], [west + 0.001, middle[1]]) * 1000;
  const perLat = metres([west, middle[1]], [west, middle[1] + 0.001]) * 1000;
  const perMetre = Math.min(
    (WIDTH - 2 * MARGIN) / Math.max(20, (east - west) * perLon),
    (HEIGHT - 2 * MARGIN) / Math.max(20, (north - south) * perLat),
  );
  return {
    width_m: WIDTH / perMetre,
    at: ([lon, lat]) => [
      WIDTH / 2 + (lon - middle[0]) * perLon * perMetre,
      HEIGHT / 2 - (lat - middle[1]) * perLat * perMetre,
    ],
  };
}

/** One line for each stretch; the straight pieces over gaps are drawn apart. */
function lines(vertices, at) {
  const found = [];
  let stretch = [];
  vertices.forEach((vertex, n) => {
    if (n && vertex[4] & GAP) {
      found.push(line(stretch, at, "walk-line"));
      found.push(line([vertices[n - 1], vertex], at, "walk-gap"));
      stretch = [];
    }
    stretch.push(vertex);
  });
  return [...found, line(stretch, at, "walk-line")];
}

const line = (vertices, at, kind) => s("polyline", {
  class: kind, points: vertices.map((vertex) => at(vertex).map((v) => v.toFixed(1)).join(",")).join(" "),
});

const dot = ([cx, cy], r, kind) => s("circle", { class: kind, cx: cx.toFixed(1), cy: cy.toFixed(1), r });
