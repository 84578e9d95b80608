/* Figures of the wards in given circumstances, from the process that tells coverage. */
"use strict";
(function (gisMap) {
  const { desk } = gisMap;
  const DAY = /^\d{4}-\d\d-\d\d$/;

  /** What the process is asked, from what stands in the address. */
  function inputsOf(at, theme) {
    const inputs = { by: "ward", shapes: "false" };
    if (theme) {
      inputs.theme = theme;
    }
    if (at === "planned") {
      inputs.plan = "true";
    } else if (DAY.test(at)) {
      inputs.day = at;
      if (at > new Date().toISOString().slice(0, 10)) {
        inputs.plan = "true";
      }
    } else if (at && at !== "now") {
      inputs.scenario = at;
    }
    return inputs;
  }

  /** { wards: values by code, whole, indicator, readAt }; a value is null for no data. */
  async function figures(indicator, theme, at) {
    const found = await desk.ask("coverage", inputsOf(at, theme));
    const declared = found.indicators.find((each) => each.id === indicator);
    return {
      wards: new Map(found.features.map(
        ({ properties }) => [properties.key, properties[indicator] ?? null])),
      whole: found.whole.values[indicator] ?? null,
      indicator: declared,
      readAt: found.read_at,
    };
  }

  /**
   * The figures to show: of each ward { value } or, when two are compared,
   * { before, value, change }.
   */
  desk.figures = async function ({ indicator, theme, at, against }) {
    const [after, before] = await Promise.all([
      figures(indicator, theme, at), against ? figures(indicator, theme, against) : null,
    ]);
    const told = (value, earlier) => (before
      ? { value, before: earlier, change: value === null || earlier === null ? null : round(value - earlier) }
      : { value });
    const wards = new Map([...after.wards].map(
      ([code, value]) => [code, told(value, before ? before.wards.get(code) ?? null : null)]));
    return {
      indicator: after.indicator, readAt: after.readAt, compared: Boolean(before), wards,
      whole: told(after.whole, before && before.whole),
    };
  };

  const round = (value) => Math.round(value * 1000) / 1000;
})(globalThis.gisMap);
