/* A basemap of vector tiles: a worker draws each, their names of places join the map's own. */
"use strict";
(function (gisMap) {
  const COLOURS = {
    land: "land", water: "base-water", green: "base-green", built: "base-built",
    building: "base-building", path: "base-path", border: "base-border",
    road: "road", casing: "road-casing",
  };
  /** Of a place by its rank, the highest first: from which zoom on its name is shown, and how. */
  const PLACES = [
    { kind: "region", from: 5, to: 12 }, { kind: "region", from: 6 }, { kind: "region", from: 9 },
    { kind: "area", from: 11 }, { kind: "area", from: 12.5 }, { kind: "area", from: 14 },
  ];

  gisMap.Base = L.GridLayer.extend({
    options: { tileSize: 512, pane: "tilePane", updateWhenZooming: false, keepBuffer: 1, maxZoom: 19 },

    initialize(app, config) {
      const [west, south, east, north] = config.bounds;
      L.setOptions(this, { bounds: [[south, west], [north, east]] });
      this._app = app;
      this._config = config;
      this._waiting = new Map();
      this._names = new Map();
      this._last = 0;
      this._worker = new Worker(config.worker);
      this._worker.addEventListener("message", ({ data }) => this._take(data));
      this._worker.addEventListener("error", () => {
        [...this._waiting.keys()].forEach((id) => this._take({ id, image: null, names: [] }));
      });
      this.on("load", () => app.drawLabels());
      this.on("tileunload", ({ coords }) => this._names.delete(this._tileCoordsToKey(coords)));
    },

    createTile(coords, done) {
      const tile = L.DomUtil.create("canvas", "");
      const ratio = Math.min(2, Math.ceil(globalThis.devicePixelRatio || 1));
      tile.width = tile.height = 512 * ratio;
      const [lowest, highest] = this._config.zooms;
      const zoom = coords.z - 1;
      const over = Math.max(0, zoom - highest);
      if (zoom < lowest || typeof OffscreenCanvas === "undefined") {
        setTimeout(() => done(null, tile));
        return tile;
      }
      const id = this._last += 1;
      this._waiting.set(id, { tile, coords, done });
      const place = { z: zoom - over, x: coords.x >> over, y: coords.y >> over };
      const colours = Object.fromEntries(
        Object.entries(COLOURS).map(([name, token]) => [name, gisMap.token(token)]));
      this._worker.postMessage({
        id, ratio, colours, zoom: coords.z, language: this._app.config.language,
        layers: this._config.layers,
        address: new URL(L.Util.template(this._config.tiles, place), location.href).href,
        part: { parts: 2 ** over, column: coords.x % 2 ** over, row: coords.y % 2 ** over },
      });
      return tile;
    },

    _take({ id, image, names }) {
      const { tile, coords, done } = this._waiting.get(id);
      this._waiting.delete(id);
      if (image) {
        tile.getContext("bitmaprenderer").transferFromImageBitmap(image);
      }
      const key = this._tileCoordsToKey(coords);
      if (key in this._tiles) {
        this._names.set(key, names.map(({ text, rank, x, y }) => ({
          at: this._app.map.unproject(L.point(coords.x + x, coords.y + y).multiplyBy(512), coords.z),
          text, rank: 6 - rank, to: 99, ...PLACES[rank],
        })));
      }
      done(null, tile);
    },

    /** Names of places in the tiles that are there, each once. */
    labels() {
      const found = new Map();
      for (const [key, names] of this._names) {
        if (this._tiles[key]?.current) {
          names.forEach((label) => found.set(label.text + label.rank, label));
        }
      }
      return [...found.values()];
    },

    /** Resolves when what is in view is drawn. */
    settled() {
      return this.isLoading() ? new Promise((done) => this.once("load", done)) : Promise.resolve();
    },
  });
})(globalThis.gisMap);
