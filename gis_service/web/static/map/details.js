/* What a thing on the map is, as elements. Values become text nodes and nothing else. */
"use strict";
(function (gisMap) {
  /** An element with classes and children; strings become text. */
  gisMap.element = function (name, className, ...children) {
    const made = document.createElement(name);
    if (className) {
      made.className = className;
    }
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  };
  const element = gisMap.element;

  gisMap.nameOf = function (config, feature, words) {
    const name = feature.properties[config.label];
    return name === undefined || name === null || name === "" ? words.unnamed : String(name);
  };

  const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

  const WRITERS = {
    code: "asCode", codes: "asCode", boolean: "asBoolean", number: "asNumber", integer: "asNumber",
    date: "asDate", timestamp: "asTime", reference: "asName", references: "asName",
  };

  const FORMATS = {
    numbers: [Intl.NumberFormat, { maximumFractionDigits: 3 }],
    years: [Intl.NumberFormat, { useGrouping: false }],
    days: [Intl.DateTimeFormat, { dateStyle: "long", timeZone: "UTC" }],
    times: [Intl.DateTimeFormat, { dateStyle: "medium", timeStyle: "short", timeZone: "Africa/Nairobi" }],
  };

  class Writer {
    constructor(app) {
      this.app = app;
      this.made = {};
    }

    /** A format in the page's language, made when it is first needed: that takes its time. */
    format(name) {
      const [Format, options] = FORMATS[name];
      return this.made[name] ??= new Format(this.app.config.language + "-KE", options);
    }

    /** A field's value as text; null when there is nothing to tell. */
    text(field, value) {
      if (value === undefined || value === null || value === "") {
        return null;
      }
      if (Array.isArray(value)) {
        const texts = value.map((one) => this.text(field, one)).filter((one) => one !== null);
        return texts.length ? texts.join(", ") : null;
      }
      const write = WRITERS[field.type] || "asText";
      return this[write](value, field);
    }

    asText(value) {
      return typeof value === "object"
        ? Object.values(value).filter((v) => v !== null).map(String).join(", ") : String(value);
    }

    asCode(value, field) {
      return gisMap.pick(field.codes, value, String(value));
    }

    asBoolean(value) {
      return value ? this.app.words.yes : this.app.words.no;
    }

    asNumber(value, field) {
      const isYear = /(^|_)year$/.test(field.name);
      const text = this.format(isYear ? "years" : "numbers").format(value);
      return field.unit ? text + " " + field.unit : text;
    }

    asDate(value) {
      const day = new Date(value);
      return Number.isNaN(day.getTime()) ? String(value) : this.format("days").format(day);
    }

    asTime(value) {
      const time = new Date(value);
      return Number.isNaN(time.getTime()) ? String(value) : this.format("times").format(time);
    }

    asName(value, field) {
      const known = this.app.byName.get(field.references + "/" + value);
      if (known) {
        return gisMap.nameOf(known.config, known.feature, this.app.words);
      }
      return UUID.test(value) ? null : String(value);
    }
  }
  gisMap.Writer = Writer;

  function wardFigures(app, config, computed) {
    const known = computed.connected + computed.unconnected;
    const share = known ? Math.round((100 * computed.connected) / known) + "%" : app.words.no_data;
    const counts = element("ul", "card-counts");
    for (const key of ["connected", "unconnected", "unknown"]) {
      counts.append(element("li", "is-" + key, element("b", "", String(computed[key])), " ",
        app.words[key]));
    }
    return element("div", "card-figures",
      element("p", "card-number" + (known ? "" : " is-none"), share), counts);
  }

  /** What kind of thing a feature is, in a word or two. */
  gisMap.kindOf = function (app, config, feature) {
    const kind = gisMap.pick(config.kinds, (feature.computed || {}).kind);
    if (kind) {
      return kind.title;
    }
    if (config.style === "indicator") {
      const { constituency } = feature.properties;
      return constituency ? app.words.ward + " · " + constituency : app.words.ward;
    }
    const type = config.fields.find((field) => field.name === "office_type");
    return (type && app.writer.text(type, feature.properties.office_type)) || config.title;
  };

  /** The card of a feature. */
  gisMap.details = function (app, config, feature) {
    const card = element("div", "card",
      element("p", "card-kind", gisMap.kindOf(app, config, feature)),
      element("h2", "card-name", gisMap.nameOf(config, feature, app.words)));
    if (config.style === "indicator" && feature.computed) {
      card.append(wardFigures(app, config, feature.computed));
    }
    const list = element("dl", "card-fields");
    for (const field of config.fields) {
      if (field.name === "office_type") {
        continue;
      }
      const text = app.writer.text(field, feature.properties[field.name]);
      if (text !== null) {
        const value = element("dd", "", text);
        if (field.name === "connection" || field.name === "status") {
          value.classList.add("is-" + String(feature.properties[field.name]).replace(/[^\w]/g, ""));
        }
        list.append(element("div", "", element("dt", "", field.title), value));
      }
    }
    if (list.childElementCount) {
      card.append(list);
    }
    return card;
  };

  /** One line under the pointer. */
  gisMap.hint = function (app, config, feature) {
    const line = element("div", "hint-line", gisMap.nameOf(config, feature, app.words));
    const computed = feature.computed;
    if (config.style === "indicator" && computed) {
      const known = computed.connected + computed.unconnected;
      line.append(element("span", "", computed.view ? computed.view.text : known
        ? Math.round((100 * computed.connected) / known) + "%" : app.words.no_data));
    }
    return line;
  };
})(globalThis.gisMap);
