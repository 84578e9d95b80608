/* Rows on a map, each with the sign of its outcome; the table says the same without it. */
"use strict";
(function () {
  const room = document.querySelector(".rows-map");
  if (!room || !globalThis.L) {
    return;
  }
  const ORDER = ["unchanged", "new", "changed", "aside", "refused"];
  const TONES = { unchanged: "--unknown", new: "--accent", changed: "--network", aside: "--warn", refused: "--unconnected" };
  const DASHES = { unchanged: "2 5", new: null, changed: "10 4", aside: "4 6", refused: "1 7" };
  const titles = JSON.parse(room.dataset.titles || "{}");
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const tone = (name) => getComputedStyle(room).getPropertyValue(name).trim();

  /** A point as a sign: a ring, a plus, a rhomb, a cross. */
  const Sign = L.CircleMarker.extend({
    _updatePath() {
      const { _ctx: pen } = this._renderer, { x, y } = this._point, r = 6;
      if (!this._renderer._drawing || this._empty()) {
        return;
      }
      const lines = {
        new: [[-r, 0, r, 0], [0, -r, 0, r]],
        refused: [[-r, -r, r, r], [-r, r, r, -r]],
        aside: [[-r, -r, r, -r], [r, -r, r, r], [r, r, -r, r], [-r, r, -r, -r]],
        changed: [[0, -r, r, 0], [r, 0, 0, r], [0, r, -r, 0], [-r, 0, 0, -r]],
      }[this.options.outcome];
      for (const [width, colour] of [[5, this.options.halo], [2.5, this.options.color]]) {
        pen.beginPath();
        if (lines) {
          for (const [a, b, c, d] of lines) {
            pen.moveTo(x + a, y + b);
            pen.lineTo(x + c, y + d);
          }
        } else {
          pen.arc(x, y, 4, 0, Math.PI * 2);
        }
        pen.lineWidth = width;
        pen.strokeStyle = colour;
        pen.stroke();
      }
    },
  });

  const ask = (address) => fetch(address, { headers: { Accept: "application/geo+json" } })
    .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(answer.statusText))));

  Promise.all([ask(room.dataset.rows), ask(room.dataset.ground).catch(() => ({ features: [] }))])
    .then(([rows, ground]) => draw(rows.features, ground.features))
    .catch((error) => console.warn("The map stays away:", error.message));

  function draw(rows, ground) {
    if (!rows.length) {
      return;
    }
    room.hidden = false;
    document.querySelector(".map-hint").hidden = false;
    const map = L.map(room, {
      attributionControl: false, zoomAnimation: !calm, fadeAnimation: !calm, scrollWheelZoom: false,
      preferCanvas: true,
    });
    L.geoJSON(ground.filter((each) => each.geometry), {
      interactive: false,
      style: { color: tone("--outline"), weight: 1, fillColor: tone("--land"), fillOpacity: 1 },
    }).addTo(map);
    rows.sort((a, b) => ORDER.indexOf(a.properties.outcome) - ORDER.indexOf(b.properties.outcome));
    const shapes = L.geoJSON(rows, {
      pointToLayer: ({ properties: { outcome } }, at) => new Sign(at, {
        radius: 7, outcome, color: tone(TONES[outcome]), halo: tone("--halo"),
      }),
      style: ({ properties: { outcome }, geometry }) => geometry.type.endsWith("Point") ? {} : {
        color: tone(TONES[outcome]), weight: 4, dashArray: DASHES[outcome], fillOpacity: 0.15,
      },
      onEachFeature: (feature, shape) => shape.bindPopup(() => told(feature.properties)),
    }).addTo(map);
    L.control.scale({ imperial: false }).addTo(map);
    const good = shapes.getLayers()
      .filter((each) => !["refused", "aside"].includes(each.feature.properties.outcome));
    const around = L.featureGroup(good.length ? good : shapes.getLayers()).getBounds();
    map.fitBounds(around, { padding: [24, 24], maxZoom: 16, animate: false });
    legend(rows);
    room.dataset.ready = "true";
  }

  function told({ row, outcome, key, name, collection }) {
    const box = document.createElement("div");
    const title = document.createElement("b");
    title.textContent = name || key || `${room.dataset.row} ${row}`;
    const rest = document.createElement("p");
    const where = collection ? `${titles[collection] || collection} ${row}` : `${room.dataset.row} ${row}`;
    rest.textContent = `${room.dataset[outcome]} · ${where}${name && key ? ` · ${key}` : ""}`;
    box.append(title, rest);
    return box;
  }

  /** The signs in words, below the map. */
  function legend(rows) {
    const list = document.createElement("ul");
    list.className = "map-legend";
    for (const outcome of [...ORDER].reverse()) {
      const count = rows.filter((each) => each.properties.outcome === outcome).length;
      if (count === 0) {
        continue;
      }
      const item = document.createElement("li");
      const sign = document.createElement("span");
      sign.className = `map-sign of-${outcome}`;
      item.append(sign, `${room.dataset[outcome]} (${count})`);
      list.append(item);
    }
    room.after(list);
  }
})();
