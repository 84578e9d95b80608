/* Names on the map: drawn with a halo, never over each other, deaf to the pointer. */
"use strict";
(function (gisMap) {
  const token = gisMap.token;

  gisMap.Labels = L.Layer.extend({
    initialize() {
      this._labels = [];
      this._signs = [];
    },

    /** Labels: {at: LatLng, text, kind, from, to, rank}; from and to are zooms. */
    setLabels(labels, signs) {
      this._labels = labels.sort((a, b) => b.rank - a.rank);
      this._signs = signs;
      this._draw();
    },

    onAdd(map) {
      this._canvas = L.DomUtil.create("canvas", "gis-labels leaflet-zoom-hide");
      this._canvas.setAttribute("aria-hidden", "true");
      map.getPane("labels").append(this._canvas);
      this._draw();
    },

    onRemove() {
      this._canvas.remove();
    },

    getEvents() {
      return { moveend: this._draw, resize: this._draw, viewreset: this._draw };
    },

    _draw() {
      const map = this._map;
      if (!map || !this._canvas) {
        return;
      }
      const size = map.getSize();
      const margin = Math.round(Math.min(size.x, size.y) * 0.15);
      const ratio = globalThis.devicePixelRatio || 1;
      const width = size.x + 2 * margin;
      const height = size.y + 2 * margin;
      L.DomUtil.setPosition(this._canvas, map.containerPointToLayerPoint([-margin, -margin]));
      this._canvas.width = width * ratio;
      this._canvas.height = height * ratio;
      this._canvas.style.width = width + "px";
      this._canvas.style.height = height + "px";
      const context = this._canvas.getContext("2d");
      context.setTransform(ratio, 0, 0, ratio, margin * ratio, margin * ratio);
      this._place(context, L.bounds([-margin, -margin], [size.x + margin, size.y + margin]));
    },

    _place(context, view) {
      const zoom = this._map.getZoom();
      const taken = zoom >= NEAR ? this._signBoxes(view) : [];
      for (const label of this._labels) {
        if (zoom < label.from || zoom >= label.to) {
          continue;
        }
        const point = this._map.latLngToContainerPoint(label.at);
        if (!view.contains(point)) {
          continue;
        }
        const kind = KINDS[label.kind];
        context.font = kind.font();
        const half = context.measureText(label.text).width / 2 + kind.room;
        for (const [dx, dy] of places(kind.off, half)) {
          const [x, y] = [point.x + dx, point.y + dy];
          const box = [x - half, y - kind.tall, x + half, y + kind.tall];
          if (!taken.some((t) => meets(box, t))) {
            taken.push(box);
            kind.draw(context, label.text, x, y, half);
            break;
          }
        }
      }
    },

    /** Where points are drawn: names keep off them. */
    _signBoxes(view) {
      const boxes = [];
      for (const at of this._signs) {
        const { x, y } = this._map.latLngToContainerPoint(at);
        if (view.contains([x, y])) {
          boxes.push([x - 7, y - 7, x + 7, y + 7]);
        }
      }
      return boxes;
    },
  });

  const NEAR = 13.5;
  const meets = (a, b) => a[0] < b[2] && a[2] > b[0] && a[1] < b[3] && a[3] > b[1];

  /** Places for a name around its point, the best first. */
  function places(off, half) {
    return off ? [[0, off], [half + off - 8, 0], [-half - off + 8, 0], [0, -off]] : [[0, 0]];
  }

  function haloed(colour) {
    return function (context, text, x, y) {
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.lineJoin = "round";
      context.lineWidth = 3.2;
      context.strokeStyle = token("halo-label");
      context.strokeText(text, x, y);
      context.fillStyle = token(colour);
      context.fillText(text, x, y);
    };
  }

  function shield(context, text, x, y, half) {
    context.beginPath();
    context.roundRect(x - half + 2, y - 7.5, 2 * half - 4, 15, 3.5);
    context.fillStyle = token("shield");
    context.fill();
    context.lineWidth = 1;
    context.strokeStyle = token("road-casing");
    context.stroke();
    context.fillStyle = token("shield-ink");
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(text, x, y + 0.5);
  }

  const face = (weight, size) => () => weight + " " + size + "px " + token("sans");
  const KINDS = {
    region: { font: face(650, 13), room: 8, tall: 10, draw: haloed("label-strong") },
    area: { font: face(500, 12), room: 5, tall: 8, draw: haloed("label") },
    node: { font: face(650, 11.5), room: 4, tall: 7, off: 19, draw: haloed("network-label") },
    office: { font: face(500, 11.5), room: 4, tall: 7, off: 17, draw: haloed("label-strong") },
    road: { font: face(650, 10), room: 6, tall: 9, draw: shield },
  };
})(globalThis.gisMap);
