/* Drawing on the map by mouse, touch or keyboard: a point, a line or an area. */
"use strict";
(function (gisMap) {
  const { desk, element, geodesy } = gisMap;
  const SNAP_PX = 14;
  const SAME_PX = 4;
  const MOST_HANDLES = 200;
  const LEAST = { Point: 1, LineString: 2, Polygon: 3 };
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  const rounded = ({ lng, lat }) => [Number(lng.toFixed(7)), Number(lat.toFixed(7))];
  const place = ([lng, lat]) => L.latLng(lat, lng);

  gisMap.Sketch = class Sketch {
    /**
     * `kind` is Point, LineString or Polygon; `targets()` gives the items to which vertices snap,
     * and `changed(positions, ends)` hears of every finished change: `ends` are the vertices that
     * moved, as { first, last }, each the item that it snapped to, null, or absent.
     */
    constructor(app, { kind, positions = [], targets = () => [], changed }) {
      Object.assign(this, { app, kind, positions, targets, changed });
      this.map = app.map;
      this.isDrawing = positions.length < LEAST[kind];
      this.handles = [];
      this.shape = L.layerGroup().addTo(this.map);
      this.marks = L.layerGroup().addTo(this.map);
      this.rubber = L.layerGroup().addTo(this.map);
      this.hint = L.tooltip({ permanent: true, direction: "auto", offset: [14, 0], className: "gis-hint sketch-hint" });
      this.listeners = {
        click: (event) => this.click(this.pointed(event)), mousemove: (event) => this.move(this.pointed(event)),
        mouseout: () => this.stopMoving(), moveend: () => this.drawHandles(),
        zoomend: () => this.drawHandles(),
      };
      this.keys = (event) => this.key(event);
      app.sketch = this;
      app.map.closePopup();
      this.map.on(this.listeners);
      this.map.getContainer().addEventListener("keydown", this.keys);
      this.map.doubleClickZoom.disable();
      this.draw();
    }

    get isEnough() {
      return this.positions.length >= LEAST[this.kind];
    }

    /** Take the sketch off the map. */
    end() {
      this.map.off(this.listeners);
      this.map.getContainer().removeEventListener("keydown", this.keys);
      this.map.doubleClickZoom.enable();
      [this.shape, this.marks, this.rubber, this.hint].forEach((group) => group.remove());
      this.app.sketch = null;
      delete document.querySelector(".atlas").dataset.sketch;
    }

    /** Show other positions, without telling. */
    set(positions) {
      this.positions = positions;
      this.isDrawing = this.isDrawing && !this.isEnough;
      this.draw();
    }

    setDrawing(on) {
      this.isDrawing = on;
      this.draw();
    }

    commit(positions, ends = {}) {
      this.positions = positions;
      if (this.kind === "Point") {
        this.isDrawing = false;
      }
      this.draw();
      this.changed(positions, ends);
    }

    /** The nearest target within reach of a place, and how far it is; null for none. */
    snap(at) {
      const point = this.map.latLngToContainerPoint(at);
      let best = null;
      for (const item of this.targets()) {
        const px = this.map.latLngToContainerPoint(item.at).distanceTo(point);
        if (px <= SNAP_PX && (!best || px < best.px)) {
          best = { item, px };
        }
      }
      return best && { ...best, metres: geodesy.distance(rounded(at), rounded(best.item.at)) };
    }

    /** Where the pointer is: of an event on a sign, Leaflet tells where the sign stands. */
    pointed(event) {
      return this.map.mouseEventToLatLng(event.originalEvent);
    }

    click(latlng) {
      if (!this.isDrawing) {
        return;
      }
      if (this.kind === "Point") {
        this.commit([rounded(latlng)]);
        return;
      }
      const found = this.snap(latlng);
      const at = found ? found.item.at : latlng;
      const point = this.map.latLngToContainerPoint(at);
      const near = (other) => other && this.map.latLngToContainerPoint(place(other)).distanceTo(point) <= SAME_PX;
      if (near(this.positions.at(-1)) || (this.kind === "Polygon" && near(this.positions[0]))) {
        this.finish();
        return;
      }
      const positions = [...this.positions, rounded(at)];
      const item = found ? found.item : null;
      this.commit(positions, positions.length === 1 ? { first: item } : { last: item });
    }

    finish() {
      if (this.isEnough) {
        this.stopMoving();
        this.setDrawing(false);
        this.changed(this.positions, {});
      }
    }

    /** The line to the pointer, with the length that it would make and what it snaps to. */
    move(latlng) {
      this.rubber.clearLayers();
      if (!this.isDrawing || this.kind === "Point") {
        return;
      }
      const found = this.snap(latlng);
      const at = found ? found.item.at : latlng;
      const texts = [];
      if (this.positions.length) {
        const last = this.positions.at(-1);
        L.polyline([place(last), at], { className: "sketch-rubber", interactive: false, renderer: this.app.markRenderer })
          .addTo(this.rubber);
        texts.push(desk.metres(geodesy.length([...this.positions, rounded(at)])));
      }
      if (found) {
        L.circleMarker(at, { radius: 11, className: "sketch-snap", interactive: false, renderer: this.app.markRenderer })
          .addTo(this.rubber);
        texts.push(desk.say("tool_snaps", {
          name: desk.nameOf(found.item), pixels: Math.round(found.px), length: desk.metres(found.metres),
        }));
      }
      if (texts.length) {
        this.hint.setLatLng(at).setContent(element("span", "", texts.join(" · "))).addTo(this.map);
      } else {
        this.hint.remove();
      }
    }

    stopMoving() {
      this.rubber.clearLayers();
      this.hint.remove();
    }

    key(event) {
      if (!this.isDrawing || event.target !== this.map.getContainer()) {
        return;
      }
      if (event.key === "Enter") {
        this.click(this.map.getCenter());
      } else if (event.key === "Backspace" && this.positions.length) {
        event.preventDefault();
        this.commit(this.positions.slice(0, -1), { last: null });
      } else if (event.key === "Escape") {
        this.finish();
      }
    }

    draw() {
      const atlas = document.querySelector(".atlas");
      atlas.dataset.sketch = this.isDrawing ? "draw" : "change";
      this.drawShape();
      this.drawHandles();
    }

    drawShape() {
      this.shape.clearLayers();
      const places = this.positions.map(place);
      if (this.kind === "Point" || places.length < 2) {
        return;
      }
      const make = this.kind === "Polygon" ? L.polygon : L.polyline;
      for (const className of ["sketch-casing", "sketch-line"]) {
        const path = make(places, { className, renderer: this.app.markRenderer, fill: this.kind === "Polygon" });
        path.addTo(this.shape);
        if (className === "sketch-line") {
          path.on("click", (event) => this.insert(event));
        }
      }
    }

    /** A new vertex where the line is clicked, between the two nearest to it. */
    insert(event) {
      if (this.isDrawing) {
        return;
      }
      L.DomEvent.stop(event);
      const point = this.map.latLngToLayerPoint(event.latlng);
      const points = this.positions.map((at) => this.map.latLngToLayerPoint(place(at)));
      const legs = this.kind === "Polygon" ? points.length : points.length - 1;
      let best = [Infinity, 0];
      for (let i = 0; i < legs; i += 1) {
        const far = L.LineUtil.pointToSegmentDistance(point, points[i], points[(i + 1) % points.length]);
        best = far < best[0] ? [far, i] : best;
      }
      this.commit(this.positions.toSpliced(best[1] + 1, 0, rounded(event.latlng)));
    }

    drawHandles() {
      const held = this.handles.findIndex((each) => each.mark.getElement() === document.activeElement);
      const heldIndex = held < 0 ? -1 : this.handles[held].index;
      this.marks.clearLayers();
      this.handles = [];
      const box = this.map.getBounds();
      const many = this.positions.length > MOST_HANDLES;
      for (const [index, at] of this.positions.entries()) {
        if (this.handles.length < MOST_HANDLES && (!many || box.contains(place(at)))) {
          this.handles.push({ index, mark: this.handle(index, at) });
        }
      }
      const again = this.handles.find((each) => each.index === heldIndex);
      again?.mark.getElement().focus({ preventScroll: true });
    }

    handle(index, at) {
      const title = desk.say("tool_vertex", { number: index + 1, count: this.positions.length });
      const icon = L.divIcon({ className: "sketch-handle", iconSize: [44, 44], html: element("span") });
      const mark = L.marker(place(at), { icon, draggable: true, keyboard: true, title, alt: title, zIndexOffset: 1000 });
      mark.addTo(this.marks);
      mark.getElement().setAttribute("aria-label", title);
      mark.on("drag", () => {
        this.positions = this.positions.with(index, rounded(mark.getLatLng()));
        this.drawShape();
      });
      mark.on("dragend", () => this.moved(index, mark.getLatLng(), true));
      mark.on("click", () => {
        const last = this.positions.length - 1;
        if (this.isDrawing && (index === last || (this.kind === "Polygon" && index === 0))) {
          this.finish();
        }
      });
      mark.on("keydown", ({ originalEvent }) => this.keyOn(index, originalEvent));
      return mark;
    }

    moved(index, latlng, snaps) {
      const isEnd = this.kind === "LineString" && (index === 0 || index === this.positions.length - 1);
      const found = snaps && isEnd ? this.snap(latlng) : null;
      const positions = this.positions.with(index, rounded(found ? found.item.at : latlng));
      const item = found ? found.item : null;
      this.commit(positions, isEnd ? { [index === 0 ? "first" : "last"]: item } : {});
    }

    keyOn(index, event) {
      const step = ARROWS[event.key];
      if (step) {
        event.preventDefault();
        event.stopPropagation();
        const size = event.shiftKey ? 10 : 1;
        const point = this.map.project(place(this.positions[index])).add([step[0] * size, step[1] * size]);
        this.moved(index, this.map.unproject(point), false);
      } else if (["Delete", "Backspace"].includes(event.key) && this.positions.length > LEAST[this.kind]) {
        event.preventDefault();
        event.stopPropagation();
        const isLast = index === this.positions.length - 1;
        const end = index === 0 ? { first: null } : isLast ? { last: null } : {};
        this.commit(this.positions.toSpliced(index, 1), end);
      } else if (event.key === "Enter") {
        event.preventDefault();
        event.stopPropagation();
        this.finish();
      }
    }
  };
})(globalThis.gisMap);
