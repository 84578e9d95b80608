/* One layer: its data as paths or signs, restyled as the map zooms. */
"use strict";
(function (gisMap) {
  const MOST_SIGNS = 2000;
  const CLUSTERS_UP_TO = 14.5;
  const CELL = 46;
  const SLICE_MS = 40;
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  /** One layer: its features as paths or signs, restyled as the map zooms. */
  gisMap.DataLayer = class DataLayer {
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
      this.only = null;
    }

    async build() {
      const features = this.payload.features;
      let since = performance.now();
      for (const feature of features) {
        this.add(feature);
        if (performance.now() - since > SLICE_MS) {
          await gisMap.pause();
          since = performance.now();
        }
      }
      await gisMap.pause();
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
        item.at = gisMap.labelPoint(feature) || item.bounds.getCenter();
        this.bounds.extend(item.bounds);
      }
      this.remember(item);
    }

    remember(item) {
      const { id, properties } = item.feature;
      if (!this.payload.overview) {
        this.app.items.push(item);
      }
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

    keeps(item) {
      return !this.only || this.only.has(item.feature.id);
    }

    /** Show only the items with these ids; null shows all. */
    filter(ids) {
      this.only = ids;
      if (this.points.length || this.style.sign) {
        this.drawPoints();
      }
      this.keepPaths();
      const shown = this.payload.features.filter((feature) => this.keeps({ feature }));
      this.labels = gisMap.labelsOf(this.config, shown);
      this.app.restack();
      this.app.drawLabels();
    }

    keepPaths() {
      for (const { path, item } of this.entries) {
        if (item && this.group.hasLayer(path) !== this.keeps(item)) {
          this.group[this.keeps(item) ? "addLayer" : "removeLayer"](path);
        }
      }
    }

    /** Take an item away, or put its feature in its place. */
    replace(id, feature) {
      this.drop(id);
      this.payload.features = this.payload.features.filter((each) => each.id !== id);
      if (feature) {
        this.payload.features.push(feature);
        this.only?.add(id);
        this.add(feature);
      }
      this.filter(this.only);
      this.restyle();
      this.app.countLegend(this.config, this.payload);
      this.app.searched = null;
    }

    drop(id) {
      const { app } = this;
      const is = (item) => item && item.config === this.config && item.feature.id === id;
      for (const { path } of this.entries.filter((entry) => is(entry.item))) {
        this.group.removeLayer(path);
      }
      this.entries = this.entries.filter((entry) => !is(entry.item));
      this.points = this.points.filter((item) => !is(item));
      app.items = app.items.filter((item) => !is(item));
      for (const [key, item] of app.byName) {
        if (is(item)) {
          app.byName.delete(key);
        }
      }
    }

    /** Points as they are shown: each alone, or gathered where they are too many. */
    cells(zoom) {
      const points = this.points.filter((item) => this.keeps(item));
      if (!this.thinned || zoom >= CLUSTERS_UP_TO) {
        return points.map((item) => ({ at: item.at, items: [item] }));
      }
      return this.merged(points, zoom, () => 1);
    }

    merged(points, zoom, weight) {
      const cells = new Map();
      for (const item of points) {
        const point = this.app.map.project(item.at, Math.round(zoom));
        const key = Math.floor(point.x / CELL) + ":" + Math.floor(point.y / CELL);
        const cell = cells.get(key) || { items: [], count: 0, lat: 0, lng: 0 };
        const count = weight(item);
        cell.items.push(item);
        cell.count += count;
        cell.lat += count * item.at.lat;
        cell.lng += count * item.at.lng;
        cells.set(key, cell);
      }
      return [...cells.values()].map(({ items, count, lat, lng }) => ({
        items, count, at: L.latLng(lat / count, lng / count),
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
        if (app.sketch) {
          return;
        }
        const { item, cell } = event.propagatedFrom || event.layer;
        L.DomEvent.stop(event);
        if (item) {
          app.choose(item, event.latlng);
        } else if (cell) {
          const bounds = L.latLngBounds(cell.items.map((one) => one.at));
          app.map.fitBounds(bounds, { ...app.room(), maxZoom: 16, animate: !calm.matches });
        }
      });
      if (matchMedia("(hover: hover)").matches) {
        this.group.bindTooltip((layer) => (layer.item
          ? gisMap.hint(app, this.config, layer.item.feature)
          : gisMap.element("div", "hint-line",
            app.words.items_here.replace("{count}", String(layer.cell ? layer.cell.count || layer.cell.items.length : 0)))),
        { sticky: true, className: "gis-hint", opacity: 1 });
      }
    }
  };
})(globalThis.gisMap);
