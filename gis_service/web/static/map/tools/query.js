/* Filters in CQL2 (OGC 21-065) as JSON. */
"use strict";
(function (gisMap) {
  const { desk } = gisMap;
  const LONGEST = 24_000;

  const folded = (value) => ({ op: "casei", args: [{ op: "accenti", args: [value] }] });

  /** The filter (CQL2) of items whose property holds a text. */
  desk.holds = (property, text) => ({
    op: "like",
    args: [folded({ property }), folded("%" + text.replace(/[\\%_]/g, "\\$&") + "%")],
  });

  const size = (filter) => JSON.stringify(filter).length;

  function thinner(ring, tolerance) {
    const points = ring.map(([x, y]) => L.point(x, y));
    return L.LineUtil.simplify(points, tolerance).map(({ x, y }) => [Number(x.toFixed(5)), Number(y.toFixed(5))]);
  }

  /** The filter of items that meet an area; a long outline is drawn more roughly. */
  desk.meets = function (geometry) {
    const areas = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
    const made = (tolerance) => ({ op: "s_intersects", args: [{ property: "geometry" }, {
      type: "MultiPolygon",
      coordinates: areas.map((rings) => rings.map((ring) => (tolerance ? thinner(ring, tolerance) : ring)).filter((ring) => ring.length > 3))
        .filter((rings) => rings.length),
    }] });
    let filter = made(0);
    for (let tolerance = 1e-5; size(filter) > LONGEST; tolerance *= 2) {
      filter = made(tolerance);
    }
    return filter;
  };

  desk.allOf = (filters) => (filters.length > 1 ? { op: "and", args: filters } : filters[0]);
})(globalThis.gisMap);
