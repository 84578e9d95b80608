/* The path of an office or node to its gateway: drawn, and told link by link. */
"use strict";
(function (gisMap) {
  const { desk, element } = gisMap;

  desk.question({
    name: "path",
    process: "trace",
    inputs: { office: "office", node: "node" },
    labels: { office: "desk_path_ask", node: "desk_path_ask" },
    written,
    marked(subject, found) {
      const ends = [subject.geometry, desk.item("network_nodes/" + found.end_node)?.feature.geometry];
      return {
        kind: "path",
        text: found.reaches
          ? desk.say("desk_path_strip", {
            name: subject.name, length: desk.metres(found.route_length_m), count: found.features.length,
          })
          : desk.say("desk_path_none", { name: subject.name }),
        found: [
          ...found.features.filter((each) => each.geometry)
            .map((each) => ({ kind: "path", geometry: each.geometry })),
          ...ends.filter(Boolean).map((geometry) => ({ kind: found.reaches ? "place" : "cut", geometry })),
        ],
      };
    },
  });

  function written(subject, found) {
    const room = element("div", "desk-answer");
    if (!found.reaches) {
      room.append(desk.head(desk.say("desk_path_none", { name: subject.name })));
      return room;
    }
    const end = desk.item("network_nodes/" + found.end_node);
    room.append(
      desk.head(desk.say("desk_path_title", { name: subject.name })),
      element("p", "", desk.say("desk_path_length", { length: desk.metres(found.route_length_m) })),
      element("p", "", desk.words["desk_path_ways_" + Math.min(2, found.ways)]),
      element("ol", "desk-path", ...steps(found),
        element("li", "desk-path-end", end ? desk.nameOf(end) : desk.words.desk_path_end)));
    return room;
  }

  function steps(found) {
    const joined = (after) => found.joins.filter((each) => each.after === after).map((each) =>
      element("li", "desk-path-join",
        desk.say("desk_path_join", { name: each.name, network: each.network })));
    return [...joined(0), ...found.features.flatMap((each, at) => [link(each), ...joined(at + 1)])];
  }

  function link({ properties }) {
    const item = desk.item("fibre_links/" + properties.link);
    const name = properties.name || desk.app.words.unnamed;
    return element("li", "",
      item ? desk.button(name, "desk-link", () => desk.open(item)) : name,
      element("small", "", desk.say("desk_path_reached", {
        length: desk.metres(properties.route_length_m), reached: desk.metres(properties.reached_m),
      })));
  }
})(globalThis.gisMap);
