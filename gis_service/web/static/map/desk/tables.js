/* Tables beside the map, with the filter of the map: wards, then the offices of the chosen ward. */
"use strict";
(function (gisMap) {
  const { desk, element } = gisMap;
  const MOST = 200;
  let room = null;

  /** Where the figures of a chosen view stand. */
  desk.viewRoom = function () {
    if (!room) {
      room = element("div", "desk-room view-room");
      room.setAttribute("aria-live", "polite");
      document.querySelector(".desk-part[data-part=view]").append(room);
    }
    document.querySelector(".atlas").dataset.view = "chosen";
    return room;
  };

  desk.tellUsual = function () {
    room?.replaceChildren();
    delete document.querySelector(".atlas").dataset.view;
  };

  desk.tellView = function (into, sentences, found) {
    const { indicator } = found;
    const source = indicator.source && indicator.source !== "ours" ? indicator.source : desk.words.desk_view_ours;
    const time = new Intl.DateTimeFormat(desk.app.config.language + "-KE", {
      dateStyle: "medium", timeStyle: "short", timeZone: "Africa/Nairobi",
    }).format(new Date(found.readAt));
    into.replaceChildren(
      element("p", "desk-figure is-large", element("b", "", desk.told(found, found.whole)), " ", indicator.title),
      ...sentences.map((text) => element("p", "desk-rule", text)),
      element("p", "desk-rule", desk.say("desk_view_source", { source }), " ", desk.say("desk_view_read", { time })),
      wards(found),
      desk.button(desk.words.desk_reset, "desk-ask", () => desk.write(
        { indicator: null, theme: null, at: null, against: null })));
  };

  function wards(found) {
    const { words } = desk;
    const { unit } = found.indicator;
    const text = (value) => (value === null || value === undefined ? "–" : desk.shown(value, unit));
    const heads = found.compared
      ? [desk.app.words.ward, words.desk_before, words.desk_after, words.desk_change]
      : [desk.app.words.ward, words.desk_value + (unit && unit !== "%" ? ", " + unit : "")];
    const worst = found.indicator.more_is_better === false ? -1 : 1;
    const order = (figure) => {
      const value = (found.compared ? figure?.change : figure?.value) ?? null;
      return value === null ? Infinity : worst * value;
    };
    const rows = [...desk.app.wards].map(([code, item]) => ({ item, figure: found.wards.get(code) }))
      .sort((a, b) => order(a.figure) - order(b.figure) || desk.nameOf(a.item).localeCompare(desk.nameOf(b.item)));
    const table = desk.table(heads, rows.map(({ item, figure }) => {
      const told = item.feature.computed.view;
      const last = element("span", "share", told.text, element("span", "swatch " + told.tone));
      return found.compared
        ? [name(item), text(figure?.before), text(figure?.value), last] : [name(item), last];
    }));
    table.classList.add("view-wards");
    return table;
  }

  function name(item) {
    const made = desk.button(desk.nameOf(item), "desk-link", () => {
      desk.app.sheet("peek");
      desk.app.show(item, { focus: true, back: made });
    });
    return made;
  }

  /** The offices of a ward, in its card. */
  desk.onCard(function (item) {
    const offices = [...desk.app.layers.values()].find((layer) => layer.config.style === "office");
    if (item.config.style !== "indicator" || !offices) {
      return null;
    }
    if (offices.payload.overview) {
      return null;
    }
    const theme = desk.read("theme");
    const found = offices.points.filter((office) => office.feature.properties.ward === item.feature.properties.code
      && (!theme || office.feature.properties.theme === theme));
    const list = element("details", "ward-offices", element("summary", "",
      desk.words.desk_office_list + ": " + desk.numbers.format(found.length)));
    list.addEventListener("toggle", () => {
      if (list.open && list.childElementCount === 1) {
        list.append(officeTable(offices.config, found));
      }
    });
    return list;
  });

  function officeTable(config, found) {
    const field = config.fields.find((each) => each.name === "connection");
    const rows = [...found].sort((a, b) => desk.nameOf(a).localeCompare(desk.nameOf(b))).slice(0, MOST);
    return desk.table([desk.words.desk_office, desk.words.desk_connection], rows.map((office) => [
      desk.button(desk.nameOf(office), "desk-link", () => desk.open(office)),
      desk.app.writer.text(field, office.feature.properties.connection) || desk.words.desk_unknown,
    ]));
  }
})(globalThis.gisMap);
