/* Brings data, layers and controls together on the map that Folium made. */
"use strict";
(function (gisMap) {
  const MOST_SIGNS = 2000;
  const CLUSTERS_UP_TO = 14.5;
  const CELL = 46;
  const CHUNK = 1500;
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  class App {
    constructor(map, config) {
      this.map = map;
      this.config = config;
      this.words = config.words;
      this.items = [];
      this.byName = new Map();
      this.wards = new Map();
      this.layers = new Map();
      this.searchable = [];
      this.writer = new gisMap.Writer(this);
      this.back = null;
    }

    /** Fly to an item, show its card, and move the keyboard there if asked. */
    show(item, { focus = false, back = null } = {}) {
      const layer = this.layers.get(item.config.id);
      if (layer && !this.map.hasLayer(layer.group)) {
        this.toggle(item.config.id, true);
        this.checkLayer(item.config.id, true);
      }
      this.back = focus ? back : null;
      this.map.closePopup();
      this.map.once("moveend", () => this.openCard(item, item.at, focus));
      this.go(item);
    }

    go(item) {
      const bounds = item.bounds;
      const options = { ...this.room(), maxZoom: 15, animate: !calm.matches, duration: 0.6 };
      if (bounds) {
        this.map.flyToBounds(bounds, { ...options, maxZoom: 13 });
      } else {
        const zoom = Math.max(this.map.getZoom(), 14.5);
        this.map.flyTo(item.at, zoom, options);
      }
    }

    openCard(item, at, focus) {
      const card = gisMap.details(this, item.config, item.feature);
      const narrow = this.map.getSize().x < 480;
      const popup = L.popup({
        maxWidth: narrow ? 280 : 340, minWidth: 220, maxHeight: narrow ? 260 : 380,
        offset: item.bounds ? [0, 0] : [0, -6], className: "gis-popup", ...this.popupRoom(),
      });
      popup.setLatLng(at).setContent(card).openOn(this.map);
      this.highlight(item);
      const room = this.namePopup(popup, item);
      if (focus) {
        room.focus({ preventScroll: true });
      }
    }

    /** Names a popup and its button, and lets the keyboard scroll and close it. */
    namePopup(popup, item) {
      const box = popup.getElement();
      const room = box.querySelector(".leaflet-popup-content");
      room.tabIndex = 0;
      room.setAttribute("role", "group");
      room.setAttribute("aria-label", gisMap.nameOf(item.config, item.feature, this.words));
      box.querySelector(".leaflet-popup-close-button").setAttribute("aria-label", this.words.close);
      box.addEventListener("keydown", (event) => {
        if (event.key === "Escape") {
          event.stopPropagation();
          this.map.closePopup(popup);
        }
      });
      return room;
    }

    highlight(item) {
      this.mark.clearLayers();
      const isWard = item.config.style === "indicator";
      gisMap.markWard(isWard ? String(item.feature.properties.code) : "");
      if (item.feature.geometry.type.endsWith("Point")) {
        return;
      }
      L.geoJSON(item.feature.geometry, {
        pane: "mark", renderer: this.markRenderer, interactive: false,
        style: { fill: false, color: gisMap.token("mark"), weight: 3, opacity: 1 },
      }).addTo(this.mark);
    }

    toggle(id, on) {
      const layer = this.layers.get(id);
      if (!layer) {
        return;
      }
      layer.wanted = on;
      if (on) {
        layer.group.addTo(this.map);
        layer.restyle();
      } else {
        layer.group.remove();
      }
      this.restack();
      this.drawLabels();
    }

    restack() {
      for (const layer of this.layers.values()) {
        if (this.map.hasLayer(layer.group)) {
          layer.group.eachLayer((path) => path.bringToFront());
        }
      }
    }

    drawLabels() {
      const shown = [...this.layers.values()].filter((layer) => this.map.hasLayer(layer.group));
      this.labels.setLabels(
        shown.flatMap((layer) => layer.labels),
        shown.flatMap((layer) => layer.points.map((item) => item.at)),
      );
    }

    /** Where the data lies: that of the areas, if there are any, for points may stray. */
    dataBounds() {
      const layers = [...this.layers.values()].filter((layer) => layer.bounds.isValid());
      const areas = layers.filter((layer) => layer.config.style === "indicator");
      return (areas.length ? areas : layers)
        .reduce((all, layer) => all.extend(layer.bounds), L.latLngBounds([]));
    }

    /** What lies over the map, so that nothing is shown beneath it. */
    room() {
      const narrow = this.map.getSize().x < 760;
      return narrow
        ? { paddingTopLeft: [12, 72], paddingBottomRight: [12, 132] }
        : { paddingTopLeft: [28, 28], paddingBottomRight: [this.legendWidth() + 28, 40] };
    }

    /** The same for a card, whose place must not lie beneath search, tools or legend. */
    popupRoom() {
      return this.map.getSize().x < 760
        ? { autoPanPaddingTopLeft: [12, 72], autoPanPaddingBottomRight: [64, 136] }
        : { autoPanPaddingTopLeft: [76, 76], autoPanPaddingBottomRight: [this.legendWidth() + 28, 40] };
    }

    legendWidth() {
      const legend = document.querySelector(".legend");
      return legend && legend.open ? legend.offsetWidth : 0;
    }

    fitAll({ animate = true } = {}) {
      const extent = this.config.extent;
      const bounds = extent ? L.latLngBounds([extent[1], extent[0]], [extent[3], extent[2]])
        : this.dataBounds();
      if (bounds.isValid()) {
        this.map.fitBounds(bounds, { ...this.room(), animate: animate && !calm.matches });
      }
    }
  }

  /** One layer: its features as paths or signs, restyled as the map zooms. */
  class DataLayer {
    constructor(app, config, payload) {
      this.app = app;
      this.config = config;
      this.style = gisMap.styles[config.style] || gisMap.styles.plain;
      this.group = L.featureGroup();
      this.wanted = config.visible;
      this.bounds = L.latLngBounds([]);
      this.labels = [];
      this.points = [];
      this.entries = [];
      this.payload = payload;
    }

    async build() {
      const features = this.payload.features;
      for (let start = 0; start < features.length; start += CHUNK) {
        features.slice(start, start + CHUNK).forEach((feature) => this.add(feature));
        await new Promise((done) => setTimeout(done));
      }
      if (this.payload.outline) {
        this.addOutline(this.payload.outline);
      }
      this.thinned = this.points.length > MOST_SIGNS;
      if (this.points.length) {
        this.drawPoints();
      }
      if (this.style.interactive) {
        this.listen();
      }
      this.labels = gisMap.labelsOf(this.config, features);
    }

    add(feature) {
      const item = { config: this.config, feature };
      if (feature.geometry.type === "Point") {
        const [lng, lat] = feature.geometry.coordinates;
        item.at = L.latLng(lat, lng);
        this.points.push(item);
        this.bounds.extend(item.at);
      } else {
        this.addPaths(item, feature);
        item.bounds = item.layer.getBounds();
        item.at = labelPoint(feature) || item.bounds.getCenter();
        this.bounds.extend(item.bounds);
      }
      this.remember(item);
    }

    remember(item) {
      const { id, properties } = item.feature;
      this.app.items.push(item);
      for (const name of [id, properties.external_id]) {
        if (name) {
          this.app.byName.set(this.config.id + "/" + name, item);
        }
      }
      if (this.config.style === "indicator") {
        this.app.wards.set(String(properties.code), item);
      }
    }

    addPaths(item, feature) {
      const passes = this.style.passes || [this.style.path];
      for (const [rank, style] of passes.entries()) {
        L.geoJSON(feature.geometry, {
          interactive: this.style.interactive, renderer: this.app.renderer,
          style: () => style(this.config, feature, this.app.map.getZoom()),
        }).eachLayer((path) => {
          path.item = item;
          item.layer = path;
          this.entries.push({ path, style, rank, item });
        });
      }
      if (passes.length === 1) {
        this.group.addLayer(item.layer);
      }
    }

    addOutline(geometry) {
      const style = () => ({ fill: false, color: gisMap.token("outline"), weight: 1.6, opacity: 1 });
      L.geoJSON(geometry, { interactive: false, renderer: this.app.renderer, style })
        .eachLayer((path) => {
          this.entries.push({ path, style, rank: 9 });
          this.group.addLayer(path);
        });
    }

    finish() {
      if (this.style.passes) {
        this.entries.sort((a, b) => a.rank - b.rank)
          .forEach((entry) => this.group.addLayer(entry.path));
      }
    }

    drawPoints() {
      this.group.clearLayers();
      const zoom = this.app.map.getZoom();
      for (const cell of this.cells(zoom)) {
        const item = cell.items[0];
        const options = cell.items.length > 1
          ? gisMap.clusterSign(cell.items.length) : this.style.sign(this.config, item.feature, zoom);
        const sign = new gisMap.Sign(cell.at, { ...options, renderer: this.app.renderer });
        sign.item = cell.items.length > 1 ? null : item;
        sign.cell = cell;
        this.group.addLayer(sign);
      }
    }

    /** Points as they are shown: each alone, or gathered where they are too many. */
    cells(zoom) {
      if (!this.thinned || zoom >= CLUSTERS_UP_TO) {
        return this.points.map((item) => ({ at: item.at, items: [item] }));
      }
      const cells = new Map();
      for (const item of this.points) {
        const point = this.app.map.project(item.at, Math.round(zoom));
        const key = Math.floor(point.x / CELL) + ":" + Math.floor(point.y / CELL);
        const cell = cells.get(key);
        if (cell) {
          cell.items.push(item);
          cell.lat += item.at.lat;
          cell.lng += item.at.lng;
        } else {
          cells.set(key, { items: [item], lat: item.at.lat, lng: item.at.lng });
        }
      }
      return [...cells.values()].map((cell) => ({
        items: cell.items,
        at: L.latLng(cell.lat / cell.items.length, cell.lng / cell.items.length),
      }));
    }

    restyle() {
      const zoom = this.app.map.getZoom();
      if (this.points.length) {
        if (this.thinned) {
          this.drawPoints();
        } else {
          this.group.eachLayer((sign) => {
            const options = this.style.sign(this.config, sign.item.feature, zoom);
            L.setOptions(sign, options);
            sign.setRadius(options.radius);
          });
        }
      }
      for (const { path, style, item } of this.entries) {
        path.setStyle(style(this.config, item && item.feature, zoom));
      }
    }

    listen() {
      const app = this.app;
      this.group.on("click", (event) => {
        const { item, cell } = event.propagatedFrom || event.layer;
        L.DomEvent.stop(event);
        if (item) {
          app.back = null;
          app.openCard(item, item.feature.geometry.type === "Point" ? item.at : event.latlng, false);
        } else if (cell) {
          const bounds = L.latLngBounds(cell.items.map((one) => one.at));
          app.map.fitBounds(bounds, { ...app.room(), maxZoom: 16, animate: !calm.matches });
        }
      });
      if (matchMedia("(hover: hover)").matches) {
        this.group.bindTooltip((layer) => (layer.item
          ? gisMap.hint(app, this.config, layer.item.feature)
          : gisMap.element("div", "hint-line",
            app.words.items_here.replace("{count}", String(layer.cell ? layer.cell.items.length : 0)))),
        { sticky: true, className: "gis-hint", opacity: 1 });
      }
    }
  }

  function labelPoint(feature) {
    const at = feature.computed && feature.computed.label_at;
    return at ? L.latLng(at[1], at[0]) : null;
  }

  /** The labels that a layer brings. */
  gisMap.labelsOf = function (config, features) {
    const name = (feature) => feature.properties[config.label];
    const labels = [];
    for (const feature of features) {
      const at = labelPoint(feature) || middle(feature.geometry);
      const text = name(feature);
      if (!at || typeof text !== "string" || !text) {
        continue;
      }
      const rule = LABELS[config.style];
      const made = rule && rule(config, feature, text);
      if (made) {
        labels.push({ at, text, to: 99, ...made });
      }
    }
    return config.style === "indicator" ? [...labels, ...regions(features)] : labels;
  };

  const LABELS = {
    indicator: () => ({ kind: "area", from: 10.5, rank: 20 }),
    outline: () => ({ kind: "area", from: 10.5, rank: 20 }),
    node(config, feature) {
      const kind = gisMap.pick(config.kinds, (feature.computed || {}).kind);
      const major = kind && kind.major;
      return { kind: "node", from: major ? 12.5 : 14.5, rank: major ? 40 : 10 };
    },
    office: () => ({ kind: "office", from: 14, rank: 5 }),
    road(config, feature, text) {
      const number = /^[A-E]\d{1,4}\b/.exec(text);
      return number && {
        text: number[0], kind: "road", from: gisMap.isTrunk(feature) ? 9.5 : 12, rank: 30,
      };
    },
  };

  /** Names of constituencies, shown while wards are too small for theirs. */
  function regions(features) {
    const places = new Map();
    for (const feature of features) {
      const text = feature.properties.constituency;
      const at = labelPoint(feature);
      if (typeof text === "string" && at) {
        const sum = places.get(text) || { lat: 0, lng: 0, count: 0 };
        places.set(text, { lat: sum.lat + at.lat, lng: sum.lng + at.lng, count: sum.count + 1 });
      }
    }
    return [...places].map(([text, sum]) => ({
      at: L.latLng(sum.lat / sum.count, sum.lng / sum.count), text, kind: "region",
      from: 8, to: 10.5, rank: 50 + sum.count,
    }));
  }

  function middle(geometry) {
    let line = geometry.coordinates;
    if (geometry.type === "Point") {
      return L.latLng(line[1], line[0]);
    }
    if (geometry.type === "MultiLineString") {
      line = line[0];
    } else if (geometry.type !== "LineString") {
      return null;
    }
    const [lng, lat] = line[Math.floor(line.length / 2)];
    return L.latLng(lat, lng);
  }

  async function bring(config, embedded) {
    if (embedded) {
      const payload = (globalThis.gisMapData || {})[config.id];
      if (!payload) {
        throw new Error("no data");
      }
      return payload;
    }
    const answer = await fetch(config.data, { headers: { Accept: "application/geo+json" } });
    if (!answer.ok) {
      throw new Error(String(answer.status));
    }
    return answer.json();
  }

  async function load(app) {
    const status = document.querySelector(".stage-status");
    status.replaceChildren(app.words.loading);
    const configs = app.config.layers.filter((config) => !app.layers.has(config.id));
    const answers = await Promise.allSettled(configs.map((c) => bring(c, app.config.embedded)));
    const made = new Map(app.layers);
    const failed = [];
    for (const [index, config] of configs.entries()) {
      const answer = answers[index];
      if (answer.status === "rejected") {
        failed.push(config.title);
        continue;
      }
      const layer = new DataLayer(app, config, answer.value);
      await layer.build();
      layer.finish();
      made.set(config.id, layer);
      app.countLegend(config, answer.value.features);
    }
    app.layers = new Map(app.config.layers.filter((config) => made.has(config.id))
      .map((config) => [config.id, made.get(config.id)]));
    app.searchable = gisMap.searchable(app);
    for (const layer of app.layers.values()) {
      if (layer.wanted) {
        layer.group.addTo(app.map);
      }
    }
    app.restack();
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
    for (const [name, level] of [["mark", 450], ["labels", 460]]) {
      map.createPane(name).style.zIndex = level;
      map.getPane(name).style.pointerEvents = "none";
    }
    app.renderer = new gisMap.Canvas({ padding: 0.3, tolerance: 6 }).addTo(map);
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
    const app = new App(map, config);
    gisMap.app = app;
    startCanvas(app);
    gisMap.startLegend(app);
    gisMap.startPanel(app);
    gisMap.startSearch(app);
    startTools(app);
    startEvents(app);
    await load(app);
    startView(app);
    startScale(app);
    app.drawLabels();
    document.body.dataset.ready = "true";
  };
})(globalThis.gisMap);
