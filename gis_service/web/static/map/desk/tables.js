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
    const text = (value) => (value === null || value === undefined ? "–" : desk.shown(value, found.indicator.unit));
    const heads = found.compared
      ? [desk.app.words.ward, words.desk_before, words.desk_after, words.desk_change]
      : [desk.app.words.ward, words.desk_value];
    const order = (figure) => (found.compared ? figure?.change : figure?.value) ?? Infinity;
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

  /** The offices of a ward, in its card; an edge belongs to the ward with the lowest code. */
  desk.onCard(function (item) {
    const offices = [...desk.app.layers.values()].find((layer) => layer.config.style === "office");
    if (item.config.style !== "indicator" || !offices) {
      return null;
    }
    const theme = desk.read("theme");
    const found = offices.points.filter((office) => desk.wardOf(office) === item
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

  /** The ward that an office lies in, by the outlines of the map. */
  desk.wardOf = function (office) {
    if (office.ward === undefined) {
      const wards = [...desk.app.wards].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, ward]) => ward);
      office.ward = wards.find((ward) => ward.bounds.contains(office.at)
        && holds(ward.feature.geometry, office.at)) || null;
    }
    return office.ward;
  };

  const holds = (geometry, at) => (geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates)
    .some((rings) => rings.reduce((inside, ring) => inside !== crosses(ring, at), false));

  /** Whether a ray to the east crosses a ring an odd number of times. */
  function crosses(ring, { lng, lat }) {
    let odd = false;
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
      const [[x, y], [u, v]] = [ring[i], ring[j]];
      if ((y > lat) !== (v > lat) && lng < ((u - x) * (lat - y)) / (v - y) + x) {
        odd = !odd;
      }
    }
    return odd;
  }
})(globalThis.gisMap);
