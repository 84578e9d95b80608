/* Brings data, layers and controls together on the map that Folium made. */
"use strict";
(function (gisMap) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  async function bring(config, embedded) {
    if (embedded) {
      const payload = (globalThis.gisMapData || {})[config.id];
      if (!payload) {
        throw new Error("no data");
      }
      return gisMap.unpacked(payload);
    }
    const answer = await fetch(config.compact || config.data);
    if (!answer.ok) {
      throw new Error(String(answer.status));
    }
    return gisMap.unpacked(await answer.json());
  }

  const scripts = new Map();

  /** A script that only some maps need; false when it does not come. */
  function bringScript(address) {
    if (!scripts.has(address)) {
      scripts.set(address, new Promise((done) => {
        const script = document.createElement("script");
        script.addEventListener("load", () => done(true));
        script.addEventListener("error", () => {
          scripts.delete(address);
          done(false);
        });
        script.src = address;
        document.head.append(script);
      }));
    }
    return scripts.get(address);
  }

  async function layBase(app) {
    if (app.config.base && await bringScript(app.config.base.script)) {
      app.base = new gisMap.Base(app, app.config.base).addTo(app.map);
    }
  }

  /** Bring the layers, each shown as soon as it is there; `placed` runs when the areas are. */
  async function load(app, placed = () => {}) {
    const status = document.querySelector(".stage-status");
    status.replaceChildren(app.words.loading);
    const configs = app.config.layers.filter((config) => !app.layers.has(config.id));
    const made = new Map(app.layers);
    const failed = [];
    await Promise.all(configs.map(async (config) => {
      const payload = await bring(config, app.config.embedded).catch(() => null);
      if (!payload) {
        failed.push(config.title);
        return;
      }
      if (payload.overview && !await bringScript(app.config.large)) {
        failed.push(config.title);
        return;
      }
      const Made = payload.overview ? gisMap.LargeLayer : gisMap.DataLayer;
      const layer = new Made(app, config, payload);
      await layer.build();
      layer.finish();
      made.set(config.id, layer);
      app.countLegend(config, payload);
      app.layers = new Map(app.config.layers.filter(({ id }) => made.has(id)).map(({ id }) => [id, made.get(id)]));
      if (config.style === "indicator") {
        placed();
      }
      if (layer.wanted) {
        layer.group.addTo(app.map);
        layer.restyle();
      }
      app.restack();
    }));
    app.searched = null;
    tell(app, status, failed);
  }

  function tell(app, status, failed) {
    status.replaceChildren();
    if (failed.length) {
      const again = gisMap.element("button", "", app.words.try_again);
      again.type = "button";
      again.addEventListener("click", () => load(app).then(() => app.drawLabels()));
      const text = app.words.loading_failed.replace("{layers}", () => failed.join(", "));
      status.append(gisMap.element("span", "", text), " ", again);
    }
  }

  function startView(app) {
    const found = /^#([\d.]+)\/(-?[\d.]+)\/(-?[\d.]+)$/.exec(location.hash);
    if (found) {
      app.map.setView([Number(found[2]), Number(found[3])], Number(found[1]), { animate: false });
    } else {
      app.fitAll({ animate: false });
    }
    app.map.on("moveend", () => {
      const centre = app.map.getCenter();
      const hash = `#${app.map.getZoom()}/${centre.lat.toFixed(4)}/${centre.lng.toFixed(4)}`;
      history.replaceState(null, "", hash);
      for (const link of document.querySelectorAll(".languages a")) {
        link.hash = hash;
      }
    });
  }

  function startTools(app) {
    const tools = document.querySelector(".tools");
    tools.hidden = false;
    const actions = {
      in: () => app.map.zoomIn(1), out: () => app.map.zoomOut(1), all: () => app.fitAll(),
    };
    for (const button of tools.querySelectorAll("button")) {
      button.addEventListener("click", actions[button.dataset.tool]);
    }
  }

  /** A scale bar in round metres or kilometres, measured across the middle of the map. */
  function startScale(app) {
    const bar = document.querySelector(".scale");
    const text = bar.querySelector(".scale-text");
    const draw = () => {
      const y = app.map.getSize().y / 2;
      const metres = app.map.distance(
        app.map.containerPointToLatLng([0, y]), app.map.containerPointToLatLng([110, y]));
      const power = 10 ** Math.floor(Math.log10(metres));
      const round = [5, 2, 1].find((step) => step * power <= metres) * power;
      bar.style.width = Math.round((110 * round) / metres) + "px";
      text.textContent = round >= 1000 ? round / 1000 + " km" : round + " m";
    };
    app.map.on("moveend zoomend resize", draw);
    draw();
  }

  function startCanvas(app) {
    const map = app.map;
    for (const [name, level] of [["tiles", 405], ["far", 410], ["mark", 450], ["labels", 460]]) {
      map.createPane(name).style.zIndex = level;
      map.getPane(name).style.pointerEvents = "none";
    }
    app.renderer = new gisMap.Canvas({ padding: 0.3, tolerance: 6 }).addTo(map);
    app.farRenderer = new gisMap.Canvas({ pane: "far", padding: 0.3 });
    app.markRenderer = L.svg({ pane: "mark", padding: 0.3 });
    app.mark = L.layerGroup().addTo(map);
    app.labels = new gisMap.Labels().addTo(map);
    const box = map.getContainer();
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", app.words.map_label.replace("{title}", () => app.config.title));
  }

  function startEvents(app) {
    const { map } = app;
    const restyle = () => {
      for (const layer of app.layers.values()) {
        if (map.hasLayer(layer.group)) {
          layer.restyle();
        }
      }
      app.restack();
    };
    map.on("zoomend", restyle);
    map.on("click", ({ latlng }) => app.choose(null, latlng));
    map.on("popupclose", () => {
      app.mark.clearLayers();
      gisMap.markWard("");
      if (app.back) {
        app.back.focus({ preventScroll: true });
        app.back = null;
      }
    });
    const repaint = () => {
      gisMap.forgetTokens();
      restyle();
      app.layers.forEach((layer) => layer.tiles?.redraw());
      app.base?.redraw();
      app.drawLabels();
    };
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
    addEventListener("beforeprint", repaint);
    addEventListener("afterprint", repaint);
    if (calm.matches) {
      map._zoomAnimated = false;
      map.options.inertia = false;
    }
  }

  /** Called by the script that Folium wrote. */
  gisMap.start = async function (map, config) {
    const app = new gisMap.App(map, config);
    gisMap.app = app;
    gisMap.overBasemap = config.over_basemap;
    await gisMap.pause();
    startCanvas(app);
    gisMap.startLegend(app);
    startEvents(app);
    const place = () => {
      if (!app.isPlaced) {
        app.isPlaced = true;
        startView(app);
      }
    };
    const loaded = load(app, place);
    await gisMap.pause();
    gisMap.startPanel(app);
    gisMap.startSearch(app);
    startTools(app);
    await loaded;
    place();
    startScale(app);
    await layBase(app);
    app.drawLabels();
    await gisMap.desk?.start(app);
    await app.settled();
    document.body.dataset.ready = "true";
  };
})(globalThis.gisMap);
