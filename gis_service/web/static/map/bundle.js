/* Very many lines or dots as one thing on the canvas, for layers that are seen from afar. */
"use strict";
(function (gisMap) {
  const MARGIN = 40;

  /** `parts` are arrays of [longitude, latitude]: a line each, or dots. Not to be pointed at. */
  gisMap.Bundle = L.Path.extend({
    initialize(parts, options) {
      L.setOptions(this, { interactive: false, ...options });
      const size = parts.reduce((sum, part) => sum + part.length, 0);
      this._places = new Float64Array(2 * size);
      this._first = new Uint8Array(size);
      this._bounds = L.latLngBounds([]);
      let i = 0;
      for (const part of parts) {
        this._first[i] = 1;
        for (const [lng, lat] of part) {
          const { x, y } = L.CRS.EPSG3857.latLngToPoint(L.latLng(lat, lng), 0);
          this._places.set([x, y], 2 * i);
          i += 1;
        }
      }
      let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
      for (const [lng, lat] of parts.flat()) {
        [west, south, east, north] = [Math.min(west, lng), Math.min(south, lat), Math.max(east, lng), Math.max(north, lat)];
      }
      if (size) {
        this._bounds.extend([south, west]).extend([north, east]);
      }
    },

    getBounds() {
      return this._bounds;
    },

    _project() {
      const corner = (at) => this._map.latLngToLayerPoint(at);
      const { _bounds: bounds } = this;
      this._pxBounds = bounds.isValid()
        ? L.bounds(corner(bounds.getNorthWest()), corner(bounds.getSouthEast())) : new L.Bounds();
    },

    _update() {
      if (this._map) {
        this._updatePath();
      }
    },

    _updatePath() {
      const renderer = this._renderer;
      if (!renderer._drawing) {
        return;
      }
      const { min, max } = renderer._bounds;
      const scale = 2 ** this._map.getZoom();
      const origin = this._map.getPixelOrigin();
      const near = (x, y) => x > min.x - MARGIN && x < max.x + MARGIN && y > min.y - MARGIN && y < max.y + MARGIN;
      const context = renderer._ctx;
      context.beginPath();
      let last = null;
      for (let i = 0; i < this._first.length; i += 1) {
        const x = this._places[2 * i] * scale - origin.x;
        const y = this._places[2 * i + 1] * scale - origin.y;
        if (this.options.dot) {
          if (near(x, y)) {
            context.rect(x - this.options.dot, y - this.options.dot, 2 * this.options.dot, 2 * this.options.dot);
          }
        } else if (!this._first[i] && last && (near(x, y) || near(last[0], last[1]))) {
          context.moveTo(last[0], last[1]);
          context.lineTo(x, y);
        }
        last = [x, y];
      }
      renderer._fillStroke(context, this);
    },

    _updateBounds() {},
    _empty: () => false,
    _containsPoint: () => false,
  });
})(globalThis.gisMap);
