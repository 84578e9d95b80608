/* Drawing and editing an item: its place on the map, its fields in the panel. */
"use strict";
(function (gisMap) {
  const { desk, element, Draft, geodesy } = gisMap;
  const ENDS = { first: "start_node", last: "end_node" };
  let open = null;

  const nodes = () => [...desk.app.layers.values()].find((layer) => layer.config.style === "node");
  const nodeOf = (id) => desk.app.bring(nodes().config.id + "/" + id);
  const place = ({ lng, lat }) => [Number(lng.toFixed(7)), Number(lat.toFixed(7))];

  class Editor {
    constructor(draft) {
      this.draft = draft;
      this.forms = new Map();
    }

    get isLine() {
      return this.draft.declared.geometry === "LineString";
    }

    get hasEnds() {
      return this.draft.declared.fields.some(({ name }) => name === ENDS.first);
    }

    get title() {
      const { config } = desk.app.layers.get(this.draft.collection);
      const name = this.draft.standing(this.draft.declared.label) || desk.app.words.unnamed;
      return this.draft.isNew ? desk.addWords(config) : desk.say("tool_edit", { name });
    }

    async start(notice) {
      const { draft } = this;
      this.bench = desk.openBench(this.title, () => this.end());
      this.sketch = new gisMap.Sketch(desk.app, {
        kind: draft.declared.geometry, positions: draft.now.positions,
        targets: () => (this.isLine && this.hasEnds && nodes() ? nodes().points : []),
        changed: (positions, ends) => this.drawn(positions, ends),
      });
      this.typed = desk.coordinates({ many: this.isLine, changed: (positions) => this.drawn(positions, {
        first: undefined, last: undefined,
      }) });
      this.length = element("p", "bench-length");
      this.hint = element("p", "bench-hint");
      this.room = element("div", "bench-conflict");
      this.keys = (event) => this.key(event);
      document.addEventListener("keydown", this.keys);
      this.leaving = (event) => this.draft.isDirty && event.preventDefault();
      addEventListener("beforeunload", this.leaving);
      const form = element("form", "bench-form");
      form.noValidate = true;
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.save();
      });
      this.actions();
      form.append(this.hint, this.tools, this.length, this.typed.element, await this.fields(),
        this.room, this.foot);
      this.bench.body.append(form);
      this.show();
      this.bench.tell(notice || "");
      if (draft.now.positions.length) {
        this.look();
      }
    }

    look() {
      const bounds = L.latLngBounds(this.draft.now.positions.map(([lng, lat]) => [lat, lng]));
      const { map } = desk.app;
      if (!map.getBounds().contains(bounds)) {
        map.fitBounds(bounds, { ...desk.app.room(), maxZoom: 16, animate: false });
      }
    }

    actions() {
      const { words } = desk;
      this.undo = desk.button(words.tool_undo, "desk-ask", () => this.turn(-1));
      this.redo = desk.button(words.tool_redo, "desk-ask", () => this.turn(1));
      this.finish = desk.button(words.tool_finish, "desk-ask", () => {
        this.sketch.finish();
        this.show();
      });
      this.again = desk.button(words.tool_draw_again, "desk-ask", () => {
        this.drawn([], { first: null, last: null });
        this.sketch.setDrawing(true);
        this.show();
      });
      this.tools = element("div", "bench-actions", this.undo, this.redo, this.finish, this.again);
      const save = element("button", "desk-main", words.tool_save);
      save.type = "submit";
      this.saving = save;
      this.away = desk.button(words.tool_done, "desk-ask", () => this.discard());
      this.foot = element("div", "bench-actions bench-foot", save, this.away,
        this.draft.isNew ? null : desk.button(words.tool_delete, "desk-ask is-danger", () => this.askToDelete()));
    }

    async fields() {
      const { draft } = this;
      const { label } = draft.declared;
      const made = await Promise.all(draft.fields.map(
        (field) => desk.fieldForm(field, (value, isWriting) => this.filled(field.name, value, isWriting))));
      made.forEach((form) => this.forms.set(form.field.name, form));
      const isFirst = ({ field }) => field.required || field.name === label;
      const first = made.filter(isFirst).sort((a, b) => (b.field.name === label) - (a.field.name === label));
      const rest = made.filter((form) => !isFirst(form));
      this.more = element("details", "bench-more", element("summary", "", desk.say("tool_more", { count: rest.length })),
        ...rest.map((form) => form.element));
      return element("div", "bench-fields", ...first.map((form) => form.element), this.more);
    }

    /** The place was drawn or typed. */
    drawn(positions, ends) {
      const values = {};
      for (const [end, name] of this.hasEnds ? Object.entries(ENDS) : []) {
        if (Object.hasOwn(ends, end)) {
          const item = ends[end] === undefined ? this.nodeAt(end === "first" ? positions[0] : positions.at(-1)) : ends[end];
          if (item || ends[end] === null) {
            values[name] = item ? item.feature.id : null;
          }
        }
      }
      this.draft.change({ positions, values });
      this.show();
    }

    /** The node that stands exactly at a position. */
    nodeAt(position) {
      const same = (item) => geodesy.distance(place(item.at), position) < 1;
      return (position && nodes()?.points.find(same)) || null;
    }

    /** A field was filled; a node that is chosen as an end draws the line to it. */
    async filled(name, value, isWriting) {
      const change = { values: { [name]: value }, writing: isWriting ? name : null };
      this.forms.get(name).shown = value;
      if (this.isLine && value && Object.values(ENDS).includes(name)) {
        const [from, to] = await Promise.all(Object.values(ENDS).map((end) => {
          const id = end === name ? value : this.draft.value(end);
          return id ? nodeOf(id) : null;
        }));
        const { positions } = this.draft.now;
        if (positions.length > 1) {
          const moved = name === ENDS.first ? from : to;
          change.positions = moved
            ? positions.with(name === ENDS.first ? 0 : -1, place(moved.at)) : positions;
        } else if (from && to) {
          change.positions = [place(from.at), place(to.at)];
        }
      }
      this.draft.change(change);
      this.show();
      if (change.positions) {
        this.sketch.finish();
        this.look();
      }
    }

    turn(by) {
      this.draft.turn(by);
      this.show();
      this.bench.tell(by < 0 ? desk.words.tool_undone : desk.words.tool_redone);
    }

    key(event) {
      const isText = event.target.matches("input:not([type=checkbox]):not([type=radio]), textarea");
      if (!(event.ctrlKey || event.metaKey) || isText) {
        return;
      }
      const key = event.key.toLowerCase();
      if (key === "z" || key === "y") {
        event.preventDefault();
        this.turn(key === "y" || event.shiftKey ? 1 : -1);
      }
    }

    show() {
      const { draft } = this;
      const { positions } = draft.now;
      if (!Draft.same(this.sketch.positions, positions)) {
        this.sketch.set(positions);
      }
      this.typed.set(positions);
      for (const [name, form] of this.forms) {
        const value = draft.value(name);
        if (!Draft.same(form.shown, value) || form.shown === undefined) {
          form.shown = value;
          form.set(value);
        }
      }
      this.undo.disabled = draft.step === 0;
      this.redo.disabled = draft.step === draft.steps.length - 1;
      const isDrawing = this.sketch.isDrawing;
      this.finish.hidden = !isDrawing || !this.isLine;
      this.finish.disabled = !this.sketch.isEnough;
      this.again.hidden = isDrawing || !this.isLine;
      this.away.textContent = draft.isDirty ? desk.words.tool_discard : desk.words.tool_done;
      this.length.textContent = this.isLine && positions.length > 1
        ? desk.say("tool_length", { length: desk.metres(geodesy.length(positions)) }) : "";
      const far = this.isLine && nodes()?.payload.overview && !nodes().points.length;
      this.hint.textContent = [
        desk.words[(isDrawing ? "tool_draw_" : "tool_change_") + draft.declared.geometry],
        far ? desk.words.tool_snap_near : "",
      ].join(" ");
      this.saving.disabled = !draft.isDirty;
    }

    clearFaults() {
      this.forms.forEach((form) => form.fault(""));
      this.typed.fault("");
    }

    /** What is wrong, at the fields where it is wrong. */
    told(problem) {
      let first = null;
      const rest = [];
      for (const { property, rule, message } of problem.faults) {
        const text = gisMap.pick(desk.catalogue.rules, rule, message);
        const form = property === "geometry" ? this.typed : this.forms.get(property);
        if (!form) {
          rest.push(`${property}: ${message}`);
          continue;
        }
        form.fault(desk.app.config.language === "en" ? message : text);
        first ||= form;
      }
      if (first) {
        this.more.open ||= this.more.contains(first.element);
        (first.focus ? first : first.box).focus();
      }
      this.bench.tell([first ? desk.words.tool_faults : problem.message, ...rest].join(" "));
    }

    async save() {
      const { draft } = this;
      this.clearFaults();
      if (!draft.geometry) {
        this.typed.fault(desk.words["tool_draw_" + draft.declared.geometry]);
        this.typed.box.focus();
        return;
      }
      await this.working(async () => {
        try {
          const { feature } = await desk.service.save(draft);
          await this.done(feature, desk.words.tool_saved);
        } catch (error) {
          await this.refused(error);
        }
      });
    }

    async working(act) {
      this.saving.disabled = true;
      this.bench.tell(desk.words.desk_working);
      await act();
      if (open === this) {
        this.saving.disabled = !this.draft.isDirty;
      }
    }

    async refused(error) {
      if (!(error instanceof desk.service.Problem)) {
        throw error;
      }
      if (error.status === 412) {
        await this.meet();
      } else if (error.status === 404) {
        this.bench.tell(desk.words.tool_gone);
      } else if (error.status === 403 || error.status === 401) {
        this.bench.tell(desk.words.tool_session);
      } else {
        this.told(error);
      }
    }

    /** Someone else changed it: ask which values are taken, then save again. */
    async meet() {
      try {
        const standing = await desk.service.read(this.draft.collection, this.draft.id);
        const asked = desk.conflict(this.draft, standing, () => {
          this.room.replaceChildren();
          this.sketch.set(this.draft.now.positions);
          this.show();
          if (this.draft.isDirty) {
            this.save();
          } else {
            this.done(this.draft.feature, desk.words.tool_theirs_kept);
          }
        });
        this.room.replaceChildren(asked.element);
        this.bench.tell(desk.words.tool_conflict);
        asked.head.focus();
      } catch (error) {
        await this.refused(error);
      }
    }

    askToDelete() {
      const sure = element("p", "", desk.say("tool_delete_sure", { name: this.draft.standing(this.draft.declared.label) || desk.app.words.unnamed }));
      sure.tabIndex = -1;
      this.room.replaceChildren(element("section", "conflict", sure, element("div", "bench-actions",
        desk.button(desk.words.tool_delete, "desk-main is-danger", () => this.remove()),
        desk.button(desk.words.tool_keep, "desk-ask", () => this.room.replaceChildren()))));
      sure.focus();
    }

    remove() {
      return this.working(async () => {
        try {
          await desk.service.remove(this.draft);
          await this.done(null, desk.words.tool_deleted);
        } catch (error) {
          this.room.replaceChildren();
          await this.refused(error);
        }
      });
    }

    discard() {
      if (!this.draft.isDirty) {
        desk.closeBench();
        return;
      }
      const sure = element("p", "", desk.words.tool_discard_sure);
      sure.tabIndex = -1;
      this.room.replaceChildren(element("section", "conflict", sure, element("div", "bench-actions",
        desk.button(desk.words.tool_discard, "desk-main is-danger", () => desk.closeBench()),
        desk.button(desk.words.tool_go_on, "desk-ask", () => this.room.replaceChildren()))));
      sure.focus();
    }

    /** It is saved or deleted: the map, its figures and the list follow. */
    async done(feature, text) {
      const { collection, id } = this.draft;
      desk.closeBench();
      await follow(collection, id || feature.id, Boolean(feature));
      const status = document.querySelector(".stage-status");
      status.textContent = text;
      setTimeout(() => {
        if (status.textContent === text) {
          status.textContent = "";
        }
      }, 6000);
      const item = feature && await desk.app.bring(`${collection}/${feature.id}`);
      if (item) {
        desk.open(item);
      }
    }

    end() {
      open = null;
      Draft.forget();
      this.sketch.end();
      document.removeEventListener("keydown", this.keys);
      removeEventListener("beforeunload", this.leaving);
    }
  }

  /** Bring what was saved to the map, and the figures that depend on it. */
  async function follow(collection, id, isThere) {
    const { app } = desk;
    const layer = app.layers.get(collection);
    const found = isThere ? await app.fetchData(layer.config, { id }) : null;
    await layer.replace(id, found?.features[0] || null);
    await Promise.all([desk.dataChanged(), desk.followFigures()]);
  }

  function begin(draft, notice) {
    if (open) {
      open.bench.tell(desk.words.tool_open);
      open.bench.head.focus();
      return null;
    }
    open = new Editor(draft);
    return open.start(notice);
  }

  desk.editor = {
    create: (collection) => begin(new Draft({ collection })),
    async edit(item) {
      if (open) {
        begin(null);
        return;
      }
      const { id } = item.feature;
      const collection = item.config.id;
      try {
        await begin(new Draft({ collection, id, ...await desk.service.read(collection, id) }));
      } catch (error) {
        document.querySelector(".stage-status").textContent = error.message;
      }
    },
    restore() {
      const draft = Draft.kept();
      if (!draft) {
        Draft.forget();
        return;
      }
      begin(draft, desk.words.tool_restored);
    },
  };
})(globalThis.gisMap);
