/* Before digging: a line or area of works, and what lies within a distance of it, or may. */
"use strict";
(function (gisMap) {
  const { desk, element } = gisMap;
  const PROCESS = "dig-safe";
  const USUAL_M = 5;
  const MOST_ROWS = 200;
  const LEAST = { LineString: 2, Polygon: 3 };

  desk.dig = function () {
    let kind = "LineString";
    let sketch = null;
    let asked = null;
    const { app, words } = desk;
    const bench = desk.openBench(words.tool_dig, () => {
      asked = null;
      sketch.end();
      desk.lose();
    });
    const answer = element("div", "dig-answer");
    answer.setAttribute("aria-live", "polite");
    const typed = desk.coordinates({ many: true, changed: (positions) => {
      sketch.set(positions);
      change(positions);
    } });
    const distance = element("input");
    Object.assign(distance, { type: "number", id: "dig-distance", min: 0, max: 1000, step: "any", value: USUAL_M, required: true });
    const label = element("label", "", words.tool_dig_distance);
    label.htmlFor = distance.id;
    distance.addEventListener("input", forget);
    const go = desk.button(words.tool_dig_ask, "desk-main", ask);

    /** What was answered holds for other works no more. */
    function forget() {
      if (answer.childElementCount) {
        answer.replaceChildren();
        desk.lose();
      }
      asked = null;
      go.disabled = sketch.positions.length < LEAST[kind] || !distance.checkValidity();
    }

    function change(positions) {
      typed.set(positions);
      forget();
      bench.tell(sketch.isDrawing ? words["tool_dig_draw_" + kind] : "");
    }

    function begin(positions) {
      sketch?.end();
      sketch = new gisMap.Sketch(app, { kind, positions, changed: change });
      change(positions);
    }

    async function ask() {
      const { positions } = sketch;
      const works = kind === "LineString" ? { type: kind, coordinates: positions }
        : { type: kind, coordinates: [[...positions, positions[0]]] };
      const mine = asked = {};
      sketch.setDrawing(false);
      bench.tell("");
      answer.replaceChildren(element("p", "", words.desk_working));
      try {
        const found = await desk.ask(PROCESS, { works, distance_m: distance.valueAsNumber }, { token: desk.token() });
        if (asked === mine) {
          answer.replaceChildren(...told(found));
          mark(found);
          answer.querySelector("h3").focus({ preventScroll: true });
        }
      } catch (error) {
        if (asked === mine) {
          answer.replaceChildren(desk.refusal(error));
        }
      }
    }

    const modes = element("fieldset", "modes", element("legend", "visually-hidden", words.tool_dig_works));
    for (const [value, title] of [["LineString", words.tool_dig_line], ["Polygon", words.tool_dig_area]]) {
      const radio = element("input");
      Object.assign(radio, { type: "radio", name: "dig", value, checked: value === kind });
      radio.addEventListener("change", () => {
        kind = value;
        begin(sketch.positions);
      });
      modes.append(element("label", "", radio, title));
    }
    bench.body.append(modes, typed.element, element("div", "field", label, distance),
      element("div", "bench-actions", go,
        desk.button(words.tool_clear, "desk-ask", () => {
          begin([]);
          app.map.getContainer().focus();
        }),
        desk.button(words.tool_done, "desk-ask", desk.closeBench)), answer);
    begin([]);
  };

  const metres = (value) => desk.numbers.format(Math.round(value * 10) / 10) + " m";

  function told(found) {
    const { words } = desk;
    const near = { count: found.found, distance: metres(found.distance_m) };
    const time = new Intl.DateTimeFormat(desk.app.config.language + "-KE", {
      dateStyle: "medium", timeStyle: "short", timeZone: "Africa/Nairobi",
    }).format(new Date());
    const rule = element("p", "desk-rule", desk.say("tool_dig_rule", { time }));
    const paper = element("div", "bench-actions", desk.button(words.tool_dig_print, "desk-ask", () => print()));
    if (!found.found) {
      return [desk.head(desk.say("tool_dig_none", near)), rule, paper];
    }
    return [
      desk.head(desk.say("tool_dig_found", near)),
      found.is_whole ? null : element("p", "desk-refusal", words.tool_dig_part),
      element("h4", "", words.tool_dig_call),
      desk.table([words.tool_dig_owner, words.tool_dig_things, words.tool_dig_least], found.owners.map((each) => [
        owner(each), desk.numbers.format(each.count), metres(each.least_m),
      ])),
      ...["fibre_links", "structures", "network_nodes"].flatMap((id) => things(found, id)),
      rule, paper,
    ].filter(Boolean);
  }

  function owner({ owner_name: name, website }) {
    const text = name || desk.words.tool_dig_nobody;
    if (!/^https?:\/\//i.test(website || "")) {
      return text;
    }
    const link = element("a", "", website.replace(/^https?:\/\/|\/$/gi, ""));
    Object.assign(link, { href: website, rel: "noreferrer" });
    return element("span", "", text, element("small", "", link));
  }

  function things(found, id) {
    const { words } = desk;
    const theirs = found.features.filter(({ properties }) => properties.collection === id);
    if (!theirs.length) {
      return [];
    }
    const rows = theirs.slice(0, MOST_ROWS).map(({ properties: each, id: item }) => [
      element("span", "", record(id, item, each), element("small", "", each.owner_name || words.tool_dig_nobody)),
      metres(each.distance_m),
      (each.accuracy_known ? "± " : "≈ ") + metres(each.accuracy_m),
      metres(each.least_m),
    ]);
    const rest = theirs.length - rows.length;
    return [
      element("h4", "", words["tool_dig_" + id] + ": " + desk.numbers.format(theirs.length)),
      desk.table([words.tool_dig_thing, words.tool_dig_away, words.tool_dig_accuracy, words.tool_dig_least], rows),
      rest > 0 ? element("p", "", desk.say("desk_more", { count: rest })) : null,
    ];
  }

  function record(collection, id, { name, external_id: key }) {
    const link = element("a", "", name || key);
    link.href = desk.recordAddress(collection, id);
    return link;
  }

  function mark(found) {
    desk.find({
      kind: "cut",
      text: desk.say(found.found ? "tool_dig_found" : "tool_dig_none", {
        count: found.found, distance: metres(found.distance_m),
      }),
      found: found.features.filter(({ geometry }) => geometry)
        .map(({ geometry }) => ({ kind: geometry.type.endsWith("Point") ? "place" : "gone", geometry })),
      back: desk.closeBench,
    });
    desk.look();
  }
})(globalThis.gisMap);
