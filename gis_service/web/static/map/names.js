/* Which names each layer brings to the map, and from which zoom on. */
"use strict";
(function (gisMap) {
  /** Where the server says that an area's name stands. */
  gisMap.labelPoint = function (feature) {
    const at = feature.computed && feature.computed.label_at;
    return at ? L.latLng(at[1], at[0]) : null;
  };

  /** The labels that a layer brings. */
  gisMap.labelsOf = function (config, features) {
    const name = (feature) => feature.properties[config.label];
    const labels = [];
    for (const feature of features) {
      const at = gisMap.labelPoint(feature) || middle(feature.geometry);
      const text = name(feature);
      if (!at || typeof text !== "string" || !text) {
        continue;
      }
      const rule = LABELS[config.style];
      const made = rule && rule(config, feature, text);
      if (made) {
        labels.push({ at, text, to: 99, ...made });
      }
    }
    return config.style === "indicator" ? [...labels, ...regions(features)] : labels;
  };

  const LABELS = {
    indicator: () => ({ kind: "area", from: 10.5, rank: 20 }),
    outline: () => ({ kind: "area", from: 10.5, rank: 20 }),
    node(config, feature) {
      const kind = gisMap.pick(config.kinds, (feature.computed || {}).kind);
      const major = kind && kind.major;
      return { kind: "node", from: major ? 12.5 : 14.5, rank: major ? 40 : 10 };
    },
    office: () => ({ kind: "office", from: 14, rank: 5 }),
    road(config, feature, text) {
      const number = /^[A-E]\d{1,4}\b/.exec(text);
      return number && {
        text: number[0], kind: "road", from: gisMap.isTrunk(feature) ? 9.5 : 12, rank: 30,
      };
    },
  };

  /** Names of constituencies, shown while wards are too small for theirs. */
  function regions(features) {
    const places = new Map();
    for (const feature of features) {
      const text = feature.properties.constituency;
      const at = gisMap.labelPoint(feature);
      if (typeof text === "string" && at) {
        const sum = places.get(text) || { lat: 0, lng: 0, count: 0 };
        places.set(text, { lat: sum.lat + at.lat, lng: sum.lng + at.lng, count: sum.count + 1 });
      }
    }
    return [...places].map(([text, sum]) => ({
      at: L.latLng(sum.lat / sum.count, sum.lng / sum.count), text, kind: "region",
      from: 8, to: 10.5, rank: 50 + sum.count,
    }));
  }

  function middle(geometry) {
    let line = geometry.coordinates;
    if (geometry.type === "Point") {
      return L.latLng(line[1], line[0]);
    }
    if (geometry.type === "MultiLineString") {
      line = line[0];
    } else if (geometry.type !== "LineString") {
      return null;
    }
    const [lng, lat] = line[Math.floor(line.length / 2)];
    return L.latLng(lat, lng);
  }
})(globalThis.gisMap);
