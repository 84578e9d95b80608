/* Work that is not saved yet: what stands, what was changed, and the way back. */
"use strict";
(function (gisMap) {
  const { desk } = gisMap;
  const MOST_STEPS = 200;
  const reader = () => document.querySelector(".account-name")?.lastChild.textContent || "";

  const positionsOf = (geometry) => (!geometry ? []
    : geometry.type === "Point" ? [geometry.coordinates.slice(0, 2)]
      : geometry.coordinates.map((at) => at.slice(0, 2)));

  const same = (one, other) => JSON.stringify(one ?? null) === JSON.stringify(other ?? null);

  const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  class Draft {
    /** `feature` and `etag` are what stands; both null for what is new. */
    constructor({ collection, id = null, etag = null, feature = null, key = newKey(), steps = null, step = 0 }) {
      Object.assign(this, { collection, id, etag, feature, key });
      this.steps = steps || [{ values: {}, positions: positionsOf(feature?.geometry), writing: null }];
      this.step = step;
    }

    get now() {
      return this.steps[this.step];
    }

    get declared() {
      return desk.catalogue.collections[this.collection];
    }

    get fields() {
      return this.declared.fields.filter((field) => field.writable);
    }

    get isNew() {
      return this.id === null;
    }

    /** The value of a field as it would be saved. */
    value(name) {
      return Object.hasOwn(this.now.values, name) ? this.now.values[name] : this.standing(name);
    }

    standing(name) {
      return this.feature?.properties[name] ?? null;
    }

    /** Values that differ from what stands, by field. */
    get changes() {
      return Object.fromEntries(Object.entries(this.now.values).filter(
        ([name, value]) => !same(value, this.standing(name))));
    }

    get isMoved() {
      return !same(this.now.positions, positionsOf(this.feature?.geometry));
    }

    get isDirty() {
      return this.isMoved || Object.keys(this.changes).length > 0;
    }

    get geometry() {
      const { positions } = this.now;
      const { geometry } = this.declared;
      const least = geometry === "Point" ? 1 : 2;
      if (positions.length < least) {
        return null;
      }
      return { type: geometry, coordinates: geometry === "Point" ? positions[0] : positions };
    }

    /** One step on, from which undoing leads back; writing on in one field is one step. */
    change({ values = {}, positions = this.now.positions, writing = null }) {
      const next = { values: { ...this.now.values, ...values }, positions, writing };
      if (same({ ...next, writing: null }, { ...this.now, writing: null })) {
        return;
      }
      const isSame = writing !== null && this.now.writing === writing;
      this.steps = [...this.steps.slice(0, this.step + (isSame ? 0 : 1)), next].slice(-MOST_STEPS);
      this.step = this.steps.length - 1;
      this.keep();
    }

    turn(by) {
      this.step = Math.min(this.steps.length - 1, Math.max(0, this.step + by));
      this.keep();
    }

    /** What someone else saved meanwhile becomes what stands; `values` and `positions` are chosen. */
    rebase(feature, etag, { values, positions }) {
      Object.assign(this, { feature, etag, steps: [{ values, positions, writing: null }], step: 0 });
      this.keep();
    }

    keep() {
      if (this.isDirty) {
        const { collection, id, etag, feature, key, steps, step } = this;
        try {
          sessionStorage.setItem(desk.DRAFT, JSON.stringify(
            { collection, id, etag, feature, key, steps: steps.slice(Math.max(0, step - 20)), step: Math.min(step, 20), reader: reader() }));
        } catch {
          // The storage is full or shut: the page still warns before it is left.
        }
      } else {
        Draft.forget();
      }
    }

    static forget() {
      sessionStorage.removeItem(desk.DRAFT);
    }

    /** The draft that this session keeps of this reader; null for none. */
    static kept() {
      try {
        const kept = JSON.parse(sessionStorage.getItem(desk.DRAFT));
        return kept && kept.reader === reader() && Object.hasOwn(desk.catalogue.collections, kept.collection)
          ? new Draft(kept) : null;
      } catch {
        return null;
      }
    }
  }
  Object.assign(Draft, { same, positionsOf });
  gisMap.Draft = Draft;
})(globalThis.gisMap);
