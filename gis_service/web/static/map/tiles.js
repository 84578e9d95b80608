/* Tiles of a layer with very many items, drawn by a worker; they are not pointed at. */
"use strict";
(function (gisMap) {
  const token = gisMap.token;
  const waiting = new Map();
  let worker = null;
  let last = 0;

  function artist(address) {
    if (!worker) {
      worker = new Worker(address);
      worker.addEventListener("message", ({ data }) => {
        waiting.get(data.id)?.(data);
        waiting.delete(data.id);
      });
      worker.addEventListener("error", () => {
        waiting.forEach((tell) => tell({ image: null, isThere: false }));
        waiting.clear();
      });
    }
    return worker;
  }

  /** How the kinds of a layer look in tiles at a zoom, the last on top; "" is for the rest. */
  const looks = {
    link(config, zoom) {
      const near = zoom >= 12;
      const made = {};
      for (const [status, line] of Object.entries(config.lines).reverse()) {
        made[status] = {
          color: token("tone-" + line.tone), opacity: near ? 0.85 : 0.5,
          width: near ? 1.7 : zoom >= 11 ? 1.1 : 0.8,
          dash: near ? line.dash.split(" ").filter(Boolean).map(Number) : [],
        };
      }
      return { "": made.proposed, ...made };
    },
    office(config, zoom) {
      const dot = zoom >= 13 ? 2.6 : 1.7;
      return Object.fromEntries(["", "unknown", "connected", "unconnected"].map((kind) => [
        kind, { color: token(kind || "unknown"), opacity: 0.95, dot },
      ]));
    },
    node: (config, zoom) => ({ "": { color: token("network"), opacity: 1, dot: zoom >= 13 ? 2 : 1.3 } }),
    road: () => ({ "": { color: token("road-casing"), opacity: 1, width: 1.2, dash: [] } }),
    plain: () => ({ "": { color: token("accent"), opacity: 1, width: 1.4, dot: 1.6, dash: [] } }),
  };

  /** `shows(zoom)` says at which zooms there is something to draw. */
  gisMap.Tiles = L.GridLayer.extend({
    options: { tileSize: 512, pane: "tiles", updateWhenZooming: false, keepBuffer: 1 },

    initialize(config, options) {
      L.setOptions(this, options);
      this._config = config;
      this.isLacking = false;
    },

    createTile(coords, done) {
      const tile = L.DomUtil.create("canvas", "");
      const zoom = this._tileZoom;
      const ratio = Math.min(2, Math.ceil(globalThis.devicePixelRatio || 1));
      tile.width = tile.height = 512 * ratio;
      if (!this.options.shows(zoom) || typeof OffscreenCanvas === "undefined") {
        setTimeout(() => done(null, tile));
        return tile;
      }
      last += 1;
      const id = tile.tileId = last;
      const style = gisMap.pick(looks, this._config.style, looks.plain);
      waiting.set(id, ({ image, isThere }) => {
        if (image) {
          tile.getContext("bitmaprenderer").transferFromImageBitmap(image);
        }
        this.isLacking = this.isLacking || !isThere;
        done(isThere ? null : new Error("no tile"), tile);
      });
      const { tiles, items } = this._config;
      const place = [zoom - 1, coords.y, coords.x];
      artist(this.options.worker).postMessage({
        id, address: new URL(items ? tiles : `${tiles}/${place.join("/")}`, location.href).href,
        place: items && place, styles: style(this._config, zoom), ratio,
      });
      return tile;
    },

    _removeTile(key) {
      const { tileId } = this._tiles[key]?.el || {};
      if (waiting.delete(tileId)) {
        worker.postMessage({ id: tileId });
      }
      L.GridLayer.prototype._removeTile.call(this, key);
    },
  });
})(globalThis.gisMap);
