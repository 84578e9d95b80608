/* Classes for the values of an indicator: where each begins, its colour and its words. */
"use strict";
(function (gisMap) {
  const { desk } = gisMap;
  const SHARES = [20, 40, 60, 80];
  const COLOURS = 5;

  const shown = (value, unit) => (unit === "%"
    ? desk.numbers.format(Math.round(value * 10) / 10) + "%" : desk.numbers.format(value));

  /**
   * Classes of an indicator's values: { classOf(value), rows }, a row being its colour's token,
   * its title and what stands below its colour. No data has no class.
   */
  desk.ramp = function (indicator, values) {
    const breaks = breaksOf(indicator, values);
    const unit = indicator.unit;
    const steps = breaks.length + 1;
    const rows = Array.from({ length: steps }, (_, i) => {
      const [from, to] = [breaks[i - 1], breaks[i]];
      const step = steps === 1 ? COLOURS - 1 : Math.round((i * (COLOURS - 1)) / (steps - 1));
      const { words } = desk;
      const said = { from: shown(from ?? 0, ""), to: shown(to ?? 0, ""), unit: unit && unit !== "%" ? " " + unit : unit };
      const phrase = from === undefined ? words.class_first : to === undefined ? words.class_last : words.class_range;
      return {
        tone: "area-" + step,
        title: steps === 1 ? shown(values[0] ?? 0, unit) : phrase.replace(/\{(\w+)\}/g, (_match, name) => said[name]),
        short: steps === 1 ? shown(values[0] ?? 0, unit)
          : from === undefined ? "<" + said.to : to === undefined ? "≥" + said.from : said.from + "–" + said.to,
      };
    });
    return { rows, classOf: (value) => breaks.filter((each) => each <= value).length };
  };

  function breaksOf(indicator, values) {
    const own = gisMap.pick(desk.app.config.desk.breaks, indicator.id);
    if (own || indicator.unit === "%") {
      return own || SHARES;
    }
    const sorted = [...values].sort((a, b) => a - b);
    const cuts = [0.2, 0.4, 0.6, 0.8].map((part) => nice(sorted[Math.floor(part * sorted.length)]));
    return [...new Set(cuts)].filter((each) => each > sorted[0] && each <= sorted.at(-1));
  }

  /** A value with two digits, for an edge that people can read. */
  function nice(value) {
    if (!value) {
      return 0;
    }
    const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.abs(value))) - 1);
    return Math.round(value / unit) * unit;
  }

  /** The same for changes: much and little less, none, little and much more. */
  desk.changes = function (indicator, values) {
    const sizes = values.map(Math.abs).filter((each) => each > 0).sort((a, b) => a - b);
    const much = nice(sizes[Math.floor(sizes.length / 2)] || 1) || 1;
    const unit = indicator.unit === "%" ? " " + desk.words.desk_points : indicator.unit && " " + indicator.unit;
    const [less, more] = ["−", "+"].map((sign) => sign + desk.numbers.format(much));
    const phrases = ["desk_less", "desk_little_less", "desk_same", "desk_little_more", "desk_more_than"];
    const shorts = ["≤" + less, "<0", "0", ">0", "≥" + more];
    return {
      rows: phrases.map((key, i) => ({
        tone: "diff-" + i, title: desk.say(key, { to: (i < 2 ? less : more) + unit }), short: shorts[i],
      })),
      classOf: (change) => (change === 0 ? 2 : change < 0 ? (change <= -much ? 0 : 1) : change >= much ? 4 : 3),
    };
  };

  desk.shown = shown;

  /** A change, with its sign. */
  desk.signed = (value, unit) => (value > 0 ? "+" : value < 0 ? "−" : "±")
    + shown(Math.abs(value), unit).replace("%", "") + (unit === "%" ? " " + desk.words.desk_points : "");
})(globalThis.gisMap);
