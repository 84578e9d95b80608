/* Draws tiles of a basemap by the layers of Protomaps, OpenMapTiles and Shortbread. */
"use strict";

const PIXELS = 512;

/** What a layer holds, by its name in one of the three schemes. */
const LAYERS = {
  earth: "earth", water: "water", ocean: "water", water_polygons: "water",
  waterway: "water", water_lines: "water", physical_line: "water",
  landcover: "cover", landuse: "cover", park: "cover", natural: "cover", land: "cover",
  building: "building", buildings: "building",
  roads: "road", transportation: "road", streets: "road",
  boundaries: "border", boundary: "border",
  places: "place", place: "place", place_labels: "place",
};
const GREEN = new Set([
  "park", "forest", "wood", "grass", "grassland", "nature_reserve", "national_park", "meadow",
  "scrub", "cemetery", "garden", "recreation_ground", "golf_course", "wetland", "orchard",
  "protected_area", "village_green", "farmland", "farm", "allotments", "vineyard", "heath", "pitch",
]);
const BUILT = new Set([
  "residential", "industrial", "commercial", "retail", "school", "university", "college",
  "hospital", "urban_area", "neighbourhood", "suburb", "railway", "aerodrome",
]);
/** Rank of a road, the widest first; what is not here is a path. */
const ROADS = {
  highway: 0, motorway: 0, trunk: 0, major_road: 1, primary: 1, medium_road: 2, secondary: 2,
  tertiary: 2, minor_road: 3, minor: 3, residential: 3, unclassified: 3, living_street: 3,
  service: 3, street: 3, track: 4,
};
const NO_ROADS = new Set(["rail", "ferry", "transit", "aerialway", "narrow_gauge", "tram", "subway"]);
/** Rank of a place, the largest first. */
const PLACES = {
  country: 0, region: 0, state: 0, province: 0, city: 1, town: 2, village: 3, locality: 3,
  suburb: 4, macrohood: 4, quarter: 4, hamlet: 5, neighbourhood: 5,
};
/** From which zoom on a road of a rank is drawn, and how wide at that zoom and at 16. */
const WIDTHS_OF_ROADS = [[5, 0.8, 12], [7, 0.7, 10], [9, 0.6, 8], [12, 0.6, 6], [13.5, 0.5, 1.6]];

const kept = (table, key) => (Object.hasOwn(table, key) ? table[key] : undefined);

const VALUES = {
  1: (of) => of.text(),
  2: (of) => { of.skip4(); return null; },
  3: (of) => { of.skip8(); return null; },
  4: (of) => of.varint(), 5: (of) => of.varint(), 6: (of) => of.signed(), 7: (of) => of.varint(),
};

function valueOf(part) {
  let value = null;
  part.fields(Object.fromEntries(
    Object.entries(VALUES).map(([number, read]) => [number, (of) => { value = read(of); }])));
  return value;
}

/** The layers of a tile (Mapbox vector tile 2.1): { name, extent, shapes: [{ type, geometry, told }] }. */
function decoded(bytes) {
  const layers = [];
  new Reader(bytes).fields({
    3: (tile) => {
      const layer = { name: "", extent: 4096, shapes: [] };
      const [keys, values, found] = [[], [], []];
      tile.part().fields({
        1: (of) => { layer.name = of.text(); },
        2: (of) => found.push(of.part()),
        3: (of) => keys.push(of.text()),
        4: (of) => values.push(valueOf(of.part())),
        5: (of) => { layer.extent = of.varint(); },
      });
      for (const feature of found) {
        const shape = { type: 0, geometry: null, told: {} };
        feature.fields({
          2: (of) => {
            const tags = of.part();
            while (tags.at < tags.end) {
              const key = keys[tags.varint()];
              shape.told["." + key] = values[tags.varint()];
            }
          },
          3: (of) => { shape.type = of.varint(); },
          4: (of) => { shape.geometry = of.part(); },
        });
        if (shape.geometry) {
          layer.shapes.push(shape);
        }
      }
      layers.push(layer);
    },
  });
  return layers;
}

/** A shape as a path in pixels; a polygon's rings are closed. */
function pathOf(geometry, place) {
  const path = new Path2D();
  let [x, y] = [0, 0];
  while (geometry.at < geometry.end) {
    const command = geometry.varint();
    const count = command % 8 === 7 ? 0 : Math.floor(command / 8);
    if (command % 8 === 7) {
      path.closePath();
    }
    for (let i = 0; i < count; i += 1) {
      x += geometry.signed();
      y += geometry.signed();
      path[command % 8 === 1 ? "moveTo" : "lineTo"](...place(x, y));
    }
  }
  return path;
}

const classOf = ({ told }) => String(told[".kind"] ?? told[".class"] ?? told[".pmap:kind"] ?? "");

