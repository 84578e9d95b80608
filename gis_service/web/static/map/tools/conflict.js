/* Two changed one item: both values side by side, and for each field one is taken. */
"use strict";
(function (gisMap) {
  const { desk, element, Draft, geodesy } = gisMap;
  const PLACE = "geometry";

  /** A value as people read it. */
  function written(draft, name, value, positions) {
    if (name === PLACE) {
      return positions.length === 1 ? positions[0].toReversed().join(", ")
        : desk.say("tool_line_of", { length: desk.metres(geodesy.length(positions)), count: positions.length });
    }
    const field = draft.fields.find((each) => each.name === name);
    return desk.app.writer.text(field, value) ?? (value === null ? "–" : String(value));
  }

  /** What both changed, and what only the other did, as lists of names. */
  function compared(draft, theirs) {
    const mine = draft.changes;
    const before = draft.feature;
    const other = draft.fields.map((field) => field.name)
      .filter((name) => !Draft.same(before.properties[name], theirs.properties[name]));
    const place = Draft.positionsOf(theirs.geometry);
    if (!Draft.same(Draft.positionsOf(before.geometry), place)) {
      other.push(PLACE);
    }
    const own = [...Object.keys(mine), ...(draft.isMoved ? [PLACE] : [])];
    const isSame = (name) => (name === PLACE ? Draft.same(place, draft.now.positions)
      : Draft.same(mine[name], theirs.properties[name]));
    return {
      both: own.filter((name) => other.includes(name) && !isSame(name)),
      theirs: other.filter((name) => !own.includes(name)), place,
    };
  }

  /**
   * Ask which values are taken. `{ feature, etag }` is what stands now; `decided()` runs when the
   * draft holds what was chosen.
   */
  desk.conflict = function (draft, { feature, etag }, decided) {
    const found = compared(draft, feature);
    const taken = new Map(found.both.map((name) => [name, "mine"]));
    const titles = Object.fromEntries(draft.fields.map((field) => [field.name, field.title]));
    titles[PLACE] = desk.words.tool_place;
    const head = element("h3", "", desk.words.tool_conflict);
    head.tabIndex = -1;
    const choice = (name, who, text) => {
      const radio = element("input");
      Object.assign(radio, { type: "radio", name: "take-" + name, value: who, checked: who === "mine" });
      radio.setAttribute("aria-label", `${titles[name]}: ${desk.words["tool_" + who]}, ${text}`);
      radio.addEventListener("change", () => taken.set(name, who));
      return element("label", "", radio, element("span", "", text));
    };
    const rows = found.both.map((name) => {
      const cell = element("th", "", titles[name]);
      cell.scope = "row";
      return element("tr", "", cell,
        element("td", "", choice(name, "mine", written(draft, name, draft.value(name), draft.now.positions))),
        element("td", "", choice(name, "theirs", written(draft, name, feature.properties[name] ?? null, found.place))));
    });
    const heads = ["", desk.words.tool_mine, desk.words.tool_theirs].map((text) => {
      const cell = element("th", "", text);
      cell.scope = "col";
      return cell;
    });
    const rest = found.theirs.map((name) => element("li", "", `${titles[name]}: `,
      written(draft, name, feature.properties[name] ?? null, found.place)));
    const act = desk.button(desk.words.tool_conflict_take, "desk-main", () => {
      const values = Object.fromEntries(Object.entries(draft.changes)
        .filter(([name]) => taken.get(name) !== "theirs"));
      const isMine = draft.isMoved && taken.get(PLACE) !== "theirs";
      draft.rebase(feature, etag, { values, positions: isMine ? draft.now.positions : found.place });
      decided();
    });
    const room = element("section", "conflict", head,
      element("p", "", found.both.length ? desk.words.tool_conflict_both : desk.words.tool_conflict_other),
      found.both.length ? element("table", "facts conflict-table", element("thead", "", element("tr", "", ...heads)), element("tbody", "", ...rows)) : null,
      rest.length ? element("p", "", desk.words.tool_conflict_rest) : null,
      rest.length ? element("ul", "conflict-rest", ...rest) : null, act);
    return { element: room, head };
  };
})(globalThis.gisMap);
