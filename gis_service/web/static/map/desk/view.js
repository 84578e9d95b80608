/* What the wards are coloured by: chosen in the panel, kept in the address, told beside the map. */
"use strict";
(function (gisMap) {
  const { desk, element } = gisMap;
  const NAMES = ["indicator", "theme", "at", "against"];
  const DAY = /^\d{4}-\d\d-\d\d$/;
  let part = null;
  let controls = null;
  let usual = null;
  let view = null;

  desk.onStart(function (app) {
    part = document.querySelector(".desk-part[data-part=view]");
    const layer = app.config.layers.find((each) => each.style === "indicator");
    if (!part || !layer || !app.layers.has(layer.id)) {
      return;
    }
    part.hidden = false;
    controls = Object.fromEntries([...part.querySelectorAll("select, [name=day]")]
      .map((each) => [each.name, each]));
    usual = { indicator: controls.indicator.value, layer: app.layers.get(layer.id), legend: legendOf(layer.id) };
    for (const name of NAMES) {
      controls[name].addEventListener("change", () => choose(name));
    }
    controls.day.addEventListener("change", addDay);
    startTimeline();
    desk.onChange(NAMES, show);
  });

  function choose(name) {
    const value = controls[name].value;
    desk.write({ [name]: name === "indicator" && value === usual.indicator ? null : value });
  }

  /** Another day to choose from, which becomes the situation. */
  function addDay() {
    const day = controls.day.value;
    if (DAY.test(day)) {
      offer(day);
      desk.write({ at: day });
    }
  }

  function offer(day) {
    for (const list of [controls.at, controls.against]) {
      if (![...list.options].some((option) => option.value === day)) {
        let group = list.querySelector("optgroup.is-days");
        if (!group) {
          group = element("optgroup", "is-days");
          group.label = desk.words.desk_at_days;
          list.append(group);
        }
        group.append(new Option(desk.day(day), day));
      }
    }
  }

  desk.day = (day) => new Intl.DateTimeFormat(desk.app.config.language + "-KE", {
    dateStyle: "medium", timeZone: "UTC",
  }).format(new Date(day + "T00:00:00Z"));

  /** The slider of the phases: their ends and today, in the order of time. */
  function startTimeline() {
    const slider = part.querySelector("[type=range]");
    const today = new Date().toISOString().slice(0, 10);
    const ends = [...controls.at.options].map((option) => option.value).filter((value) => DAY.test(value));
    const steps = [...ends.map((day) => ({ day, at: day })), { day: today, at: "" }]
      .sort((a, b) => a.day.localeCompare(b.day));
    part.querySelector(".view-timeline").hidden = ends.length === 0;
    slider.max = String(steps.length - 1);
    part.querySelector("datalist").append(...steps.map((_, i) => new Option("", String(i))));
    slider.addEventListener("input", () => desk.write({ at: steps[slider.value].at }));
    usual.turn = function (at) {
      const i = steps.findIndex((step) => step.at === at);
      const title = titleOf(controls.at, at);
      slider.value = String(i < 0 ? steps.findIndex((step) => !step.at) : i);
      slider.setAttribute("aria-valuetext", title);
      part.querySelector("output").textContent = title;
    };
  }

  const titleOf = (list, value) => [...list.options].find((option) => option.value === value)?.text ?? value;

  async function show(indicator, theme, at, against) {
    for (const day of [at, against]) {
      if (day && DAY.test(day)) {
        offer(day);
      }
    }
    const asked = {
      indicator: indicator || usual.indicator, theme: theme || "", at: at || "", against: against || "",
    };
    for (const name of NAMES) {
      controls[name].value = asked[name];
    }
    usual.turn(asked.at);
    if (!indicator && !theme && !at && !against) {
      view = null;
      desk.view = null;
      paintUsual();
      return;
    }
    part.open = true;
    view = asked;
    const room = desk.viewRoom();
    room.replaceChildren(element("p", "", desk.words.desk_working));
    try {
      const found = await desk.figures(asked);
      if (view === asked) {
        paint(found);
        desk.tellView(room, describe(asked, found), found);
      }
    } catch (error) {
      if (view === asked) {
        room.replaceChildren(desk.refusal(error));
      }
    }
  }

  /** What is shown, in words. */
  function describe(asked, found) {
    const [at, against] = ["at", "against"].map((name) => titleOf(controls[name], asked[name]));
    return [
      asked.against ? desk.say("desk_view_difference", { at, against })
        : desk.say("desk_view_situation", { at }),
      asked.theme && desk.say("desk_view_theme", { theme: desk.themeName(asked.theme) }),
      found.indicator.definition,
    ].filter(Boolean);
  }

  const painted = (found) => (each) => (found.compared ? each?.change : each?.value) ?? null;

  function paint(found) {
    const of = painted(found);
    const codes = [...desk.app.wards.keys()];
    const known = codes.map((code) => of(found.wards.get(code))).filter((value) => value !== null);
    const ramp = known.length ? (found.compared ? desk.changes : desk.ramp)(found.indicator, known)
      : { rows: [], classOf: () => null };
    const counts = new Map();
    for (const [code, item] of desk.app.wards) {
      const figure = found.wards.get(code);
      const value = of(figure);
      const tone = value === null ? "area-none" : ramp.rows[ramp.classOf(value)].tone;
      item.feature.computed.view = { tone, none: value === null, text: desk.told(found, figure) };
      counts.set(tone, (counts.get(tone) || 0) + 1);
    }
    desk.view = found;
    drawLegend(found, ramp, counts);
    repaint();
  }

  function paintUsual() {
    for (const item of desk.app.wards.values()) {
      delete item.feature.computed.view;
    }
    usual.legend.restore();
    desk.tellUsual();
    repaint();
  }

  function repaint() {
    usual.layer.restyle();
    desk.app.restack();
    desk.refresh();
  }

  /** A figure as text. */
  desk.told = function (found, figure) {
    const { unit } = found.indicator;
    const text = (value) => (value === null || value === undefined ? desk.app.words.no_data : desk.shown(value, unit));
    if (!found.compared) {
      return text(figure?.value);
    }
    return figure && figure.change !== null ? desk.signed(figure.change, unit) : desk.app.words.no_data;
  };

  desk.onCard(function (item) {
    const figure = desk.view && item.config.style === "indicator"
      && desk.view.wards.get(String(item.feature.properties.code));
    if (!figure) {
      return null;
    }
    const { indicator, compared } = desk.view;
    const text = (value) => (value === null ? desk.app.words.no_data : desk.shown(value, indicator.unit));
    const room = element("div", "desk-answer", element("p", "desk-figure",
      element("b", "", desk.told(desk.view, figure)), " ", indicator.title));
    if (compared) {
      room.append(element("p", "", desk.say("desk_view_change", {
        before: text(figure.before), after: text(figure.value),
      })));
    }
    return room;
  });

  /** The legend of the wards, which can be restored. */
  function legendOf(id) {
    const group = document.querySelector(`.legend fieldset[data-layer="${CSS.escape(id)}"]`);
    const [note, list, rest] = [".legend-note", ".legend-ramp", ".legend-rows"].map((name) => group.querySelector(name));
    const kept = { note: note.textContent, rows: [...list.children], none: rest.querySelector(".count").textContent };
    return {
      note, list, count: rest.querySelector(".count"),
      restore() {
        note.textContent = kept.note;
        list.replaceChildren(...kept.rows);
        this.count.textContent = kept.none;
      },
    };
  }

  function drawLegend(found, ramp, counts) {
    const { legend } = usual;
    const { indicator } = found;
    const unit = found.compared && indicator.unit === "%" ? desk.words.desk_points : indicator.unit;
    legend.note.textContent = indicator.title + (found.compared ? " (" + desk.words.desk_change + ")" : "")
      + (unit ? ", " + unit : "");
    legend.list.replaceChildren(...ramp.rows.map((row) => {
      const short = element("span", "", row.short);
      short.setAttribute("aria-hidden", "true");
      const made = element("li", "", element("span", "swatch " + row.tone), short,
        element("span", "visually-hidden", row.title));
      made.title = row.title;
      return made;
    }));
    legend.count.textContent = desk.numbers.format(counts.get("area-none") || 0);
    legend.count.closest("li").hidden = false;
  }
})(globalThis.gisMap);
