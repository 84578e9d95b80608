// Form fields made from the registry's words: one input for each field, by its type.
import { h } from "./dom.js";
import { t } from "./words.js";

const TYPES = { integer: "number", number: "number", date: "date", timestamp: "datetime-local" };
const LONG = new Set(["notes", "description", "address", "contact"]);
const MADE = new Set(["text", "code", "codes", "integer", "number", "boolean", "date", "timestamp"]);

/** Whether a form can ask for a field. */
export const askable = (field) => field.writable && MADE.has(field.type);

const pad = (number) => String(number).padStart(2, "0");

/** A time as the phone's clock shows it, for an input. */
export const local = (date) =>
  `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}T${pad(date.getHours())}:${pad(date.getMinutes())}`;

/** A question with its input; `known` has the codes' titles. */
export function question(known, field, value, { required = field.required } = {}) {
  const id = `f-${field.name}`;
  const title = field.unit ? `${field.title} (${field.unit})` : field.title;
  const label = h("label", { class: "field-label", for: id }, title,
    required ? h("span", { class: "field-hint" }, t("field_required")) : null);
  const common = { id, name: field.name, required };
  const codes = Object.entries(known.codelists[field.codelist] || {});
  if (field.type === "boolean") {
    return h("div", { class: "field-choice" }, h("label", {}, h("input", { ...common, required: false, type: "checkbox", checked: Boolean(value) }), title));
  }
  if (field.type === "codes") {
    const chosen = new Set(value || []);
    return h("fieldset", {}, h("legend", {}, title), h("div", { class: "field-choice" }, codes.map(([code, text]) =>
      h("label", {}, h("input", { type: "checkbox", name: field.name, value: code, checked: chosen.has(code) }), text))));
  }
  if (field.type === "code") {
    const select = h("select", common, h("option", { value: "" }, t("field_choose")),
      codes.map(([code, text]) => h("option", { value: code }, text)));
    if (value && !codes.some(([code]) => code === value)) select.append(h("option", { value }, value));
    select.value = value ?? "";
    return h("div", {}, label, select);
  }
  if (LONG.has(field.name)) return h("div", {}, label, h("textarea", { ...common, value: value ?? "" }));
  const number = TYPES[field.type] === "number";
  const input = h("input", {
    ...common, type: TYPES[field.type] || "text", value: value ?? "",
    inputmode: number ? "decimal" : null, step: field.type === "integer" ? "1" : number ? "any" : null,
    min: number ? field.minimum : null, max: number ? field.maximum : null,
    autocomplete: "off", maxlength: number ? null : 500,
  });
  return h("div", {}, label, input);
}

/** What the inputs of these fields say; null for what is left empty. */
export function answers(form, fields) {
  const said = {};
  for (const field of fields) {
    const inputs = [...form.querySelectorAll(`[name="${field.name}"]`)];
    if (inputs.length === 0) continue;
    const [input] = inputs;
    if (field.type === "boolean") said[field.name] = input.checked;
    else if (field.type === "codes") said[field.name] = inputs.filter((each) => each.checked).map((each) => each.value);
    else if (input.value.trim() === "") said[field.name] = null;
    else if (TYPES[field.type] === "number") said[field.name] = Number(input.value);
    else if (field.type === "timestamp") said[field.name] = new Date(input.value).toISOString();
    else said[field.name] = input.value.trim();
  }
  return said;
}

const equal = (one, other) => JSON.stringify(one ?? null) === JSON.stringify(other ?? null);

/** Of what a form says, only what differs from a row; a box left unticked is no change to nothing. */
export const changed = (said, before) => Object.fromEntries(Object.entries(said).filter(([name, value]) =>
  !equal(value, before[name])
  && !((value === false || value?.length === 0) && (before[name] === null || before[name] === undefined))));

/** Of what a form says, only what it says at all. */
export const filled = (said) => Object.fromEntries(Object.entries(said)
  .filter(([, value]) => value !== null && value !== false && value?.length !== 0));
