/* Features from the short form of a layer's data; cartography/compact.py writes it. */
"use strict";
(function (gisMap) {
  /** Reads encoded polylines, each of which begins where the one before ended. */
  function reader(perDegree) {
    let [x, y] = [0, 0];
    return function (text) {
      const line = [];
      let at = 0;
      const number = () => {
        let [value, shift, part] = [0, 0, 32];
        while (part >= 32) {
          part = text.charCodeAt(at++) - 63;
          value |= (part & 31) << shift;
          shift += 5;
        }
        return value & 1 ? ~(value >> 1) : value >> 1;
      };
      while (at < text.length) {
        x += number();
        y += number();
        line.push([x / perDegree, y / perDegree]);
      }
      return line;
    };
  }

  function geometries({ perDegree, points, lines, arcs, areas, outline }) {
    const read = reader(perDegree);
    if (points !== undefined) {
      return { all: read(points).map((coordinates) => ({ type: "Point", coordinates })) };
    }
    if (lines) {
      return { all: lines.map((line) => ({ type: "LineString", coordinates: read(line) })) };
    }
    const pieces = arcs.map(read);
    const ring = (numbers) => numbers.flatMap((number, i) => {
      const piece = number < 0 ? pieces[~number].slice().reverse() : pieces[number];
      return i ? piece.slice(1) : piece;
    });
    return {
      all: areas.map((area) => ({
        type: "MultiPolygon", coordinates: area.map((rings) => rings.map(ring)),
      })),
      outline: outline && { type: "MultiLineString", coordinates: outline.map(ring) },
    };
  }

  const row = (columns, i) => Object.entries(columns).map(([name, values]) => [name, values[i]]);

  /** A layer's data as GeoJSON, whichever form it came in. */
  gisMap.unpacked = function (payload) {
    if (!payload.compact) {
      return payload;
    }
    const { all, outline } = geometries(payload);
    const features = all.map((geometry, i) => ({
      type: "Feature", id: String(i), geometry,
      properties: Object.fromEntries(row(payload.properties, i).filter(([, value]) => value !== null)),
      computed: Object.fromEntries(row(payload.computed, i)),
    }));
    return { type: "FeatureCollection", features, ...(outline && { outline }) };
  };
})(globalThis.gisMap);
