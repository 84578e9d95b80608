/* One canvas for everything on the map: areas with hatching, cased lines, signs of our own. */
"use strict";
globalThis.gisMap = globalThis.gisMap || {};
(function (gisMap) {
  const tokens = new Map();

  /** Lets the page answer before the work goes on. */
  gisMap.pause = () => new Promise((done) => setTimeout(done));

  /** A colour or other token of gis.css, as the page has it now. */
  gisMap.token = function (name) {
    if (!tokens.has(name)) {
      const style = getComputedStyle(document.body);
      tokens.set(name, style.getPropertyValue("--" + name).trim());
    }
    return tokens.get(name);
  };

  /** `table[key]` where the table itself has it: data may be named like `__proto__`. */
  gisMap.pick = (table, key, otherwise) => (
    table && Object.hasOwn(table, key) ? table[key] : otherwise);

  let hatch = null;

  gisMap.forgetTokens = function () {
    tokens.clear();
    hatch = null;
  };

  function hatching(context) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 8;
    const pen = tile.getContext("2d");
    pen.strokeStyle = gisMap.token("hatch");
    pen.lineWidth = 1.4;
    pen.beginPath();
    for (const start of [-8, 0, 8]) {
      pen.moveTo(start, 8);
      pen.lineTo(start + 8, 0);
    }
    pen.stroke();
    return context.createPattern(tile, "repeat");
  }

  function stroke(context, colour, width, dash) {
    context.setLineDash(dash || []);
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.stroke();
  }

  gisMap.Canvas = L.Canvas.extend({
    _fillStroke(context, layer) {
      const options = layer.options;
      if (options.fill) {
        if (options.under) {
          context.globalAlpha = 1;
          context.fillStyle = options.under;
          context.fill("evenodd");
        }
        context.globalAlpha = options.fillOpacity;
        context.fillStyle = options.fillColor;
        context.fill("evenodd");
        if (options.hatched) {
          context.fillStyle = hatch ??= hatching(context);
          context.fill("evenodd");
        }
      }
      if (options.stroke && options.weight > 0) {
        context.globalAlpha = options.opacity;
        context.lineCap = "round";
        context.lineJoin = "round";
        if (options.casing) {
          stroke(context, options.casing, options.weight + 2.4);
        }
        stroke(context, options.color, options.weight, layer.options._dashArray);
        if (options.core) {
          stroke(context, options.core, Math.max(1, options.weight - 2.2));
        }
        context.setLineDash([]);
      }
    },

    _drawSign(layer) {
      if (!this._drawing || layer._empty()) {
        return;
      }
      const context = this._ctx;
      context.save();
      context.globalAlpha = 1;
      layer.options.draw(context, layer._point, layer.options);
      context.restore();
    },
  });

  /** A point drawn by its own function `draw(context, point, options)`. */
  gisMap.Sign = L.CircleMarker.extend({
    _updatePath() {
      this._renderer._drawSign(this);
    },
  });
})(globalThis.gisMap);
