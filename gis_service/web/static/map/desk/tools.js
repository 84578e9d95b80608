/* The tools that are fetched when they are first used: the list, drawing, measuring. */
"use strict";
(function (gisMap) {
  const { desk, element } = gisMap;
  const NEEDS = { measure: ["sketch"], dig: ["sketch"], edit: ["sketch", "query"], list: ["query"] };
  const fetched = new Map();
  const listeners = [];

  /** Where unsaved work lies in the session's storage. */
  desk.DRAFT = "gis.draft";

  /** `tell()` runs when items were made, changed or deleted on the map. */
  desk.onData = (tell) => listeners.push(tell);

  desk.dataChanged = () => Promise.all(listeners.map((tell) => tell()));

  /** Fetch a tool, once. */
  desk.tool = function (name) {
    if (!fetched.has(name)) {
      fetched.set(name, bring(name).catch((error) => {
        fetched.delete(name);
        throw error;
      }));
    }
    return fetched.get(name);
  };

  async function bring(name) {
    const { files } = desk.app.config.desk.tools;
    await Promise.all([known(), dressed(), ...(NEEDS[name] || []).map(desk.tool)]);
    await import(new URL(files[name], location.href));
  }

  const once = (make) => {
    let made = null;
    return () => (made ||= make().catch((error) => {
      made = null;
      throw error;
    }));
  };

  const known = once(async () => {
    const answer = await fetch(desk.app.config.desk.tools.files.catalogue);
    if (!answer.ok) {
      throw new Error(String(answer.status));
    }
    desk.catalogue = await answer.json();
    Object.assign(desk.words, desk.catalogue.words);
  });

  const dressed = once(() => new Promise((done, fail) => {
    const link = element("link");
    link.rel = "stylesheet";
    link.href = desk.app.config.desk.tools.files.tools;
    link.addEventListener("load", done);
    link.addEventListener("error", () => fail(new Error(link.href)));
    document.head.append(link);
  }));

  /** Use a tool; say so where it cannot be fetched. */
  desk.use = async function (name, act) {
    const status = document.querySelector(".stage-status");
    try {
      await desk.tool(name);
    } catch {
      status.textContent = desk.words.desk_no_answer;
      return;
    }
    if (status.textContent === desk.words.desk_no_answer) {
      status.textContent = "";
    }
    act();
  };

  /** The token that a change needs, from the form for logging out. */
  desk.token = () => document.querySelector("input[name=csrf_token]")?.value || "";

  /** What making an item of a layer is called. */
  desk.addWords = (config) => desk.say("desk_add_" + config.style, { layer: config.title });

  const mayEdit = (collection) => desk.app.config.desk.tools.editable.includes(collection) && desk.token();

  desk.onCard((item) => (mayEdit(item.config.id)
    ? desk.button(desk.words.desk_edit, "desk-ask", () => desk.use("edit", () => desk.editor.edit(item)))
    : null));

  desk.onStart(function (app) {
    const room = document.querySelector(".desk-actions");
    if (!room) {
      return;
    }
    room.append(desk.button(desk.words.desk_measure, "desk-ask", () => desk.use("measure", () => desk.measure())));
    if (desk.may("dig-safe") && desk.token()) {
      room.append(desk.button(desk.words.desk_dig, "desk-ask", () => desk.use("dig", () => desk.dig())));
    }
    for (const config of app.config.layers.filter(({ id }) => mayEdit(id))) {
      room.append(desk.button(desk.addWords(config), "desk-ask", () => desk.use("edit", () => desk.editor.create(config.id))));
    }
    room.hidden = false;
    startList();
    if (sessionStorage.getItem(desk.DRAFT)) {
      desk.use("edit", () => desk.editor.restore());
    }
  });

  function startList() {
    const part = document.querySelector(".desk-part[data-part=list]");
    part.hidden = false;
    part.addEventListener("toggle", () => {
      if (part.open !== Boolean(desk.read("list"))) {
        desk.write({ list: part.open ? usualCollection() : null });
      }
    });
    desk.onChange(["list"], (collection) => {
      part.open = Boolean(collection);
      if (collection && !desk.list) {
        return new Promise((done) => {
          desk.use("list", () => done(desk.list.start(part.querySelector(".desk-room")))).then(done);
        });
      }
      return null;
    });
  }

  function usualCollection() {
    const { layers } = desk.app.config;
    return (layers.find((each) => each.style === "office") || layers[layers.length - 1]).id;
  }
})(globalThis.gisMap);
