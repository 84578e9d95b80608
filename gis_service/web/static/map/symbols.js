/* How each kind of layer looks. templates/signs.html draws the same signs for the legend. */
"use strict";
(function (gisMap) {
  const token = gisMap.token;
  const QUESTION = new Path2D("M8 9a4 4 0 1 1 5.500 3.700c-1 .5-1.500 1.200-1.500 2.300M12 19h.01");
  const paths = new Map();

  function path(data) {
    if (!paths.has(data)) {
      paths.set(data, new Path2D(data));
    }
    return paths.get(data);
  }

  function disc(context, point, radius) {
    context.beginPath();
    context.arc(point.x, point.y, radius, 0, 2 * Math.PI);
  }

  function glyph(context, point, drawing, size, colour) {
    context.translate(point.x - size / 2, point.y - size / 2);
    context.scale(size / 24, size / 24);
    context.strokeStyle = colour;
    context.lineWidth = 2.4;
    context.lineCap = "round";
    context.lineJoin = "round";
    context.stroke(drawing);
  }

  function between(zoom, low, high) {
    const [zoomA, sizeA] = low;
    const [zoomB, sizeB] = high;
    const part = Math.min(1, Math.max(0, (zoom - zoomA) / (zoomB - zoomA)));
    return sizeA + part * (sizeB - sizeA);
  }

  /** How far areas cover what lies beneath them: less from near than from afar. */
  function veil(zoom) {
    const [afar, near] = gisMap.overBasemap ? [0.7, 0.25] : [1, 0.45];
    return between(zoom, [11.5, afar], [14.5, near]);
  }

  /** The line of a ward: thin from afar, dashed from near. */
  function edge(zoom, tone) {
    return zoom < 13
      ? { weight: 1, color: token(tone), opacity: 1, dashArray: null }
      : { weight: 2, color: token("outline"), opacity: 0.7, dashArray: "7 5" };
  }

  const GLYPH_FROM = 8.8;

  /** What kind of office it is, inside its sign, from near. */
  function kindOf(context, point, r, icon, colour, size) {
    if (icon && r >= GLYPH_FROM) {
      glyph(context, point, path(icon), r * size, colour);
    }
  }

  const offices = {
    connected(context, point, r, icon) {
      disc(context, point, r + 1.6);
      context.fillStyle = token("halo");
      context.fill();
      disc(context, point, r);
      context.fillStyle = token("connected");
      context.fill();
      kindOf(context, point, r, icon, token("halo"), 1.3);
    },
    unconnected(context, point, r, icon) {
      disc(context, point, r + 1.6);
      context.fillStyle = token("halo");
      context.fill();
      disc(context, point, r - 0.8);
      context.lineWidth = icon && r >= GLYPH_FROM ? 2.6 : Math.max(2, r * 0.48);
      context.strokeStyle = token("unconnected");
      context.stroke();
      kindOf(context, point, r, icon, token("unconnected"), 1.15);
    },
    unknown(context, point, r) {
      disc(context, point, r + 1.6);
      context.fillStyle = token("halo");
      context.fill();
      disc(context, point, r);
      context.fillStyle = token("unknown");
      context.fill();
      if (r > 3.4) {
        glyph(context, point, QUESTION, r * 1.7, token("halo"));
      }
    },
  };

  function drawOffice(context, point, options) {
    gisMap.pick(offices, options.connection, offices.unknown)(
      context, point, options.radius, options.icon);
  }

  function drawNode(context, point, options) {
    const half = options.radius;
    const corner = half * 0.5;
    context.beginPath();
    context.roundRect(point.x - half, point.y - half, 2 * half, 2 * half, corner);
    context.fillStyle = token("network");
    context.fill();
    context.lineWidth = 1.6;
    context.strokeStyle = token("halo");
    context.stroke();
    if (half >= 6.5) {
      glyph(context, point, path(options.icon), half * 1.4, token("on-network"));
    }
  }

  function drawPlain(context, point, options) {
    disc(context, point, options.radius);
    context.fillStyle = token("accent");
    context.fill();
    context.lineWidth = 1.6;
    context.strokeStyle = token("halo");
    context.stroke();
  }

  function drawCluster(context, point, options) {
    disc(context, point, options.radius);
    context.fillStyle = token("surface");
    context.fill();
    context.lineWidth = 2;
    context.strokeStyle = token("ink");
    context.stroke();
    context.fillStyle = token("ink");
    context.font = "600 11px " + token("sans");
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(options.count, point.x, point.y + 0.5);
  }

  const dashes = (text, scale) => text.split(" ").filter(Boolean).map((v) => Number(v) * scale);

  /** Per style: `path(config, feature, zoom)` for lines and areas, `sign(...)` for points. */
  gisMap.styles = {
    indicator: {
      interactive: true,
      path(config, feature, zoom) {
        const { class: found = null, view } = feature.computed || {};
        const none = view ? view.none : found === null;
        return {
          fill: true, fillOpacity: veil(zoom), hatched: none,
          under: gisMap.overBasemap ? null : token("land"),
          fillColor: token(view ? view.tone : none ? "area-none" : "area-" + config.steps[found]),
          ...edge(zoom, none ? "hatch" : "area-line"),
        };
      },
    },
    outline: {
      interactive: true,
      path: (config, feature, zoom) => ({
        fill: true, fillOpacity: gisMap.overBasemap ? 0.2 : 1, fillColor: token("land"),
        ...edge(zoom, "area-line"),
      }),
    },
    road: {
      interactive: false,
      passes: [
        (config, feature, zoom) => ({
          color: token("road-casing"), weight: roadWidth(feature, zoom) + 1.8, opacity: 1,
        }),
        (config, feature, zoom) => ({
          color: token("road"), weight: roadWidth(feature, zoom), opacity: 1,
        }),
      ],
    },
    link: {
      interactive: true,
      path(config, feature, zoom) {
        const line = gisMap.pick(config.lines, feature.properties.status, config.lines.proposed);
        const scale = between(zoom, [9, 0.7], [14, 1.15]);
        const weight = linkWidth(config, feature) * scale;
        return {
          color: token("tone-" + line.tone), opacity: 1, weight,
          casing: token("halo"), core: line.hollow ? token("halo") : null,
          dashArray: dashes(line.dash, scale * 0.9),
        };
      },
    },
    node: {
      interactive: true,
      tileRank: 2,
      sign(config, feature, zoom) {
        const id = (feature.computed && feature.computed.kind) || "node";
        const kind = gisMap.pick(config.kinds, id, config.kinds.node);
        const radius = kind.major
          ? between(zoom, [9, 7], [13, 11]) : between(zoom, [10, 2.6], [13.5, 8.5]);
        return { draw: drawNode, icon: kind.icon, radius };
      },
    },
    office: {
      interactive: true,
      tileRank: 3,
      sign(config, feature, zoom) {
        return {
          draw: drawOffice, connection: feature.properties.connection,
          icon: gisMap.pick(config.icons, feature.properties.office_type, null),
          radius: between(zoom, [8.5, 3.2], [13.5, 7.5]) + between(zoom, [13.5, 0], [15.5, 4]),
        };
      },
    },
    plain: {
      interactive: true,
      path: () => ({
        fill: false, weight: 2.5, color: token("accent"), opacity: 1, casing: token("halo"),
      }),
      sign: (config, feature, zoom) => ({
        draw: drawPlain, radius: between(zoom, [9, 3.5], [14, 7]),
      }),
    },
  };

  gisMap.clusterSign = (count) => ({
    draw: drawCluster, count: String(count), radius: 11 + Math.min(9, 2.4 * Math.log10(count) ** 2),
  });

  /** Many items gathered: a disc whose parts are as large as the share of each kind. */
  gisMap.gatheredSign = (parts, count) => ({
    draw: drawGathered, parts, radius: 3.5 + Math.min(8, 1.6 * Math.log10(count) ** 1.6),
  });

  function drawGathered(context, point, { parts, radius }) {
    disc(context, point, radius + 1.4);
    context.fillStyle = token("halo");
    context.fill();
    const all = parts.reduce((sum, [, number]) => sum + number, 0);
    let from = -Math.PI / 2;
    for (const [kind, number] of parts) {
      const to = from + (2 * Math.PI * number) / all;
      context.beginPath();
      context.moveTo(point.x, point.y);
      context.arc(point.x, point.y, radius, from, to);
      context.closePath();
      context.fillStyle = token(gisMap.pick(GATHERED, kind, "accent"));
      context.fill();
      from = to;
    }
  }

  const GATHERED = { connected: "connected", unconnected: "unconnected", unknown: "unknown" };

  function roadWidth(feature, zoom) {
    const trunk = gisMap.isTrunk(feature);
    return trunk ? between(zoom, [8.5, 1.1], [14.5, 8]) : between(zoom, [9.5, 0.5], [15, 6]);
  }

  gisMap.isTrunk = (feature) => ["A", "B"].includes(feature.properties.road_class);

  function linkWidth(config, feature) {
    const capacity = feature.properties.capacity_gbps;
    if (typeof capacity !== "number") {
      return 3;
    }
    const [low, high] = config.capacityBreaks;
    return capacity < low ? 2.2 : capacity < high ? 3.6 : 5.4;
  }
})(globalThis.gisMap);
