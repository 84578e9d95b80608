/* The list beside the map: what matches, a page at a time; the map shows the same. */
"use strict";
(function (gisMap) {
  const { desk, element } = gisMap;
  const MOST_IDS = 5000;
  const VIEW = "view";
  const list = desk.list = {};
  let room = null;
  let controls = null;
  let shown = null;
  let turn = 0;

  list.start = async function (into) {
    room = into;
    const kinds = element("select", "", ...desk.app.config.layers.map(({ id, title }) => new Option(title, id)));
    kinds.addEventListener("change", () => desk.write({ ...dropped(kinds.value), list: kinds.value, page: null }));
    const within = element("input");
    within.type = "checkbox";
    within.addEventListener("change", () => desk.write({ within: within.checked ? VIEW : null, page: null }));
    list.kinds = kinds;
    list.within = within;
    list.filters = element("div", "list-filters");
    list.count = element("p", "list-count");
    list.count.setAttribute("role", "status");
    list.note = element("p", "desk-rule");
    list.table = element("div", "list-room");
    list.table.tabIndex = 0;
    list.table.setAttribute("role", "group");
    list.table.setAttribute("aria-label", desk.words.tool_list);
    list.pages = element("div", "bench-actions");
    list.files = element("p", "list-files");
    room.replaceChildren(
      element("div", "view-controls", element("label", "", desk.words.tool_collection, kinds)), list.filters,
      element("label", "list-within", within, desk.words.tool_within),
      list.count, list.note, list.table, list.pages, list.files);
    desk.app.map.on("moveend", () => desk.read("within") === VIEW && desk.read("list") && show());
    desk.onOpen((item) => desk.markRow(room, item && desk.keyOf(item)));
    desk.onData(() => (desk.read("list") ? show() : null));
    const names = ["list", "page", "within", ...desk.allFilterNames()];
    desk.onChange(names, show);
    await desk.apply();
  };

  /** Filters of the address that the next collection does not know. */
  function dropped(next) {
    const known = desk.filterNames(next);
    const shared = ["theme"];
    return Object.fromEntries(desk.allFilterNames()
      .filter((name) => !known.includes(name) && !shared.includes(name)).map((name) => [name, null]));
  }

  async function show() {
    const collection = desk.read("list");
    const mine = turn += 1;
    if (!collection || !Object.hasOwn(desk.catalogue.collections, collection)) {
      narrow(null, null);
      return;
    }
    if (shown !== collection) {
      shown = collection;
      controls = desk.filterControls(collection);
      list.filters.replaceChildren(controls.element);
    }
    list.kinds.value = collection;
    list.within.checked = desk.read("within") === VIEW;
    controls.show();
    const box = list.within.checked ? desk.app.map.getBounds().toBBoxString() : null;
    try {
      const page = await desk.listPage(collection, { box, cursor: desk.read("page") });
      if (mine === turn) {
        write(page, box);
        await follow(page, mine);
      }
    } catch (error) {
      if (mine === turn) {
        list.count.textContent = error.message;
        list.table.replaceChildren();
        list.pages.replaceChildren();
        list.files.replaceChildren();
      }
    }
  }

  const isFiltered = (collection) => Object.keys(desk.filtersAsked(collection)).length > 0;

  function write(page, box) {
    const { collection, count } = page;
    list.count.textContent = desk.say(count ? "tool_matching" : "tool_none", { count, title: page.declared.title });
    list.table.replaceChildren(...(page.features.length ? [desk.listTable(page)] : []));
    list.table.hidden = !page.features.length;
    const step = (to, text) => {
      const made = desk.button(text, "desk-ask", () => {
        desk.write({ page: to.cursor });
        list.table.focus();
      });
      made.disabled = !to;
      return made;
    };
    list.pages.replaceChildren(...(page.prev || page.next
      ? [step(page.prev, desk.words.tool_previous), step(page.next, desk.words.tool_next)] : []));
    if (isFiltered(collection) || box) {
      list.pages.append(desk.button(desk.words.tool_clear_filters, "desk-ask", () => desk.write({
        ...Object.fromEntries(desk.filterNames(collection).map((name) => [name, null])), within: null, page: null,
      })));
    }
    files(collection, box, count);
    desk.markRow(room, desk.card ? desk.keyOf(desk.card.item) : null);
  }

  /** What matches, as files. */
  function files(collection, box, count) {
    const query = desk.itemsQuery(collection, { box });
    const links = desk.catalogue.downloads.flatMap(({ name, title }) => {
      query.set("f", name);
      const link = element("a", "", title);
      link.href = `${desk.app.config.desk.tools.items[collection]}?${query}`;
      return [" · ", link];
    });
    list.files.hidden = !count;
    list.files.replaceChildren(element("strong", "", desk.say("tool_take", { count })), ": ", ...links.slice(1));
  }

  /** Let the map show what matches, where the service can name it in one answer. */
  async function follow(page, mine) {
    const { collection, count } = page;
    if (!isFiltered(collection)) {
      narrow(collection, null);
      return;
    }
    const texts = [desk.words.tool_print_note];
    const layer = desk.app.layers.get(collection);
    let ids = null;
    if (count <= MOST_IDS) {
      const query = desk.itemsQuery(collection);
      const asked = { f: "json", limit: MOST_IDS, skipGeometry: "true", properties: page.declared.label };
      Object.entries(asked).forEach(([name, value]) => query.set(name, value));
      const answer = await fetch(`${desk.app.config.desk.tools.items[collection]}?${query}`,
        { headers: { Accept: "application/geo+json" } }).catch(() => null);
      const found = answer?.ok ? await answer.json() : null;
      ids = found && found.features.length === found.numberMatched ? new Set(found.features.map((each) => each.id)) : null;
    }
    if (mine !== turn) {
      return;
    }
    if (!ids) {
      texts.unshift(desk.words.tool_map_all);
    } else if (layer?.payload.overview) {
      texts.unshift(desk.words.tool_map_near);
    }
    narrow(collection, ids, texts.join(" "));
  }

  function narrow(collection, ids, note = "") {
    for (const [id, layer] of desk.app.layers) {
      const wanted = id === collection ? ids : null;
      if (layer.only || wanted) {
        layer.filter(wanted);
      }
    }
    if (list.note) {
      list.note.textContent = note;
      list.note.hidden = !note;
    }
  }
})(globalThis.gisMap);
