/* By what a collection's items are filtered: the controls, and the question to the service. */
"use strict";
(function (gisMap) {
  const { desk, element } = gisMap;
  const PICKED = ["code", "codes", "boolean"];
  const ALWAYS = ["theme"];

  const declared = (collection) => desk.catalogue.collections[collection];

  /** The fields by which a collection can be filtered. */
  desk.filterFields = (collection) => declared(collection).fields.filter((field) => PICKED.includes(field.type));

  /** Names of the parameters of the address that filter a collection. */
  desk.filterNames = (collection) => [...desk.filterFields(collection).map((field) => field.name), "q", "ward"];

  /** Names of all parameters that filter any collection. */
  desk.allFilterNames = () => [...new Set(Object.keys(desk.catalogue.collections).flatMap(desk.filterNames))];

  /** What the address asks of a collection, by name. */
  desk.filtersAsked = (collection) => Object.fromEntries(
    desk.filterNames(collection).map((name) => [name, desk.read(name)]).filter(([, value]) => value));

  const isCode = (field, value) => field.type === "boolean"
    ? ["true", "false"].includes(value) : field.open || Object.hasOwn(field.codes || {}, value);

  /** The parameters of the items that match, without a page: URLSearchParams. */
  desk.itemsQuery = function (collection, { box = null } = {}) {
    const asked = desk.filtersAsked(collection);
    const { label, fields } = declared(collection);
    const query = new URLSearchParams();
    const filters = [];
    for (const field of desk.filterFields(collection)) {
      const value = asked[field.name];
      if (!value || !isCode(field, value)) {
        continue;
      }
      if (field.type === "codes") {
        filters.push({ op: "a_contains", args: [{ property: field.name }, [value]] });
      } else {
        query.set(field.name, value);
      }
    }
    if (asked.q) {
      const names = [label, "external_id"].filter((name) => fields.some((field) => field.name === name));
      const each = [...new Set(names)].map((name) => desk.holds(name, asked.q));
      filters.push(each.length > 1 ? { op: "or", args: each } : each[0]);
    }
    const ward = asked.ward && desk.app.wards.get(asked.ward);
    if (ward && fields.some((field) => field.name === "ward")) {
      query.set("ward", asked.ward);
    } else if (ward) {
      filters.push(desk.meets(ward.feature.geometry));
    }
    if (filters.length) {
      query.set("filter-lang", "cql2-json");
      query.set("filter", JSON.stringify(desk.allOf(filters)));
    }
    if (box) {
      query.set("bbox", box);
    }
    return query;
  };

  function choice(name, title, pairs) {
    const box = element("select", "", new Option(desk.words.tool_any, ""), ...pairs.map(([value, text]) => new Option(text, value)));
    box.name = name;
    box.addEventListener("change", () => desk.write({ [name]: box.value, page: null }));
    return element("label", "", title, box);
  }

  function codesOf(field) {
    const { yes, no } = desk.app.words;
    return field.type === "boolean" ? [["true", yes], ["false", no]] : Object.entries(field.codes || {});
  }

  function wards() {
    return [...desk.app.wards].map(([code, item]) => [code, desk.nameOf(item)])
      .sort((a, b) => a[1].localeCompare(b[1]));
  }

  /** The controls of a collection's filters: { element, show() }. */
  desk.filterControls = function (collection) {
    const fields = desk.filterFields(collection);
    const text = element("input");
    Object.assign(text, { type: "search", name: "q", autocomplete: "off", spellcheck: false });
    let timer = 0;
    text.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => desk.write({ q: text.value.trim(), page: null }, { replace: true }), 300);
    });
    const isFirst = (field) => field.required || ALWAYS.includes(field.name);
    const make = (field) => choice(field.name, field.title, codesOf(field));
    const rest = fields.filter((field) => !isFirst(field));
    const more = element("details", "list-more", element("summary", "", desk.say("tool_more_filters", { count: rest.length })),
      element("div", "view-controls", ...rest.map(make)));
    const controls = element("div", "view-controls", element("label", "", desk.words.tool_text, text),
      ...fields.filter(isFirst).map(make),
      desk.app.wards.size && collection !== wardLayer() ? choice("ward", desk.app.words.ward, wards()) : null,
      rest.length ? more : null);
    return {
      element: controls,
      show() {
        for (const box of controls.querySelectorAll("select, input")) {
          const value = desk.read(box.name) || "";
          if (box !== document.activeElement || box.tagName === "SELECT") {
            box.value = value;
          }
        }
        more.open ||= rest.some((field) => desk.read(field.name));
      },
    };
  };

  const wardLayer = () => desk.app.config.layers.find((each) => each.style === "indicator")?.id;
})(globalThis.gisMap);
