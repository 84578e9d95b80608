/* Fetches tiles of bare shapes and draws them, away from the page, so that it never waits. */
"use strict";

const PIXELS = 512;
const TOGETHER = 200;
const ROUND_FROM = 2;

/** The layer of a tile (Mapbox vector tile 2.1): { extent, shapes: [{ kind, type, geometry }] }. */
function decoded(bytes) {
  const layer = { extent: 4096, shapes: [] };
  const values = [];
  const found = [];
  new Reader(bytes).fields({
    3: (tile) => tile.part().fields({
      2: (of) => {
        const shape = { tag: null, type: 0, geometry: null };
        of.part().fields({
          2: (feature) => {
            const tags = feature.part();
            tags.varint();
            shape.tag = tags.varint();
          },
          3: (feature) => { shape.type = feature.varint(); },
          4: (feature) => { shape.geometry = feature.part(); },
        });
        found.push(shape);
      },
      4: (of) => of.part().fields({ 1: (value) => values.push(value.text()) }),
      5: (of) => { layer.extent = of.varint(); },
    }),
  });
  layer.shapes = found.map(({ tag, type, geometry }) => ({ kind: values[tag] || "", type, geometry }));
  return layer;
}

/** Draws a shape, some parts at a time: a path of many thousands is slow. */
function draw(context, { type, geometry }, scale, dot) {
  const end = () => (type === 1 ? context.fill() : context.stroke());
  let [x, y, parts] = [0, 0, 0];
  context.beginPath();
  while (geometry.at < geometry.end) {
    const command = geometry.varint();
    const count = Math.floor(command / 8);
    for (let i = 0; i < count; i += 1) {
      x += geometry.signed();
      y += geometry.signed();
      if (command % 8 === 2) {
        context.lineTo(x * scale, y * scale);
        continue;
      }
      parts += 1;
      if (parts % TOGETHER === 0) {
        end();
        context.beginPath();
      }
      if (type === 1 && dot < ROUND_FROM) {
        context.rect(x * scale - dot, y * scale - dot, 2 * dot, 2 * dot);
        continue;
      }
      context.moveTo(x * scale + dot, y * scale);
      if (type === 1) {
        context.arc(x * scale, y * scale, dot, 0, 2 * Math.PI);
      }
    }
  }
  end();
}

/** A tile as an image. `styles` says how each kind looks; the one called "" is for the rest. */
function drawn(bytes, styles, ratio) {
  const canvas = new OffscreenCanvas(PIXELS * ratio, PIXELS * ratio);
  const context = canvas.getContext("2d");
  const { extent, shapes } = decoded(bytes);
  const order = Object.keys(styles);
  context.lineCap = "butt";
  context.lineJoin = "bevel";
  for (const shape of shapes.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))) {
    const style = Object.hasOwn(styles, shape.kind) ? styles[shape.kind] : styles[""];
    const dot = shape.type === 1 ? style.dot * ratio : 0;
    context.globalAlpha = style.opacity;
    context.fillStyle = context.strokeStyle = style.color;
    context.lineWidth = (style.width || 1) * ratio;
    context.setLineDash((style.dash || []).map((length) => length * ratio));
    draw(context, shape, (PIXELS * ratio) / extent, dot);
  }
  return canvas.transferToImageBitmap();
}

const running = new Map();
const archives = new Map();

/** Of a file of tiles the one at a place; no bytes where it has none. */
async function archived(address, [zoom, row, column], signal) {
  if (!archives.has(address)) {
    archives.set(address, new globalThis.TileArchive(address));
  }
  return await archives.get(address).tile(zoom, column, row, signal) || new Uint8Array();
}

async function fetched(address, signal) {
  const answer = await fetch(address, { signal });
  if (!answer.ok) {
    throw new Error(String(answer.status));
  }
  return new Uint8Array(await answer.arrayBuffer());
}

async function make({ id, address, place, styles, ratio }) {
  const stop = new AbortController();
  running.set(id, stop);
  let image = null;
  let isThere = true;
  try {
    const bytes = await (place ? archived(address, place, stop.signal)
      : fetched(address, stop.signal));
    image = bytes.length ? drawn(bytes, styles, ratio) : null;
  } catch {
    isThere = false;
  }
  running.delete(id);
  postMessage({ id, image, isThere }, image ? [image] : []);
}

addEventListener("message", ({ data }) => {
  if (data.address) {
    make(data);
  } else {
    running.get(data.id)?.abort();
  }
});
