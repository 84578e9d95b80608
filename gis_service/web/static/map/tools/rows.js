/* A page of the list: rows that lead to the map and are marked from there. */
"use strict";
(function (gisMap) {
  const { desk, element } = gisMap;
  const COLUMNS = 2;
  const LIMIT = 50;
  let ring = null;

  const columnsOf = ({ label, fields }) => {
    const codes = fields.filter((field) => ["code", "codes"].includes(field.type) && field.name !== label);
    return codes.toSorted((a, b) => b.required - a.required).slice(0, COLUMNS);
  };

  /** A page of the items that match; throws with the reason where there is none. */
  desk.listPage = async function (collection, { box, cursor }) {
    const declared = desk.catalogue.collections[collection];
    const columns = columnsOf(declared);
    const query = desk.itemsQuery(collection, { box });
    for (const [name, value] of Object.entries({
      f: "json", limit: LIMIT, sortby: declared.label, skipGeometry: "true",
      properties: [declared.label, ...columns.map((field) => field.name)].join(","), ...(cursor ? { cursor } : {}),
    })) {
      query.set(name, value);
    }
    const answer = await fetch(`${desk.app.config.desk.tools.items[collection]}?${query}`,
      { headers: { Accept: "application/geo+json" } }).catch(() => null);
    if (!answer || !answer.ok) {
      const problem = answer ? await answer.json().catch(() => ({})) : {};
      throw new Error(problem.detail || desk.words.desk_no_answer);
    }
    const page = await answer.json();
    const at = (rel) => {
      const link = page.links.find((each) => each.rel === rel);
      return link ? { cursor: new URL(link.href).searchParams.get("cursor") } : null;
    };
    return { collection, columns, declared, features: page.features, count: page.numberMatched, next: at("next"), prev: at("prev") };
  };

  function mark(key, on) {
    ring?.remove();
    ring = null;
    const item = on && desk.app.byName.get(key);
    if (item) {
      ring = L.circleMarker(item.at, { radius: 12, className: "list-ring", interactive: false, renderer: desk.app.markRenderer })
        .addTo(desk.app.map);
    }
  }

  async function open(key, button) {
    const item = await desk.app.bring(key);
    if (item) {
      mark(key, false);
      desk.app.sheet("peek");
      desk.open(item, { back: button });
    } else {
      button.closest("tr").classList.add("is-nowhere");
    }
  }

  function row({ collection, columns, declared }, feature) {
    const key = `${collection}/${feature.id}`;
    const name = feature.properties[declared.label] || desk.app.words.unnamed;
    const button = desk.button(name, "desk-link", () => open(key, button));
    const head = element("th", "", button);
    head.scope = "row";
    const made = element("tr", "", head, ...columns.map((field) => element(
      "td", "", desk.app.writer.text(field, feature.properties[field.name]) ?? "–")));
    made.dataset.key = key;
    for (const [event, on] of [["mouseenter", true], ["mouseleave", false], ["focusin", true], ["focusout", false]]) {
      made.addEventListener(event, () => mark(key, on));
    }
    return made;
  }

  /** The table of a page. */
  desk.listTable = function (page) {
    const heads = [page.declared.fields.find((field) => field.name === page.declared.label), ...page.columns];
    const head = element("tr", "", ...heads.map((field) => {
      const cell = element("th", "", field.title);
      cell.scope = "col";
      return cell;
    }));
    return element("table", "facts list-table", element("thead", "", head),
      element("tbody", "", ...page.features.map((feature) => row(page, feature))));
  };

  /** Mark the row of the item whose card is open. */
  desk.markRow = function (room, key) {
    for (const each of room.querySelectorAll("tr[data-key]")) {
      const is = each.dataset.key === key;
      each.classList.toggle("is-chosen", is);
      if (is) {
        each.setAttribute("aria-current", "true");
        each.scrollIntoView({ block: "nearest" });
      } else {
        each.removeAttribute("aria-current");
      }
    }
  };
})(globalThis.gisMap);
