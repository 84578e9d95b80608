/* What wants certification: signs on the map, and a list by ward that leads to them. */
"use strict";
(function (gisMap) {
  const { desk, element } = gisMap;
  const PROCESS = "certifications-due";
  const SVG = "http://www.w3.org/2000/svg";
  const MOST_SIGNS = 400;
  /** By state, the worst first: outline and what is drawn within it, on a grid of 24. */
  const SIGNS = {
    failed: ["M4 4h16v16H4z", "M8.500 8.500l7 7m0-7l-7 7"],
    overdue: ["M12 2.500L22.500 21h-21z", "M12 9.500v5m0 3v.1"],
    never: ["M12 2.500a9.500 9.500 0 1 1 0 19a9.500 9.500 0 1 1 0-19z", "M9.300 9.500a2.800 2.800 0 1 1 4 2.500c-.9.500-1.300 1-1.300 2m0 3v.1"],
    due: ["M12 2.500a9.500 9.500 0 1 1 0 19a9.500 9.500 0 1 1 0-19z", "M12 7v5.500l3.500 2"],
    inspection: ["M12 1.500L22.500 12L12 22.500L1.500 12z", "M12 7.500v5m0 3.500v.1"],
  };
  const STATES = Object.keys(SIGNS);
  let part = null;
  let marks = null;
  let places = null;
  const hidden = new Set();

  desk.onStart(function (app) {
    part = document.querySelector(".desk-part[data-part=certified]");
    if (!part || !desk.may(PROCESS)) {
      return;
    }
    part.hidden = false;
    app.map.createPane("certified").style.zIndex = 615;
    marks = L.layerGroup();
    part.addEventListener("toggle", () => desk.write({ certified: part.open ? "1" : null }));
    desk.onChange(["certified"], (on) => (on ? open() : close()));
  });

  async function open() {
    part.open = true;
    marks.addTo(desk.app.map);
    if (places) {
      return;
    }
    const room = part.querySelector(".desk-room");
    room.replaceChildren(element("p", "", desk.words.desk_working));
    try {
      const found = await desk.ask(PROCESS, {});
      tell(room, found);
    } catch (error) {
      room.replaceChildren(desk.refusal(error));
    }
  }

  function close() {
    part.open = false;
    marks.remove();
  }

  const titleOf = (state) => (state === "inspection" ? desk.words.desk_cert_inspection
    : desk.app.config.desk.certification[state]);

  function sign(state) {
    const made = document.createElementNS(SVG, "svg");
    made.setAttribute("viewBox", "0 0 24 24");
    made.setAttribute("class", "cert-sign is-" + state);
    made.setAttribute("aria-hidden", "true");
    for (const [i, d] of SIGNS[state].entries()) {
      const path = document.createElementNS(SVG, "path");
      path.setAttribute("d", d);
      path.setAttribute("class", i ? "cert-glyph" : "cert-plate");
      made.append(path);
    }
    return made;
  }

  const worst = (a, b) => STATES.indexOf(a.properties.state) - STATES.indexOf(b.properties.state);

  function tell(room, found) {
    const things = found.features.filter(({ properties }) => Object.hasOwn(SIGNS, properties.state)).sort(worst);
    const valid = element("p", "desk-rule", desk.say("desk_cert_valid", { count: found.valid, day: desk.day(found.today) }));
    places = gathered(things);
    if (!things.length) {
      room.replaceChildren(element("p", "", desk.words.desk_cert_none), valid);
      return;
    }
    room.replaceChildren(switches(things), valid, ...byWard(things));
    draw();
  }

  /** Things that stand at one place, under one sign. */
  function gathered(things) {
    const found = new Map();
    for (const thing of things.filter(({ geometry }) => geometry)) {
      const key = thing.geometry.coordinates.map((each) => each.toFixed(6)).join();
      const place = found.get(key) || { things: [], at: L.latLng(thing.geometry.coordinates.toReversed()) };
      place.things.push(thing);
      found.set(key, place);
      thing.place = place;
    }
    return [...found.values()];
  }

  function switches(things) {
    const group = element("fieldset", "cert-states", element("legend", "", desk.words.desk_cert_shown));
    for (const state of STATES) {
      const count = things.filter(({ properties }) => properties.state === state).length;
      const box = element("input");
      box.type = "checkbox";
      box.checked = !hidden.has(state);
      box.addEventListener("change", () => {
        hidden[box.checked ? "delete" : "add"](state);
        draw();
      });
      group.append(element("label", "", box, sign(state), element("span", "", titleOf(state)),
        element("span", "count", desk.numbers.format(count))));
    }
    return group;
  }

  function draw() {
    marks.clearLayers();
    for (const place of places) {
      const shown = place.things.filter(({ properties }) => !hidden.has(properties.state));
      place.mark = shown.length && marks.getLayers().length < MOST_SIGNS ? markOf(place, shown).addTo(marks) : null;
    }
  }

  function markOf(place, shown) {
    const [first] = shown;
    const face = element("span", "cert-face", sign(first.properties.state),
      shown.length > 1 ? element("b", "", String(shown.length)) : null);
    const icon = L.divIcon({ html: face, className: "cert-mark", iconSize: [30, 30] });
    const title = shown.length > 1
      ? desk.say("desk_cert_at", { place: placeName(first), count: shown.length })
      : first.properties.name + ": " + titleOf(first.properties.state);
    const mark = L.marker(place.at, { icon, pane: "certified", title, alt: title, keyboard: true });
    mark.on("add", () => mark.getElement().setAttribute("aria-label", title));
    mark.on("click", () => card(place));
    mark.on("keydown", ({ originalEvent }) => {
      if (["Enter", " "].includes(originalEvent.key)) {
        originalEvent.preventDefault();
        card(place, mark.getElement());
      }
    });
    return mark;
  }

  const placeName = ({ properties }) => properties.place_name || properties.name || desk.app.words.unnamed;

  function card(place, back = null) {
    const { app } = desk;
    const [first] = place.things;
    const room = element("div", "card",
      element("p", "card-kind", first.properties.ward_name || desk.words.desk_no_ward),
      element("h2", "card-name", placeName(first)),
      element("ul", "cert-list", ...place.things.map((thing) => element("li", "", sign(thing.properties.state),
        element("span", "", ...described(thing))))));
    const popup = L.popup({ minWidth: 240, maxWidth: 320, maxHeight: 320, offset: [0, -8], className: "gis-popup", ...app.popupRoom() });
    app.back = back;
    popup.setLatLng(place.at).setContent(room).openOn(app.map);
    app.dressPopup(popup, placeName(first));
    if (back) {
      popup.getElement().querySelector(".leaflet-popup-content").focus({ preventScroll: true });
    }
  }

  function described(thing) {
    const { name, state, collection, category } = thing.properties;
    const kind = gisMap.pick(desk.app.config.desk.categories, category, null);
    const record = element("a", "", desk.words.desk_cert_record);
    record.href = desk.recordAddress(collection, thing.id);
    return [element("b", "", name || desk.app.words.unnamed), kind && element("small", "", kind),
      element("small", "", titleOf(state) + ". " + since(thing.properties)), record].filter(Boolean);
  }

  /** Since when, or until when. */
  function since({ state, due_on: due, days_left: left, inspected_on: inspected }) {
    const day = (text) => (text ? desk.day(text) : null);
    if (!due && !inspected) {
      return desk.words.desk_cert_undated;
    }
    switch (state) {
      case "overdue": return desk.say("desk_cert_late", { day: day(due), days: Math.abs(left) });
      case "due": return desk.say("desk_cert_soon", { day: day(due), days: left });
      case "failed": return desk.say("desk_cert_failed", { day: day(due) });
      case "never": return desk.say("desk_cert_never", { day: day(due) });
      default: return desk.say("desk_cert_inspected", { day: day(inspected) });
    }
  }

  /** Each ward with what wants attention there, the one with most first. */
  function byWard(things) {
    const wards = Map.groupBy ? Map.groupBy(things, wardOf) : grouped(things);
    return [...wards].sort(([a, one], [b, other]) => other.length - one.length || a.localeCompare(b))
      .map(([name, theirs]) => {
        const chips = STATES.map((state) => [state, theirs.filter(({ properties }) => properties.state === state).length])
          .filter(([, count]) => count)
          .map(([state, count]) => {
            const chip = element("span", "cert-chip", sign(state), String(count));
            chip.title = titleOf(state);
            return element("span", "", chip, element("span", "visually-hidden", titleOf(state)));
          });
        return element("details", "cert-ward", element("summary", "", element("span", "", name), element("span", "cert-chips", ...chips)),
          element("ul", "cert-list", ...theirs.map(row)));
      });
  }

  const wardOf = ({ properties }) => properties.ward_name || desk.words.desk_no_ward;

  function grouped(things) {
    const found = new Map();
    things.forEach((thing) => found.set(wardOf(thing), [...(found.get(wardOf(thing)) || []), thing]));
    return found;
  }

  function row(thing) {
    const { name, state } = thing.properties;
    const title = name || desk.app.words.unnamed;
    const to = thing.place ? desk.button(title, "desk-link", () => {
      desk.app.sheet("peek");
      desk.app.map.closePopup();
      desk.app.map.setView(thing.place.at, Math.max(15, desk.app.map.getZoom()), { animate: false });
      card(thing.place, to);
    }) : element("b", "", title);
    return element("li", "", sign(state), element("span", "", to,
      element("small", "", titleOf(state) + ". " + since(thing.properties)),
      thing.place ? null : element("small", "", desk.words.desk_cert_nowhere)));
  }
})(globalThis.gisMap);
