/* The legend: counts beside each sign, a switch for each layer. */
"use strict";
(function (gisMap) {
  function keyOf(config, feature) {
    const computed = feature.computed || {};
    switch (config.style) {
      case "indicator":
        return computed.class === null ? "none" : String(config.steps[computed.class]);
      case "node": return computed.kind;
      case "office": return feature.properties.connection;
      case "link": return feature.properties.status;
      case "road": return gisMap.isTrunk(feature) ? "trunk" : "other";
      default: return "";
    }
  }

  gisMap.startLegend = function (app) {
    const legend = document.querySelector(".legend");
    const narrow = matchMedia("(max-width: 760px)");
    const fold = () => { legend.open = !narrow.matches; };
    fold();
    narrow.addEventListener("change", fold);
    for (const box of legend.querySelectorAll("input[data-layer]")) {
      box.addEventListener("change", () => app.toggle(box.dataset.layer, box.checked));
    }
    const numbers = new Intl.NumberFormat(app.config.language + "-KE");

    app.checkLayer = function (id, checked) {
      const box = legend.querySelector(`input[data-layer="${CSS.escape(id)}"]`);
      if (box) {
        box.checked = checked;
      }
    };

    app.countLegend = function (config, { features, counts: counted }) {
      const counts = new Map(Object.entries(counted || {}));
      for (const feature of counted ? [] : features) {
        const key = keyOf(config, feature);
        counts.set(key, (counts.get(key) || 0) + 1);
        if (config.icons) {
          const kind = "office_type:" + feature.properties.office_type;
          counts.set(kind, (counts.get(kind) || 0) + 1);
        }
      }
      const group = legend.querySelector(`fieldset[data-layer="${CSS.escape(config.id)}"]`);
      group.classList.toggle("is-empty", counts.size === 0);
      for (const row of group.querySelectorAll("li[data-key]")) {
        const count = counts.get(row.dataset.key) || 0;
        row.querySelector(".count").textContent = numbers.format(count);
        row.hidden = count === 0 && !["area", "office"].includes(row.dataset.sign);
      }
    };
  };
})(globalThis.gisMap);
