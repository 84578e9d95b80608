/* The form of a field, as the registry declares it. */
"use strict";
(function (gisMap) {
  const { desk, element } = gisMap;
  const FEW = 30;

  const none = (value) => (value === undefined || value === "" || (Array.isArray(value) && !value.length) ? null : value);

  function input(type, attributes = {}) {
    const made = element("input");
    Object.assign(made, { type, autocomplete: "off", ...attributes });
    return { box: made, get: () => made.value, set: (value) => { made.value = value ?? ""; } };
  }

  function number() {
    const made = input("text", { inputMode: "decimal" });
    return { ...made, get: () => {
      const text = made.box.value.trim();
      return text !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
    } };
  }

  function select(field, pairs) {
    const box = element("select", "", new Option(field.required ? desk.words.tool_choose : "–", ""),
      ...pairs.map(([value, title]) => new Option(title, value)));
    return { box, get: () => box.value, set(value) {
      const text = value ?? "";
      if (![...box.options].some((option) => option.value === text)) {
        box.add(new Option(text, text));
      }
      box.value = text;
    } };
  }

  function yesOrNo(field) {
    const { yes, no } = desk.app.words;
    const made = select(field, [["true", yes], ["false", no]]);
    return {
      box: made.box, get: () => (made.box.value === "" ? null : made.box.value === "true"),
      set: (value) => { made.box.value = value === null || value === undefined ? "" : String(value); },
    };
  }

  /** Several of a few: a box to tick for each. */
  function several(field, pairs) {
    const box = element("div", "field-ticks");
    const ticks = pairs.map(([value, title]) => {
      const tick = element("input");
      Object.assign(tick, { type: "checkbox", value });
      box.append(element("label", "", tick, title));
      return tick;
    });
    const kept = { others: [] };
    return {
      box, isGroup: true,
      get: () => [...ticks.filter((tick) => tick.checked).map((tick) => tick.value), ...kept.others],
      set(values) {
        const wanted = values ?? [];
        ticks.forEach((tick) => { tick.checked = wanted.includes(tick.value); });
        kept.others = wanted.filter((value) => !ticks.some((tick) => tick.value === value));
      },
    };
  }

  /** One of very many: what is typed is looked for, and one that is found is taken. */
  function found(field) {
    const made = input("text");
    const list = element("datalist");
    list.id = "options-" + field.name;
    made.box.setAttribute("list", list.id);
    const ids = new Map();
    let shown = 0;
    made.box.addEventListener("input", async () => {
      const turn = shown += 1;
      const text = made.box.value.trim();
      if (text.length < 2) {
        return;
      }
      const options = await desk.optionsLike(field.references, text);
      if (turn === shown) {
        options.forEach(({ id, name }) => ids.set(name, id));
        list.replaceChildren(...options.map(({ name }) => new Option(name, name)));
      }
    });
    return {
      box: made.box, beside: list, get: () => ids.get(made.box.value.trim()) ?? made.box.value.trim(),
      async set(value) {
        made.box.value = "";
        if (value) {
          const name = await desk.optionName(field.references, value);
          ids.set(name, value);
          made.box.value = name;
        }
      },
    };
  }

  async function referring(field) {
    const options = await desk.options(field.references);
    const pairs = (options || []).map(({ id, name }) => [id, name]);
    if (field.type === "references") {
      return several(field, pairs.slice(0, FEW));
    }
    return options ? select(field, pairs) : found(field);
  }

  const KINDS = {
    text: () => input("text"),
    number, integer: number,
    boolean: yesOrNo,
    date: () => input("date"),
    timestamp: () => input("text", { placeholder: "2026-03-31T08:00:00+03:00" }),
    reference: referring, references: referring,
    code: (field) => select(field, Object.entries(field.codes || {})),
    codes: (field) => several(field, Object.entries(field.codes || {})),
  };

  /**
   * A field's form: `element`, `set(value)`, `fault(text)`, `focus()`.
   * `changed(value, isWriting)` hears of every change, also while it is written; null is no value.
   */
  desk.fieldForm = async function (field, changed) {
    const made = await (KINDS[field.type] || KINDS.text)(field);
    const id = "field-" + field.name;
    const title = field.title + (field.unit ? `, ${field.unit}` : "");
    const needed = field.required ? element("span", "field-needed", " " + desk.words.tool_needed) : null;
    const help = element("p", "field-help", field.help);
    help.id = id + "-help";
    const fault = element("p", "field-fault");
    fault.id = id + "-fault";
    made.box.id = id;
    made.box.setAttribute("aria-describedby", `${help.id} ${fault.id}`);
    const isWritten = made.box.matches("input") && !made.beside;
    made.box.addEventListener(isWritten ? "input" : "change", () => {
      fault.textContent = "";
      made.box.removeAttribute("aria-invalid");
      changed(none(made.get()), isWritten);
    });
    const label = element(made.isGroup ? "span" : "label", "field-label", title, needed);
    if (made.isGroup) {
      label.id = id + "-label";
      made.box.setAttribute("role", "group");
      made.box.setAttribute("aria-labelledby", label.id);
    } else {
      label.htmlFor = id;
      if (field.required) {
        made.box.setAttribute("aria-required", "true");
      }
    }
    return {
      field, set: made.set,
      element: element("div", "field", label, made.box, made.beside || null, help, fault),
      fault(text) {
        fault.textContent = text;
        if (!made.isGroup) {
          made.box.setAttribute("aria-invalid", String(Boolean(text)));
        }
      },
      focus: () => (made.isGroup ? made.box.querySelector("input") : made.box)?.focus(),
    };
  };
})(globalThis.gisMap);
