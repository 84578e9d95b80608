/* Distance and area, measured by clicking or typing; the result can be copied. */
"use strict";
(function (gisMap) {
  const { desk, element, geodesy } = gisMap;
  const MOST_LEGS = 30;

  const square = (m2) => (m2 < 100_000 ? desk.numbers.format(Math.round(m2)) + " m²"
    : desk.numbers.format(Math.round(m2 / 10_000) / 100) + " km²");

  desk.measure = function () {
    let kind = "LineString";
    let sketch = null;
    const bench = desk.openBench(desk.words.tool_measure, () => sketch.end());
    const result = element("dl", "measured");
    const legs = element("ol", "measured-legs");
    const copy = desk.button(desk.words.tool_copy, "desk-ask", copyResult);
    const typed = desk.coordinates({ many: true, changed: (positions) => {
      sketch.set(positions);
      tell(positions);
    } });

    function begin(positions) {
      sketch?.end();
      sketch = new gisMap.Sketch(desk.app, { kind, positions, changed: tell });
      tell(positions);
    }

    function rows(positions) {
      if (kind === "LineString") {
        return [[desk.words.tool_distance, desk.metres(geodesy.length(positions))]];
      }
      const ring = positions.length > 2 ? [...positions, positions[0]] : positions;
      return [
        [desk.words.tool_area, positions.length > 2 ? square(geodesy.area(positions)) : "–"],
        [desk.words.tool_perimeter, desk.metres(geodesy.length(ring))],
      ];
    }

    function tell(positions) {
      typed.set(positions);
      result.replaceChildren(...rows(positions).map(([title, value]) => element(
        "div", "", element("dt", "", title), element("dd", "", value))));
      const found = kind === "LineString" && positions.length > 2 ? positions.slice(1) : [];
      legs.replaceChildren(...found.slice(0, MOST_LEGS).map(
        (at, i) => element("li", "", desk.metres(geodesy.distance(positions[i], at)))));
      copy.disabled = positions.length < 2;
      bench.tell(sketch.isDrawing ? desk.words.tool_measure_hint : "");
    }

    async function copyResult() {
      const text = [...rows(sketch.positions).map((row) => row.join(": ")), typed.box.value].join("\n");
      try {
        await navigator.clipboard.writeText(text);
        bench.tell(desk.words.tool_copied);
      } catch {
        bench.tell(desk.words.tool_not_copied);
        typed.box.select();
      }
    }

    const modes = element("fieldset", "modes", element("legend", "visually-hidden", desk.words.tool_measure));
    for (const [value, title] of [["LineString", desk.words.tool_distance], ["Polygon", desk.words.tool_area]]) {
      const radio = element("input");
      Object.assign(radio, { type: "radio", name: "measure", value, checked: value === kind });
      radio.addEventListener("change", () => {
        kind = value;
        begin(sketch.positions);
      });
      modes.append(element("label", "", radio, title));
    }
    bench.body.append(modes, result, legs, typed.element, element("div", "bench-actions", copy,
      desk.button(desk.words.tool_clear, "desk-ask", () => {
        begin([]);
        desk.app.map.getContainer().focus();
      }),
      desk.button(desk.words.tool_done, "desk-ask", desk.closeBench)));
    begin([]);
  };
})(globalThis.gisMap);
