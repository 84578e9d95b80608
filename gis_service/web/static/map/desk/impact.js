/* What if this is cut: asked in the card of a link or node, marked on the map. */
"use strict";
(function (gisMap) {
  const { desk, element } = gisMap;
  const MOST_NAMED = 12;

  desk.impact = desk.question({
    name: "cut",
    process: "outage-impact",
    inputs: { link: "links", node: "nodes", trench: "trench", site: "site" },
    labels: { link: "desk_cut_ask", node: "desk_cut_ask_node" },
    written,
    marked: (subject, found) => ({
      kind: "cut",
      text: desk.say("desk_cut_strip", {
        name: subject.name, cut: found.cut_offices, degraded: found.degraded_offices,
      }),
      found: found.features.filter((each) => each.geometry)
        .map((each) => ({ kind: each.properties.effect, geometry: each.geometry }))
        .sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind)),
    }),
  });

  const ORDER = ["gone", "degraded", "cut"];

  function written(subject, found) {
    const title = ["node", "site"].includes(subject.kind) ? "desk_cut_title_node" : "desk_cut_title";
    const room = element("div", "desk-answer", desk.head(desk.say(title, { name: subject.name })));
    if (found.cut_offices + found.degraded_offices === 0) {
      room.append(element("p", "", desk.words.desk_nothing_lost));
    } else {
      room.append(element("ul", "desk-counts",
        count("cut", found.cut_offices, desk.words.desk_cut_offices),
        count("degraded", found.degraded_offices, desk.words.desk_degraded_offices)));
      if (found.cut_offices) {
        room.append(element("p", "", people(found)), named(found));
      }
      room.append(
        grouped(desk.words.desk_by_ward, found.by_ward, (row) => desk.wardName(row.ward)),
        grouped(desk.words.desk_by_theme, found.by_theme, (row) => desk.themeName(row.theme)));
    }
    room.append(element("p", "desk-rule", desk.words.desk_cut_rule));
    return room;
  }

  const count = (kind, number, text) => element("li", "is-" + kind,
    element("b", "", desk.numbers.format(number)), text);

  function people({ cut_offices: offices, cut_beneficiaries: people, cut_offices_unknown: unknown }) {
    if (unknown === offices) {
      return desk.words.desk_people_none;
    }
    return desk.say(unknown ? "desk_people_some" : "desk_people", { people, unknown });
  }

  function grouped(head, rows, nameOf) {
    return desk.table([head, desk.words.desk_cut_short, desk.words.desk_degraded_short],
      rows.map((row) => [nameOf(row), ...[row.cut_offices, row.degraded_offices].map(desk.numbers.format)]));
  }

  function named(found) {
    const offices = found.features.filter((each) => each.properties.effect === "cut").slice(0, MOST_NAMED);
    const list = element("ul", "desk-names", ...offices.map((each) => element("li", "", desk.office(each))));
    const rest = found.cut_offices - offices.length;
    if (rest > 0) {
      list.append(element("li", "", desk.say("desk_more", { count: rest })));
    }
    return list;
  }

  /** An office's name, leading to it where it is on the map. */
  desk.office = function (feature) {
    const name = feature.properties.name || desk.app.words.unnamed;
    const item = desk.item("offices/" + feature.id);
    return item ? desk.button(name, "desk-link", () => desk.open(item)) : name;
  };

  desk.wardName = function (code) {
    const ward = desk.app.wards.get(code);
    return ward ? desk.nameOf(ward) : code || desk.words.desk_no_ward;
  };

  desk.themeName = (code) => gisMap.pick(desk.app.config.desk.themes, code, code || desk.words.desk_no_theme);
})(globalThis.gisMap);
