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
    marked(subject, found) {
      const offices = found.features.filter((each) => each.geometry);
      const marks = offices.map((each) => ({ kind: each.properties.effect, geometry: each.geometry }));
      const { cut, degraded } = found.total;
      return {
        text: desk.say("desk_cut_strip", {
          name: subject.name, cut: cut.offices, degraded: degraded.offices,
        }),
        found: [{ kind: "cut", geometry: subject.geometry }, ...marks.reverse()],
      };
    },
  });

  function written(subject, found) {
    const { cut, degraded } = found.total;
    const title = ["node", "site"].includes(subject.kind) ? "desk_cut_title_node" : "desk_cut_title";
    const head = element("h3", "", desk.say(title, { name: subject.name }));
    head.tabIndex = -1;
    const room = element("div", "desk-answer", head);
    if (cut.offices + degraded.offices === 0) {
      room.append(element("p", "", desk.words.desk_nothing_lost));
    } else {
      room.append(element("ul", "desk-counts",
        count("cut", cut.offices, desk.words.desk_cut_offices),
        count("degraded", degraded.offices, desk.words.desk_degraded_offices)));
      if (cut.offices) {
        room.append(element("p", "", people(cut)));
      }
      room.append(
        grouped(desk.words.desk_by_ward, found.by_ward, desk.wardName),
        grouped(desk.words.desk_by_theme, found.by_theme, desk.themeName),
        named(found));
    }
    room.append(element("p", "desk-rule", desk.words.desk_cut_rule));
    return room;
  }

  const count = (kind, number, text) => element("li", "is-" + kind,
    element("b", "", desk.numbers.format(number)), text);

  function people(hit) {
    if (hit.offices_unknown === hit.offices) {
      return desk.words.desk_people_none;
    }
    const key = hit.offices_unknown ? "desk_people_some" : "desk_people";
    return desk.say(key, { people: hit.beneficiaries, unknown: hit.offices_unknown });
  }

  function grouped(head, groups, nameOf) {
    const rows = Object.entries(groups).map(([key, hit]) => [
      nameOf(key), desk.numbers.format(hit.cut.offices), desk.numbers.format(hit.degraded.offices),
    ]);
    return desk.table([head, desk.words.desk_cut_short, desk.words.desk_degraded_short], rows);
  }

  function named(found) {
    const offices = found.features.filter((each) => each.properties.effect === "cut");
    if (!offices.length) {
      return null;
    }
    const list = element("ul", "desk-names", ...offices.slice(0, MOST_NAMED).map((each) =>
      element("li", "", desk.office(each))));
    const rest = found.total.cut.offices - Math.min(MOST_NAMED, offices.length);
    if (rest > 0) {
      list.append(element("li", "", desk.say("desk_more", { count: rest })));
    }
    return list;
  }

  /** An office's name, leading to it where it is on the map. */
  desk.office = function (feature) {
    const name = feature.properties.name || desk.app.words.unnamed;
    const item = desk.item("offices/" + feature.id);
    return item ? desk.button(name, "desk-link", () => desk.app.show(item, { focus: true })) : name;
  };

  desk.wardName = function (code) {
    const ward = desk.app.wards.get(code);
    return ward ? desk.nameOf(ward) : code || desk.words.desk_no_ward;
  };

  desk.themeName = (code) => gisMap.pick(desk.app.config.desk.themes, code, code || desk.words.desk_no_theme);
})(globalThis.gisMap);
