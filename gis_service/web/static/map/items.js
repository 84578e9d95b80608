/* The small map beside a table of items; the table says the same without it. */
"use strict";
(function () {
  const room = document.querySelector(".items-map");
  if (!room || !globalThis.L) {
    return;
  }
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const rows = new Map(
    Array.from(document.querySelectorAll("tr[data-id]"), (row) => [row.dataset.id, row]),
  );

  fetch(room.dataset.features, { headers: { Accept: "application/geo+json" } })
    .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(answer.statusText))))
    .then((page) => draw(page.features.filter((feature) => feature.geometry)))
    .catch((error) => console.warn("The map stays away:", error.message));

  function draw(features) {
    if (!features.length) {
      return;
    }
    room.hidden = false;
    const map = L.map(room, {
      attributionControl: false, zoomAnimation: !calm, fadeAnimation: !calm, scrollWheelZoom: false,
    });
    const shapes = L.geoJSON(features, {
      pointToLayer: (_, at) => L.circleMarker(at, { radius: 6 }),
      style: (feature) => ({ className: "items-shape of-" + feature.geometry.type, weight: 2 }),
      onEachFeature: join,
    }).addTo(map);
    L.control.scale({ imperial: false }).addTo(map);
    map.fitBounds(shapes.getBounds(), { padding: [24, 24], maxZoom: 16, animate: false });
  }

  /** A shape and its row name each other: by pointing, and by choosing the shape. */
  function join(feature, shape) {
    const row = rows.get(feature.id);
    if (!row) {
      return;
    }
    const link = row.querySelector("th a");
    const name = document.createElement("span");
    name.textContent = link.textContent;
    shape.bindTooltip(name, { sticky: true });
    shape.on("click", () => {
      row.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" });
      link.focus({ preventScroll: true });
    });
    const mark = (on) => {
      row.classList.toggle("is-marked", on);
      const path = shape.getElement && shape.getElement();
      if (path) {
        path.classList.toggle("is-marked", on);
      }
    };
    shape.on("mouseover", () => mark(true)).on("mouseout", () => mark(false));
    for (const [start, end] of [["mouseenter", "mouseleave"], ["focusin", "focusout"]]) {
      row.addEventListener(start, () => mark(true));
      row.addEventListener(end, () => mark(false));
    }
  }
})();