/** Of a place its rank and where it stands; null for what is none, or lies in another tile. */
function nameOf(shape, place, language) {
  const { told, geometry, type } = shape;
  const text = told[`.name:${language}`] ?? told[".name"] ?? told[".name:latin"] ?? told[".name_en"];
  const kinds = [told[".kind_detail"], told[".pmap:kind_detail"], classOf(shape)];
  const rank = kinds.map((kind) => kept(PLACES, String(kind))).find((each) => each !== undefined);
  if (type !== 1 || typeof text !== "string" || !text || rank === undefined) {
    return null;
  }
  geometry.varint();
  const [x, y] = place(geometry.signed(), geometry.signed());
  return x >= 0 && y >= 0 && x < 1 && y < 1 ? { text: text.slice(0, 60), rank, x, y } : null;
}

const FILL = 3;
const LINE = 2;

/** What is to be drawn, in order: { path, fill, stroke, width, dash }. */
function drawings(layers, known, zoom, colours, place) {
  const drawn = Array.from({ length: 12 }, () => []);
  const add = (level, shape, extent, style) => drawn[level].push(
    { path: pathOf(shape.geometry, place(extent)), ...style });
  for (const { name, extent, shapes } of layers) {
    const holds = known ? kept(LAYERS, name) : "bare";
    for (const shape of shapes) {
      const kind = classOf(shape);
      if (holds === "bare" && shape.type !== 1) {
        add(8, shape, extent, { stroke: shape.type === FILL ? colours.border : colours.path, width: 1 });
      } else if (holds === "earth" && shape.type === FILL) {
        add(0, shape, extent, { fill: colours.land });
      } else if (holds === "cover" && shape.type === FILL && (GREEN.has(kind) || name === "park")) {
        add(2, shape, extent, { fill: colours.green });
      } else if (holds === "cover" && shape.type === FILL && BUILT.has(kind)) {
        add(1, shape, extent, { fill: colours.built });
      } else if (holds === "water" && shape.type === FILL) {
        add(3, shape, extent, { fill: colours.water });
      } else if (holds === "water" && shape.type === LINE) {
        add(3, shape, extent, { stroke: colours.water, width: zoom < 12 ? 1 : 1.8 });
      } else if (holds === "building" && shape.type === FILL && zoom >= 13.5) {
        add(4, shape, extent, { fill: colours.building });
      } else if (holds === "road" && shape.type === LINE && !NO_ROADS.has(kind)) {
        addRoad(add, shape, extent, kept(ROADS, kind) ?? 4, zoom, colours);
      } else if (holds === "border" && shape.type === LINE) {
        add(11, shape, extent, { stroke: colours.border, width: 1, dash: [4, 3] });
      }
    }
  }
  return drawn.flat();
}

function addRoad(add, shape, extent, rank, zoom, colours) {
  const [from, least, most] = WIDTHS_OF_ROADS[rank];
  if (zoom < from) {
    return;
  }
  const width = least * (most / least) ** Math.min(1.2, (zoom - from) / (16 - from));
  const { geometry } = shape;
  const begin = geometry.at;
  if (width < 2.2) {
    add(5, shape, extent, {
      stroke: rank < 4 ? colours.casing : colours.path, width, dash: rank < 4 ? [] : [3, 2],
    });
    return;
  }
  add(6, shape, extent, { stroke: colours.casing, width: width + 1.6 });
  geometry.at = begin;
  add(rank < 3 ? 10 : 9, shape, extent, { stroke: colours.road, width });
}

function painted(bytes, { zoom, colours, ratio, part, layers: names, language }) {
  const canvas = new OffscreenCanvas(PIXELS * ratio, PIXELS * ratio);
  const context = canvas.getContext("2d");
  const layers = decoded(bytes);
  const known = names.length === 0 || names.some((name) => Object.hasOwn(LAYERS, name));
  const at = (extent, side) => (x, y) => [
    ((x / extent) * part.parts - part.column) * side, ((y / extent) * part.parts - part.row) * side,
  ];
  context.fillStyle = colours.land;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.lineCap = context.lineJoin = "round";
  for (const { path, fill, stroke, width, dash } of drawings(
    layers, known, zoom, colours, (extent) => at(extent, PIXELS * ratio))) {
    if (fill) {
      context.fillStyle = fill;
      context.fill(path, "evenodd");
    } else {
      context.strokeStyle = stroke;
      context.lineWidth = width * ratio;
      context.setLineDash((dash || []).map((length) => length * ratio));
      context.stroke(path);
    }
  }
  const places = layers.filter(({ name }) => kept(LAYERS, name) === "place");
  const named = places.flatMap(({ extent, shapes }) => shapes.map(
    (shape) => nameOf(shape, at(extent, 1), language))).filter(Boolean);
  return { image: canvas.transferToImageBitmap(), names: named };
}

addEventListener("message", async ({ data }) => {
  let made = { image: null, names: [] };
  try {
    const answer = await fetch(data.address);
    const bytes = answer.ok ? new Uint8Array(await answer.arrayBuffer()) : new Uint8Array();
    made = bytes.length ? painted(bytes, data) : made;
  } catch {
    made = { image: null, names: [] };
  }
  postMessage({ id: data.id, ...made }, made.image ? [made.image] : []);
});
