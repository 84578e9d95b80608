/* A layer with too many items for a page: gathered from afar, then tiles, and near by its items. */
"use strict";
(function (gisMap) {
  const REACH = 9;

  gisMap.LargeLayer = class LargeLayer extends gisMap.DataLayer {
    async build() {
      const { cells, kinds, features, overview, tiles } = this.payload;
      this.nearFrom = overview;
      this.tilesFrom = tiles;
      this.payload = { overview, features: [] };
      this.far = L.featureGroup().addTo(this.group);
      this.near = null;
      this.gathered = this.gather(cells, kinds);
      features.forEach((feature) => this.add(feature));
      this.majors = this.points;
      this.points = [];
      const { app } = this;
      this.tiles = new gisMap.Tiles(this.config, {
        worker: app.config.worker, zIndex: this.style.tileRank || 1,
        shows: (zoom) => zoom >= this.tilesFrom && zoom < this.nearFrom,
      });
      this.group.on("add", () => (app.isPlaced ? this.look() : this.turn())).on("remove", () => this.tiles.remove());
      app.map.on("moveend", () => this.look());
      if (this.style.interactive) {
        this.listen();
      }
    }

    /** Cells with the number of each kind in them. */
    gather(cells, kinds) {
      return cells.map(([lng, lat, ...numbers]) => {
        const at = L.latLng(lat, lng);
        this.bounds.extend(at);
        return { at, numbers, count: numbers.reduce((sum, number) => sum + number, 0), kinds };
      });
    }

    /** Show what belongs to the zoom: tiles or none, gathered signs or none. */
    turn() {
      const zoom = this.app.map.getZoom();
      const tiled = Math.round(zoom) >= this.tilesFrom && zoom < this.nearFrom;
      if (tiled && this.app.isPlaced && this.app.map.hasLayer(this.group)) {
        this.tiles.addTo(this.app.map);
      } else {
        this.tiles.remove();
      }
    }

    /** Resolves when the tiles in view are there. */
    settled() {
      return !this.app.map.hasLayer(this.tiles) || !this.tiles.isLoading() ? Promise.resolve()
        : new Promise((done) => this.tiles.once("load", done));
    }

    /** Bring what is in view when the map is near enough. */
    async look() {
      const { map } = this.app;
      if (!map.hasLayer(this.group)) {
        return;
      }
      this.turn();
      if (map.getZoom() < this.nearFrom) {
        if (this.near) {
          this.show(null);
        }
        return;
      }
      if (this.near && this.near.box.contains(map.getBounds())) {
        return;
      }
      const box = map.getBounds().pad(0.15);
      const asked = this.asked = {};
      const found = await this.app.fetchData(this.config, { bbox: boxText(box) });
      if (this.asked === asked && found && map.getZoom() >= this.nearFrom) {
        this.show({ box, found });
      }
    }

    show(near) {
      this.near = near;
      this.asked = near ? this.asked : null;
      this.points.forEach((item) => this.forget(item));
      this.entries.forEach(({ item }) => item && this.forget(item));
      this.points = [];
      this.labels = [];
      this.entries = [];
      this.group.clearLayers();
      if (near) {
        near.found.features.forEach((feature) => this.add(feature));
        this.labels = gisMap.labelsOf(
          this.config, near.found.features.filter((feature) => this.keeps({ feature })));
        near.found = null;
        if (this.points.length) {
          this.drawPoints();
        }
        this.keepPaths();
      } else {
        this.group.addLayer(this.far);
        this.restyle();
      }
      this.app.restack();
      this.app.drawLabels();
    }

    /** Show only the items with these ids where items are shown: near. */
    filter(ids) {
      this.only = ids;
      this.again();
    }

    replace(id, feature) {
      this.drop(id);
      if (feature) {
        this.only?.add(id);
      }
      this.tiles.redraw();
      return this.again();
    }

    /** Bring anew what is in view. */
    again() {
      if (this.app.map.getZoom() >= this.nearFrom) {
        this.near = null;
      }
      return this.look();
    }

    add(feature) {
      super.add(feature);
      const item = this.app.byName.get(this.config.id + "/" + feature.id);
      item.lean = true;
    }

    /** Items that left the view are not kept, unless their card was opened. */
    forget(item) {
      if (item.lean && !this.majors.includes(item)) {
        const { id, properties } = item.feature;
        this.app.byName.delete(this.config.id + "/" + id);
        this.app.byName.delete(this.config.id + "/" + properties.external_id);
      }
    }

    restyle() {
      if (this.near) {
        super.restyle();
        return;
      }
      const zoom = this.app.map.getZoom();
      this.far.clearLayers();
      if (Math.round(zoom) < this.tilesFrom) {
        for (const { at, count, items } of this.merged(this.gathered, zoom, (one) => one.count)) {
          const parts = items[0].kinds.map(
            (kind, i) => [kind, items.reduce((sum, { numbers }) => sum + numbers[i], 0)]);
          this.mark(at, gisMap.gatheredSign(parts, count), { cell: { at, items, count } });
        }
      }
      for (const item of this.majors) {
        this.mark(item.at, this.style.sign(this.config, item.feature, zoom), { item });
      }
    }

    /** A sign above the tiles, and one that is pointed at below them. */
    mark(at, options, meant) {
      const { app } = this;
      const seen = new gisMap.Sign(at, { ...options, renderer: app.farRenderer, interactive: false });
      const felt = new gisMap.Sign(at, { ...options, draw() {}, renderer: app.renderer });
      Object.assign(felt, meant);
      this.far.addLayer(seen).addLayer(felt);
    }
  };

  const boxText = (box) => [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()]
    .map((each) => each.toFixed(5)).join();

  /** What a tile shows at a place, as the item nearest to it; null when there is nothing. */
  gisMap.under = async function (app, latlng) {
    const { map } = app;
    const layers = [...app.layers.values()].filter((layer) => layer.tiles && layer.style.interactive
      && map.hasLayer(layer.tiles) && map.getZoom() >= 11.5);
    if (!layers.length) {
      return null;
    }
    const point = map.latLngToContainerPoint(latlng);
    const box = L.latLngBounds(
      map.containerPointToLatLng(point.subtract([REACH, REACH])), map.containerPointToLatLng(point.add([REACH, REACH])));
    const answers = await Promise.all(layers.map(async (layer) => {
      const found = await app.fetchData(layer.config, { bbox: boxText(box) });
      return (found?.features || []).map((feature) => ({ layer, feature, away: away(map, point, feature.geometry) }));
    }));
    const [best] = answers.flat().filter((each) => each.away <= REACH).sort((a, b) => a.away - b.away);
    return best ? app.bring(best.layer.config.id + "/" + best.feature.id) : null;
  };

  /** Pixels from a point to a geometry; lines stand back a little behind points. */
  function away(map, point, { type, coordinates }) {
    const place = ([lng, lat]) => map.latLngToContainerPoint([lat, lng]);
    if (type === "Point") {
      return point.distanceTo(place(coordinates));
    }
    const lines = type === "LineString" ? [coordinates] : coordinates;
    return Math.min(...lines.map((line) => {
      const at = line.map(place);
      return at.slice(1).reduce(
        (least, end, i) => Math.min(least, L.LineUtil.pointToSegmentDistance(point, at[i], end)), Infinity);
    })) + 3;
  }
})(globalThis.gisMap);
