/* A small map of wards and roads, drawn from the service's own public items. */

const SVG = "http://www.w3.org/2000/svg";
const METRES = 111320; // of a degree of latitude

function element(name, attributes, parent) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  parent.append(made);
  return made;
}

async function items(from, collection, query) {
  const answer = await fetch(`${from}/collections/${collection}/items?f=json&limit=2000&${query}`, { credentials: "omit" });
  if (!answer.ok) throw new Error(String(answer.status));
  return (await answer.json()).features;
}

const lines = geometry =>
  geometry === null ? []
    : geometry.type === "LineString" ? [geometry.coordinates]
      : geometry.type === "MultiPolygon" ? geometry.coordinates.flat()
        : geometry.type === "Polygon" ? geometry.coordinates : [];
const path = geometry => lines(geometry).map(points => `M${points.map(([x, y]) => `${x} ${-y}`).join("L")}`).join("");

function boxOf(features) {
  const points = features.flatMap(each => lines(each.geometry).flat());
  const xs = points.map(p => p[0]), ys = points.map(p => -p[1]);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

/**
 * Draw the map into an element.
 *
 * `chosen(lon, lat, accuracy_m)` is called when somebody marks a place; degrees of WGS84.
 * Returns `mark([lon, lat] | null)` and `show(ward code)`.
 */
export async function draw(into, words, chosen) {
  const [wards, roads] = await Promise.all([
    items(words.from, "wards", "properties=code,name&precision=4"),
    items(words.from, "roads", "properties=road_class&precision=4"),
  ]);
  if (wards.length === 0) throw new Error("no wards");
  const svg = element("svg", { tabindex: 0, role: "application", "aria-label": words.mapHint }, into);
  const shapes = new Map();
  for (const ward of wards) {
    const shape = element("path", { class: "ward", d: path(ward.geometry) }, svg);
    shapes.set(ward.properties.code, { ward, shape });
  }
  for (const road of roads) element("path", { class: "road", d: path(road.geometry) }, svg);
  const names = wards.map(ward => {
    const [west, north, east, south] = boxOf([ward]);
    const text = element("text", { x: (west + east) / 2, y: (north + south) / 2 }, svg);
    text.textContent = ward.properties.name;
    return { text, letters: ward.properties.name.length, width: east - west };
  });
  const pin = element("circle", { class: "pin", visibility: "hidden" }, svg);
  const hint = document.createElement("p");
  hint.className = "hint";
  hint.textContent = words.mapHint;
  const scale = document.createElement("div");
  scale.className = "mark-buttons";
  for (const [text, factor] of [[words.closer, 0.5], [words.farther, 2]]) {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "button is-quiet";
    made.textContent = text;
    made.addEventListener("click", () => zoom(factor));
    scale.append(made);
  }
  into.append(hint, scale);

  const whole = boxOf(wards);
  let view, at = null;
  look(whole);

  function look([west, north, east, south]) {
    const width = Math.max(east - west, (south - north) * 4 / 3) * 1.05;
    const height = width * 3 / 4;
    view = [(west + east - width) / 2, (north + south - height) / 2, width, height];
    svg.setAttribute("viewBox", view.join(" "));
    pin.setAttribute("r", view[2] / 60);
    const size = view[2] / 28;
    for (const { text, letters, width: room } of names) {
      text.setAttribute("font-size", size);
      text.setAttribute("stroke-width", size / 5);
      text.setAttribute("visibility", room > letters * size * 0.5 ? "visible" : "hidden");
    }
  }

  function zoom(factor) {
    const [x, y, width, height] = view;
    const [cx, cy] = at === null ? [x + width / 2, y + height / 2] : [at[0], -at[1]];
    const most = (whole[2] - whole[0]) * 1.2;
    const half = Math.min(Math.max(width * factor, 0.002), most) / 2 / 1.05;
    look([cx - half, cy - half * 3 / 4, cx + half, cy + half * 3 / 4]);
  }

  function mark(place) {
    at = place;
    pin.setAttribute("visibility", place === null ? "hidden" : "visible");
    if (place === null) return;
    pin.setAttribute("cx", place[0]);
    pin.setAttribute("cy", -place[1]);
  }

  function choose(place) {
    mark(place);
    chosen(place[0], place[1], view[2] * METRES / 40); // a fingertip's width
  }

  svg.addEventListener("click", event => {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    choose([point.x, -point.y]);
  });
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  svg.addEventListener("keydown", event => {
    if (event.key === "+" || event.key === "-") zoom(event.key === "+" ? 0.5 : 2);
    else if (event.key in steps) {
      const [dx, dy] = steps[event.key], step = view[2] / 40;
      const [x, y] = at ?? [view[0] + view[2] / 2, -(view[1] + view[3] / 2)];
      choose([x + dx * step, y + dy * step]);
    } else return;
    event.preventDefault();
  });
  return {
    mark,
    show(code) {
      for (const [each, { shape }] of shapes) shape.classList.toggle("is-chosen", each === code);
      if (shapes.has(code)) look(boxOf([shapes.get(code).ward]));
    },
  };
}
