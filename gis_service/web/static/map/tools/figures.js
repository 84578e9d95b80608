/* The figures beside the map and the colours of the wards, after something was changed. */
"use strict";
(function (gisMap) {
  const { desk } = gisMap;

  /** Colours of the wards as the service counts them now. */
  async function wards() {
    const layer = [...desk.app.layers.values()].find((each) => each.config.style === "indicator");
    const found = layer && await desk.app.fetchData(layer.config, {});
    for (const feature of found ? found.features : []) {
      const item = desk.app.byName.get(`${layer.config.id}/${feature.id}`);
      if (item) {
        const { view } = item.feature.computed;
        item.feature.computed = { ...feature.computed, ...(view ? { view } : {}) };
      }
    }
    if (found) {
      layer.restyle();
      desk.app.restack();
      desk.app.countLegend(layer.config, layer.payload);
    }
  }

  /** The tables of the panel, from the page as the service writes it now. */
  async function tables() {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
    if (!answer || !answer.ok) {
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelectorAll(".of-now");
    document.querySelectorAll(".of-now").forEach((old, i) => fresh[i] && old.replaceWith(document.adoptNode(fresh[i])));
    gisMap.startTables(desk.app);
  }

  desk.followFigures = () => Promise.all([wards(), tables()]);
})(globalThis.gisMap);
