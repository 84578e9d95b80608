/* What a reference can name: all items of a small collection, or those that a text finds. */
"use strict";
(function (gisMap) {
  const { desk } = gisMap;
  const FEW = 200;
  const kept = new Map();

  async function items(collection, query) {
    const address = new URL(desk.app.config.desk.tools.items[collection], location.href);
    address.search = new URLSearchParams({
      f: "json", skipGeometry: "true", properties: labelOf(collection), sortby: labelOf(collection), ...query,
    });
    const answer = await fetch(address).catch(() => null);
    return answer && answer.ok ? answer.json() : { features: [], numberMatched: 0 };
  }

  const labelOf = (collection) => desk.catalogue.labels[collection];

  const named = (collection) => (feature) => ({
    id: feature.id, name: String(feature.properties[labelOf(collection)] ?? desk.app.words.unnamed),
  });

  /** All of a collection as [{ id, name }], by name; null where they are too many for a list. */
  desk.options = function (collection) {
    if (!kept.has(collection)) {
      kept.set(collection, items(collection, { limit: String(FEW) }).then((found) => (
        found.numberMatched <= FEW ? found.features.map(named(collection)) : null)));
    }
    return kept.get(collection);
  };

  desk.onData(() => kept.clear());

  /** Those whose name holds a text. */
  desk.optionsLike = async function (collection, text) {
    const found = await items(collection, {
      limit: "20", "filter-lang": "cql2-json", filter: JSON.stringify(desk.holds(labelOf(collection), text)),
    });
    return found.features.map(named(collection));
  };

  /** The name of one of them. */
  desk.optionName = async function (collection, id) {
    const found = await items(collection, { id, limit: "1" });
    return found.features.length ? named(collection)(found.features[0]).name : id;
  };
})(globalThis.gisMap);
