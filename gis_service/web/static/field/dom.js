// Elements without markup: text is only ever text.

const SVG = "http://www.w3.org/2000/svg";

function make(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((each) => each !== null && each !== undefined
    && each !== false).map((each) => (each instanceof Node ? each : String(each))));
  return element;
}

/** An HTML element: `h("button", {type: "button", onclick: f}, "Text")`. */
export const h = (tag, attributes, ...children) =>
  make(document.createElement(tag), attributes, children);

/** An SVG element. */
export const s = (tag, attributes, ...children) =>
  make(document.createElementNS(SVG, tag), attributes, children);

/** A sign of the page's sprite, next to words that say the same. */
export const icon = (name) =>
  s("svg", { class: "glyph", "aria-hidden": "true" }, s("use", { href: `#i-${name}` }));

/** Show these instead of what an element holds. */
export const fill = (element, ...children) => element.replaceChildren(
  ...children.flat(Infinity).filter((each) => each !== null && each !== undefined && each !== false),
);
