/* What staff ask on the map. What is shown stands in the address, so a view is shared by its link. */
"use strict";
(function (gisMap) {
  const element = gisMap.element;
  const listeners = [];
  const cardParts = [];
  const outlets = [];
  const starters = [];
  const openers = [];

  const desk = gisMap.desk = { app: null, words: {}, numbers: null };

  /** `start(app)` runs when the map is there. */
  desk.onStart = (start) => starters.push(start);

  /** `make(item)` gives what a card has below its facts, or null. */
  desk.onCard = (make) => cardParts.push(make);

  /** `apply(values)` runs when one of these parameters of the address has changed. */
  desk.onChange = (names, apply) => listeners.push({ names, apply, last: "" });

  desk.read = (name) => new URLSearchParams(location.search).get(name);

  /** `tell(item)` runs when a card opens, and with null when it is closed. */
  desk.onOpen = (tell) => openers.push(tell);

  /** Change parameters of the address; an empty value takes one away. */
  desk.write = function (changes, { replace = false } = {}) {
    const query = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries(changes)) {
      if (value) {
        query.set(name, value);
      } else {
        query.delete(name);
      }
    }
    const text = query.toString().replaceAll("%2F", "/").replaceAll("%3A", ":").replaceAll("%2C", ",");
    const next = location.pathname + (text ? "?" + text : "") + location.hash;
    if (next !== location.pathname + location.search + location.hash) {
      history[replace ? "replaceState" : "pushState"](null, "", next);
      return desk.apply();
    }
    return null;
  };

  /** Show what the address says. */
  desk.apply = async function () {
    keepInLinks();
    await Promise.all(listeners.map((listener) => {
      const values = listener.names.map((name) => desk.read(name));
      const key = JSON.stringify(values);
      if (key === listener.last) {
        return null;
      }
      listener.last = key;
      return listener.apply(...values);
    }));
  };

  /** The same view in the other language, and on paper. */
  function keepInLinks() {
    for (const link of document.querySelectorAll(".languages a")) {
      const query = new URLSearchParams(location.search);
      query.set("lang", link.lang);
      link.search = query.toString();
    }
    for (const link of document.querySelectorAll(".printed a")) {
      const query = new URLSearchParams(link.search);
      for (const name of ["indicator", "theme", "at", "against"]) {
        query.delete(name);
        if (desk.read(name)) {
          query.set(name, desk.read(name));
        }
      }
      link.search = query.toString();
    }
  }

  /** `words[key]` with {blanks} filled in; numbers as the reader writes them. */
  desk.say = function (key, blanks = {}) {
    return desk.words[key].replace(/\{(\w+)\}/g, (blank, name) => {
      const value = blanks[name];
      return typeof value === "number" ? desk.numbers.format(value) : String(value ?? blank);
    });
  };

  desk.metres = (value) => (value < 1000
    ? desk.numbers.format(Math.round(value)) + " m"
    : desk.numbers.format(Math.round(value / 10) / 100) + " km");

  desk.button = function (text, className, act) {
    const made = element("button", className, text);
    made.type = "button";
    made.addEventListener("click", (event) => {
      event.stopPropagation();  // the card may be made anew meanwhile, and the map would close it
      act();
    });
    return made;
  };

  /** The heading of an answer, which the keyboard is led to. */
  desk.head = function (text) {
    const made = element("h3", "", text);
    made.tabIndex = -1;
    return made;
  };

  desk.table = function (heads, rows) {
    const head = element("tr", "", ...heads.map((text, i) => {
      const cell = element("th", i ? "num" : "", text);
      cell.scope = "col";
      return cell;
    }));
    const body = rows.map(([first, ...rest]) => {
      const cell = element("th", "", first);
      cell.scope = "row";
      return element("tr", "", cell, ...rest.map((value) => element("td", "num", value)));
    });
    return element("table", "facts", element("thead", "", head), element("tbody", "", ...body));
  };

  /** The item of a collection by its id, if the map shows it. */
  desk.item = (name) => desk.app.byName.get(name) || null;

  desk.nameOf = (item) => gisMap.nameOf(item.config, item.feature, desk.app.words);

  desk.keyOf = (item) => item.config.id + "/" + item.feature.id;

  /** The page of an item. */
  desk.recordAddress = function (collection, id) {
    const { items } = desk.app.config.desk.tools;
    return `${items[collection]}/${encodeURIComponent(id)}?lang=${desk.app.config.language}`;
  };

  /** Open an item's card, where it is if that is in view. */
  desk.open = function (item, { focus = true, back = null } = {}) {
    const { app } = desk;
    if (app.map.getBounds().contains(item.at)) {
      app.back = back;
      app.openCard(item, item.at, focus);
    } else {
      app.show(item, { focus, back });
    }
  };

  /** `tell()` runs when an answer is there or is gone. */
  desk.onAnswer = (tell) => outlets.push(tell);

  /** Called for every card that opens. */
  desk.addTo = function (card, item) {
    const room = element("div", "card-desk");
    card.querySelector(".card-name").after(room);
    desk.card = { item, room };
    fill();
    openers.forEach((tell) => tell(item));
  };

  function fill() {
    const { item, room } = desk.card;
    room.replaceChildren(...cardParts.map((make) => make(item)).filter(Boolean));
  }

  /** Tell an answer wherever it is shown; in the open card the keyboard stays. */
  desk.refresh = function () {
    outlets.forEach((tell) => tell());
    const popup = desk.app.map._popup;
    if (!desk.card || !popup || !popup.isOpen()) {
      return;
    }
    const held = popup.getElement().contains(document.activeElement);
    fill();
    popup.update();
    if (held) {
      const to = desk.card.room.querySelector("[tabindex='-1']") || desk.card.room.querySelector("button");
      (to || popup.getElement().querySelector(".leaflet-popup-content")).focus({ preventScroll: true });
    }
  };

  desk.start = async function (app) {
    desk.app = app;
    desk.words = app.config.desk.words;
    desk.numbers = new Intl.NumberFormat(app.config.language + "-KE", { maximumFractionDigits: 2 });
    app.map.on("popupclose", () => {
      desk.card = null;
      openers.forEach((tell) => tell(null));
    });
    for (const start of starters) {
      start(app);
    }
    addEventListener("popstate", () => desk.apply());
    await desk.apply();
  };
})(globalThis.gisMap);
