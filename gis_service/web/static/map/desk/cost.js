/* What it would cost to connect an office that is not: the trenches on the map, the sum in its card. */
"use strict";
(function (gisMap) {
  const { desk, element } = gisMap;

  desk.question({
    name: "connect",
    process: "cost-to-connect",
    inputs: { office: "office" },
    labels: { office: "desk_cost_ask" },
    fits: (item) => item.feature.properties.connection !== "connected",
    written,
    marked: (subject, found) => ({
      kind: "path",
      text: found.offices.connect
        ? desk.say("desk_cost_strip", { name: subject.name, cost: desk.kes(found.cost_kes), length: desk.metres(found.trench_m) })
        : desk.say("desk_cost_none", { name: subject.name }),
      found: [
        ...found.features.filter((each) => each.properties.role === "trench" && each.geometry)
          .map((each) => ({ kind: "path", geometry: each.geometry })),
        { kind: "place", geometry: subject.geometry },
      ],
    }),
  });

  function written(subject, found) {
    const room = element("div", "desk-answer");
    if (!found.offices.connect) {
      room.append(desk.head(desk.say("desk_cost_none", { name: subject.name })));
      return room;
    }
    const trench = found.features.find((each) => each.properties.role === "trench");
    const from = trench && desk.item("network_nodes/" + trench.properties.access_point);
    const rows = [
      [desk.words.desk_cost_trench, desk.metres(found.trench_m)],
      from && [desk.words.desk_cost_from, desk.nameOf(from)],
      [desk.words.desk_cost_person, found.kes_per_beneficiary === null
        ? desk.words.desk_unknown : desk.kes(found.kes_per_beneficiary)],
    ].filter(Boolean).map(([title, value]) => element("div", "", element("dt", "", title), element("dd", "", value)));
    room.append(
      desk.head(desk.say("desk_cost_title", { name: subject.name })),
      element("p", "desk-figure", element("b", "", desk.kes(found.cost_kes))),
      element("dl", "card-fields", ...rows),
      element("p", "desk-rule", desk.words["desk_cost_" + found.method]),
      element("ul", "desk-rule", ...Object.values(found.unit_costs).map(
        ({ amount, source }) => element("li", "", desk.numbers.format(amount) + ": " + source))));
    return room;
  }

  /** An amount of money; whole thousands where it is large. */
  desk.kes = (amount) => "KES " + desk.numbers.format(
    amount >= 100_000 ? Math.round(amount / 1000) * 1000 : Math.round(amount * 100) / 100);
})(globalThis.gisMap);
