/* Single points of failure: ranked in the panel, numbered on the map, each leading to the other. */
"use strict";
(function (gisMap) {
  const { desk, element } = gisMap;
  const PROCESS = "single-points-of-failure";
  const MOST = 50;
  let part = null;
  let marks = null;
  let points = null;

  desk.onStart(function (app) {
    part = document.querySelector(".desk-part[data-part=weak]");
    if (!part || !desk.may(PROCESS)) {
      return;
    }
    part.hidden = false;
    app.map.createPane("weak").style.zIndex = 620;
    marks = L.layerGroup();
    part.addEventListener("toggle", () => desk.write({ weak: part.open ? "1" : null }));
    desk.onChange(["weak"], (on) => (on ? open() : close()));
    desk.onAnswer(choose);
  });

  async function open() {
    part.open = true;
    marks.addTo(desk.app.map);
    if (points) {
      return;
    }
    const room = part.querySelector(".desk-room");
    room.replaceChildren(element("p", "", desk.words.desk_working));
    try {
      const found = await desk.ask(PROCESS, { limit: String(MOST) });
      points = found.features.map(pointOf);
      tell(room, found);
    } catch (error) {
      room.replaceChildren(desk.refusal(error));
    }
  }

  function close() {
    part.open = false;
    marks.remove();
  }

  function pointOf(feature, index) {
    const told = feature.properties;
    const layer = desk.app.config.layers.find((each) => each.style === told.kind);
    const id = told.link || told.node || told.trench;
    const key = (layer ? layer.id : told.kind) + "/" + id;
    const name = told.name || told.trench || desk.app.words.unnamed;
    desk.titles.set(key, name);
    return { rank: index + 1, key, name, told, at: middle(feature.geometry) };
  }

  function tell(room, found) {
    if (!points.length) {
      room.replaceChildren(element("p", "", desk.words.desk_weak_none));
      return;
    }
    const list = element("ol", "weak-list", ...points.map(row));
    const all = Object.keys(found).filter((name) => name.endsWith("_count"));
    const rest = all.reduce((sum, name) => sum + found[name], 0) - points.length;
    room.replaceChildren(...[
      list, rest > 0 ? element("p", "", desk.say("desk_more", { count: rest })) : null,
      element("p", "desk-rule", desk.words.desk_weak_rule),
    ].filter(Boolean));
    for (const point of points) {
      if (point.at) {
        point.mark = markOf(point).addTo(marks);
      }
    }
    choose();
  }

  function row(point) {
    const { told } = point;
    const people = told.offices_unknown === told.offices ? desk.words.desk_unknown
      : (told.offices_unknown ? "≥ " : "") + desk.numbers.format(told.beneficiaries);
    const more = told.offices ? desk.words.desk_weak_people + " " + people
      : desk.say("desk_weak_nodes", { count: told.nodes_dark });
    const button = desk.button("", "weak-point", () => turn(point));
    button.append(element("span", "weak-rank", String(point.rank)),
      element("span", "weak-name", point.name, element("small", "", desk.words["desk_kind_" + told.kind])),
      element("span", "weak-counts", element("b", "", desk.numbers.format(told.offices)), " ",
        desk.words.desk_weak_offices, element("small", "", more)));
    button.setAttribute("aria-expanded", "false");
    point.button = button;
    point.room = element("div", "weak-answer");
    point.room.hidden = true;
    point.row = element("li", "", button, point.room);
    for (const [event, on] of [["mouseenter", true], ["mouseleave", false], ["focusin", true], ["focusout", false]]) {
      point.row.addEventListener(event, () => point.mark && light(point, on));
    }
    return point.row;
  }

  function markOf(point) {
    const name = element("span", "weak-rank", String(point.rank));
    const icon = L.divIcon({ html: name, className: "weak-mark", iconSize: [26, 26] });
    const title = desk.say("desk_weak_mark", { rank: point.rank, name: point.name, offices: point.told.offices });
    const mark = L.marker(point.at, { icon, pane: "weak", title, alt: title, keyboard: true });
    const choosePoint = () => {
      turn(point);
      point.row.scrollIntoView({ block: "nearest" });
    };
    mark.on("click", choosePoint);
    mark.on("keydown", ({ originalEvent }) => {
      if (["Enter", " "].includes(originalEvent.key)) {
        originalEvent.preventDefault();
        choosePoint();
      }
    });
    mark.on("add", () => mark.getElement().setAttribute("aria-label", title));
    mark.on("mouseover", () => light(point, true));
    mark.on("mouseout", () => light(point, false));
    return mark;
  }

  function turn(point) {
    if (desk.impact.answer(point.key)) {
      desk.impact.back();
    } else {
      desk.app.map.closePopup();
      desk.impact.ask(point.key);
    }
  }

  function light(point, on) {
    point.row.classList.toggle("is-lit", on);
    point.mark.getElement()?.classList.toggle("is-lit", on);
  }

  /** The one that is asked about stands out in both, with its answer below it. */
  function choose() {
    for (const point of points || []) {
      const answer = desk.impact.answer(point.key);
      point.room.replaceChildren(...(answer ? [answer] : []));
      point.room.hidden = !answer;
      point.button.setAttribute("aria-expanded", String(Boolean(answer)));
      point.row.classList.toggle("is-chosen", Boolean(answer));
      point.mark?.getElement()?.classList.toggle("is-chosen", Boolean(answer));
    }
  }

  /** A place on a geometry, near the middle of its longest line. */
  function middle(geometry) {
    if (!geometry) {
      return null;
    }
    const longest = partsOf(geometry).reduce((best, line) => (line.length > best.length ? line : best), []);
    const at = longest[Math.floor(longest.length / 2)];
    return at ? L.latLng(at[1], at[0]) : null;
  }

  function partsOf({ type, coordinates }) {
    switch (type) {
      case "Point": return [[coordinates]];
      case "MultiPoint":
      case "LineString": return [coordinates];
      case "MultiLineString": return coordinates;
      default: return [];
    }
  }
})(globalThis.gisMap);
