/* What an answer marks on the map, and the strip that says so and leads back. */
"use strict";
(function (gisMap) {
  const { desk, element } = gisMap;
  const token = gisMap.token;
  let strip = null;
  let marks = null;
  let renderer = null;

  function ring(context, point, r, colour) {
    context.beginPath();
    context.arc(point.x, point.y, r + 2, 0, 2 * Math.PI);
    context.fillStyle = token("halo");
    context.fill();
    context.beginPath();
    context.arc(point.x, point.y, r, 0, 2 * Math.PI);
    context.fillStyle = colour;
    context.fill();
    context.strokeStyle = token("halo");
    context.lineWidth = 2;
    context.lineCap = "round";
    context.beginPath();
  }

  function cross(context, point, r) {
    ring(context, point, r, token("alarm"));
    for (const way of [1, -1]) {
      context.moveTo(point.x - 0.4 * r, point.y - 0.4 * r * way);
      context.lineTo(point.x + 0.4 * r, point.y + 0.4 * r * way);
    }
    context.stroke();
  }

  const signs = {
    gone: (context, point) => cross(context, point, 11),
    cut: (context, point) => cross(context, point, 8),
    degraded(context, point) {
      ring(context, point, 7, token("caution"));
      context.moveTo(point.x - 3.4, point.y);
      context.lineTo(point.x + 3.4, point.y);
      context.stroke();
    },
    place(context, point) {
      ring(context, point, 7, token("way"));
      context.arc(point.x, point.y, 2, 0, 2 * Math.PI);
      context.stroke();
    },
  };

  const lines = {
    gone: () => ({ color: token("alarm"), weight: 5, casing: token("halo"), dashArray: "2 9" }),
    path: () => ({ color: token("way"), weight: 5, casing: token("halo") }),
  };

  desk.onStart(function (app) {
    app.map.createPane("findings").style.zIndex = 445;
    app.map.getPane("findings").style.pointerEvents = "none";
    renderer = new gisMap.Canvas({ pane: "findings", padding: 0.3 });
    marks = L.featureGroup().addTo(app.map);
    strip = document.querySelector(".finding");
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      marks.eachLayer((layer) => layer.setStyle(layer.kind ? lines[layer.kind]() : {}));
    });
  });

  function draw({ kind, geometry }) {
    if (geometry.type === "Point") {
      const [lng, lat] = geometry.coordinates;
      marks.addLayer(new gisMap.Sign([lat, lng], { draw: signs[kind], radius: 10, renderer, interactive: false }));
      return;
    }
    L.geoJSON(geometry, { renderer, interactive: false, style: () => ({ opacity: 1, ...lines[kind]() }) })
      .eachLayer((path) => {
        path.kind = kind;
        marks.addLayer(path);
      });
  }

  /**
   * Show an answer: marks in the order in which they are drawn, and the strip.
   * `show` opens the whole answer, `back` takes it away.
   */
  desk.find = function ({ kind = "", text, found, show, back }) {
    marks.clearLayers();
    found.forEach(draw);
    document.querySelector(".atlas").dataset.finding = kind;
    const close = desk.button(desk.words.desk_back, "finding-back", back);
    strip.replaceChildren(element("p", "", text), element("div", "finding-actions",
      show && desk.button(desk.words.desk_show, "", show), close));
    strip.hidden = false;
  };

  desk.lose = function () {
    marks.clearLayers();
    delete document.querySelector(".atlas").dataset.finding;
    strip.replaceChildren();
    strip.hidden = true;
  };

  /** Bring the marks into view, unless they are. */
  desk.look = function () {
    const { app } = desk;
    const bounds = marks.getBounds();
    const { paddingTopLeft, paddingBottomRight } = app.room();
    const seen = L.latLngBounds(
      app.map.containerPointToLatLng(paddingTopLeft),
      app.map.containerPointToLatLng(app.map.getSize().subtract(paddingBottomRight)));
    if (bounds.isValid() && !seen.contains(bounds)) {
      app.map.fitBounds(bounds, { ...app.room(), maxZoom: 15, animate: false });
    }
  };
})(globalThis.gisMap);
