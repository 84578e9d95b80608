/* The map as a whole: what is shown where, and the card of what was chosen. */
"use strict";
(function (gisMap) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  gisMap.App = class App {
    constructor(map, config) {
      this.map = map;
      this.config = config;
      this.words = config.words;
      this.items = [];
      this.byName = new Map();
      this.searched = null;
      this.wards = new Map();
      this.layers = new Map();
      this.writer = new gisMap.Writer(this);
      this.back = null;
      this.isPlaced = false;
      this.sketch = null;
    }

    /** What search looks through, made anew when it is next asked for. */
    get searchable() {
      return this.searched ??= gisMap.searchable(this);
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

    /** Open what was clicked: the item, or what tiles draw above an area there. */
    async choose(item, latlng) {
      if (this.sketch) {
        return;
      }
      this.back = null;
      const isArea = Boolean(item) && ["indicator", "outline"].includes(item.config.style);
      const above = isArea || !item ? await gisMap.under?.(this, latlng) : null;
      const meant = above || item;
      if (meant) {
        this.openCard(meant, meant.feature.geometry.type === "Point" ? meant.at : latlng, false);
      }
    }

    openCard(item, at, focus) {
      if (item.lean) {
        this.complete(item).then(() => this.openCard(item, at, focus));
        return;
      }
      const card = gisMap.details(this, item.config, item.feature);
      gisMap.desk?.addTo(card, item);
      const narrow = this.map.getSize().x < 480;
      const popup = L.popup({
        maxWidth: narrow ? 280 : 340, minWidth: 220, maxHeight: narrow ? 260 : 380,
        offset: item.bounds ? [0, 0] : [0, -6], className: "gis-popup", ...this.popupRoom(),
      });
      popup.setLatLng(at).setContent(card).openOn(this.map);
      this.highlight(item);
      const room = this.dressPopup(popup, gisMap.nameOf(item.config, item.feature, this.words));
      if (focus) {
        room.focus({ preventScroll: true });
      }
    }

    /** Names a popup and its button, and lets the keyboard scroll and close it. */
    dressPopup(popup, name) {
      const box = popup.getElement();
      const room = box.querySelector(".leaflet-popup-content");
      room.tabIndex = 0;
      room.setAttribute("role", "group");
      room.setAttribute("aria-label", name);
      box.querySelector(".leaflet-popup-close-button").setAttribute("aria-label", this.words.close);
      box.addEventListener("keydown", (event) => {
        if (event.key === "Escape") {
          event.stopPropagation();
          this.map.closePopup(popup);
        }
      });
      return room;
    }

    /** Part of a layer's data, by `bbox` or `id`; null when there is none. */
    async fetchData(config, asked) {
      if (config.items) {
        return gisMap.fromArchive(config, asked);
      }
      const address = new URL(config.data, location.href);
      for (const [name, value] of Object.entries(asked)) {
        address.searchParams.set(name, value);
      }
      const answer = await fetch(address, { headers: { Accept: "application/geo+json" } }).catch(() => null);
      return answer && answer.ok ? answer.json() : null;
    }

    /** All that there is to tell of an item that came without it. */
    async complete(item) {
      const found = await this.fetchData(item.config, { id: item.feature.id });
      Object.assign(item.feature, found && found.features[0]);
      item.lean = false;
    }

    /** An item by its collection and id, fetched where its layer did not bring it. */
    async bring(key) {
      const [collection, id] = key.split("/");
      const layer = this.layers.get(collection);
      if (this.byName.has(key) || !layer || !layer.payload.overview) {
        return this.byName.get(key);
      }
      const found = await this.fetchData(layer.config, { id });
      const feature = found && found.features[0];
      if (!feature) {
        return undefined;
      }
      const item = { config: layer.config, feature };
      const bounds = L.geoJSON(feature.geometry).getBounds();
      item.at = bounds.getCenter();
      item.bounds = feature.geometry.type === "Point" ? undefined : bounds;
      this.byName.set(key, item);
      return item;
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

    /** Resolves when all that is asked for is drawn. */
    async settled() {
      await Promise.all([...this.layers.values(), this.base].map((layer) => layer?.settled?.()));
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
          layer.group.bringToFront();
        }
      }
    }

    drawLabels() {
      const shown = [...this.layers.values()].filter((layer) => this.map.hasLayer(layer.group));
      this.labels.setLabels(
        [...shown.flatMap((layer) => layer.labels), ...this.base?.labels() || []],
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
  };
})(globalThis.gisMap);
