// A light map of the downloaded wards, drawn from what is on the phone.
import { data, statusOf } from "./data.js";
import { fill, h, icon, s } from "./dom.js";
import { row } from "./find.js";
import { follow } from "./place.js";
import { t } from "./words.js";

const WIDTH = 1000;
const FUTURE = new Set(["proposed", "planned", "underConstruction"]);
const NEAREST_PX = 28;

/** Web Mercator's proportions are not needed within a county: x shrinks by the latitude. */
function projection(points) {
  const lons = points.map((each) => each[0]);
  const lats = points.map((each) => each[1]);
  const span = (values) => values.reduce(([low, high], each) => [Math.min(low, each), Math.max(high, each)], [Infinity, -Infinity]);
  const [west, east] = span(lons);
  const [south, north] = span(lats);
  const shrink = Math.cos(((south + north) / 2) * Math.PI / 180);
  const scale = WIDTH / Math.max((east - west) * shrink, north - south, 1e-4);
  return {
    width: (east - west) * shrink * scale, height: (north - south) * scale,
    to: ([lon, lat]) => [(lon - west) * shrink * scale, (north - lat) * scale],
    metre: scale / 111_195,
  };
}

const rings = (geometry) => (geometry?.type === "Polygon" ? geometry.coordinates
  : (geometry?.coordinates || []).flat());

const path = (line, to) => line.map((point, n) =>
  `${n ? "L" : "M"}${to(point).map((each) => each.toFixed(2)).join(" ")}`).join("");

/** The map; a tap on a place tells what is there. */
export async function mount(element) {
  const found = await data();
  const heading = h("h1", { tabindex: "-1" }, t("field_map_title"));
  const views = h("nav", { class: "field-toggle", "aria-label": t("field_view") },
    h("a", { href: "#/find" }, t("field_list")), h("a", { href: "#/map", "aria-current": "true" }, t("field_map")));
  const borders = [...found.wards.values()].flatMap((ward) => rings(ward.geometry));
  const placed = found.items.filter((item) => item.at && ["network_nodes", "offices"].includes(item.collection));
  const points = [...borders.flat(), ...placed.map((item) => item.at)];
  if (points.length === 0) {
    fill(element, heading, h("p", {}, t("field_no_wards")), h("p", { class: "field-actions" },
      h("a", { class: "field-button", href: "#/wards" }, t("field_get_wards"))));
    return undefined;
  }
  const { to, width, height, metre } = projection(points);
  const said = h("div", { class: "field-plan-said", role: "status" }, h("p", { class: "field-small" }, t("field_map_tap")));
  const marks = s("g", {});
  const me = s("g", { hidden: true });
  const plan = s("svg", { class: "plan", role: "img", "aria-label": t("field_map_says", { count: placed.length }) },
    borders.map((ring) => s("path", { class: "plan-ward", d: `${path(ring, to)}Z` })),
    [...found.links.values()].filter((link) => link.geometry).map((link) =>
      s("path", { class: FUTURE.has(link.status) ? "plan-link is-future" : "plan-link", d: path(link.geometry, to) })),
    marks, me);
  const drawn = placed.map((item) => {
    const office = item.collection === "offices";
    const bad = office && statusOf(found.known, item).kind !== "good";
    const [x, y] = to(item.at);
    const mark = office ? s("rect", { class: bad ? "plan-office is-bad" : "plan-office" }) : s("circle", { class: "plan-node" });
    marks.append(mark);
    return { item, x, y, mark, office };
  });

  let view = { x: -width * 0.05, y: -height * 0.05, size: 1.1 };
  let position = null;

  const perPixel = () => {
    const box = plan.getBoundingClientRect();
    return Math.max((width * view.size) / (box.width || 1), (height * view.size) / (box.height || 1));
  };

  function place() {
    plan.setAttribute("viewBox", `${view.x} ${view.y} ${width * view.size} ${height * view.size}`);
    const unit = perPixel();
    for (const { x, y, mark, office } of drawn) {
      const half = 6 * unit;
      const told = office ? { x: x - half, y: y - half, width: 2 * half, height: 2 * half } : { cx: x, cy: y, r: half };
      for (const [name, value] of Object.entries(told)) mark.setAttribute(name, value);
    }
    if (!position) return;
    const [cx, cy] = to(position.at);
    me.removeAttribute("hidden");
    me.replaceChildren(
      s("circle", { class: "plan-near", cx, cy, r: Math.max(position.accuracy_m * metre, 10 * unit) }),
      s("circle", { class: "plan-me", cx, cy, r: 7 * unit }),
    );
  }

  function zoom(by, cx = view.x + (width * view.size) / 2, cy = view.y + (height * view.size) / 2) {
    const size = Math.min(1.6, Math.max(0.01, view.size * by));
    const change = size / view.size;
    view = { size, x: cx - (cx - view.x) * change, y: cy - (cy - view.y) * change };
    place();
  }

  const onPlan = (event) => {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(plan.getScreenCTM().inverse());
    return [point.x, point.y];
  };
  const fingers = new Map();
  let moved = 0;
  plan.addEventListener("pointerdown", (event) => {
    plan.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
    if (fingers.size === 1) moved = 0;
  });
  plan.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const now = [event.clientX, event.clientY];
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
    moved += Math.hypot(now[0] - before[0], now[1] - before[1]);
    if (other) {
      const apart = (one) => Math.hypot(one[0] - other[0], one[1] - other[1]) || 1;
      zoom(apart(before) / apart(now), ...onPlan(event));
    } else {
      const unit = perPixel();
      view.x -= (now[0] - before[0]) * unit;
      view.y -= (now[1] - before[1]) * unit;
      place();
    }
    fingers.set(event.pointerId, now);
  });
  const lift = (event) => {
    if (fingers.delete(event.pointerId) && moved < 8 && event.type === "pointerup") tap(event);
  };
  plan.addEventListener("pointerup", lift);
  plan.addEventListener("pointercancel", lift);
  plan.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.2 : 1 / 1.2, ...onPlan(event));
  }, { passive: false });

  function tap(event) {
    const [x, y] = onPlan(event);
    const within = NEAREST_PX * perPixel();
    const near = drawn.map((each) => [Math.hypot(each.x - x, each.y - y), each.item])
      .filter(([apart]) => apart < within).sort(([one], [other]) => one - other).slice(0, 3);
    fill(said, near.length ? h("ul", { class: "field-list" }, near.map(([, item]) => row(found.known, item, position)))
      : h("p", { class: "field-small" }, t("field_map_nothing")));
  }

  const button = (key, sign, use) => h("button", { type: "button", "aria-label": t(key), onclick: use }, icon(sign));
  fill(element, heading, h("div", { class: "field-view" }, h("p", { class: "field-small" }, t("field_map_key")), views),
    h("div", { class: "field-plan" }, plan,
      h("div", { class: "field-zoom" }, button("field_zoom_in", "plus", () => zoom(1 / 1.6)),
        button("field_zoom_out", "minus", () => zoom(1.6)),
        button("field_zoom_me", "near", () => {
          if (!position) return;
          const [x, y] = to(position.at);
          view = { size: 0.2, x: x - width * 0.1, y: y - height * 0.1 };
          place();
        })), said));
  place();
  const resized = new ResizeObserver(place);
  resized.observe(plan);
  const stop = follow((now) => { position = now ?? position; place(); });
  return () => { stop(); resized.disconnect(); };
}
