// One box for tag, name, type or ward; and what is near. The list comes first, the map second.
import { data, search, statusOf } from "./data.js";
import { fill, h, icon, s } from "./dom.js";
import { bearing, compass, follow, isRough, metres } from "./place.js";
import { distance, number, t } from "./words.js";

const AT_ONCE = 40;
const SIGNS = { network_nodes: "node", offices: "office", equipment: "device", fibre_links: "cable" };
const STATE_SIGNS = { good: "yes", bad: "no", unsure: "unknown", wait: "wait" };

/** A status as a sign and a word. */
export const state = ({ kind, sign, word }) =>
  h("span", { class: `field-state ${sign}` }, icon(STATE_SIGNS[kind]), word);

const arrow = (degrees) => s("svg", { class: "field-arrow", viewBox: "0 0 24 24", "aria-hidden": "true" },
  s("path", { d: "M12 3l6 16l-6-4l-6 4z", fill: "currentColor", transform: `rotate(${Math.round(degrees)} 12 12)` }));

/** How far something is and where to, in words with an arrow. */
export function far(from, to, inline = false) {
  const degrees = bearing(from, to);
  return h("span", { class: inline ? "field-far is-inline" : "field-far" }, arrow(degrees), inline ? null : h("br"),
    distance(metres(from, to)), h("small", {}, ` ${t(compass(degrees))}`));
}

/** A row of a list that leads to an item. */
export function row(known, item, position) {
  const of = { offices: " is-office", equipment: " is-equipment" }[item.collection] || "";
  return h("li", {}, h("a", { class: `field-row${of}`, href: `#/asset/${item.collection}/${item.id}` },
    icon(SIGNS[item.collection]),
    h("span", {}, h("b", {}, item.name),
      h("small", {}, [item.kind, item.tag === item.name ? null : item.tag, item.wardName]
        .filter(Boolean).join(" · ")),
      state(statusOf(known, item))),
    position && item.at ? far(position.at, item.at) : h("span", {})));
}

const toggle = (current) => h("nav", { class: "field-toggle", "aria-label": t("field_view") },
  ["find", "map"].map((to) => h("a", {
    href: `#/${to}`, "aria-current": to === current ? "true" : null,
  }, t(to === "map" ? "field_map" : "field_list"))));

/** What to do on a phone that holds no ward yet. */
const empty = () => h("div", { class: "field-card" }, h("p", {}, t("field_no_wards")),
  h("p", { class: "field-actions" }, h("a", { class: "field-button", href: "#/wards" }, t("field_get_wards"))));

function box(query, type) {
  const input = h("input", {
    type: "search", id: "q", name: "q", value: query, autocomplete: "off", autocapitalize: "off",
    spellcheck: "false", enterkeyhint: "search", placeholder: t("field_find_hint"), oninput: () => type(input.value),
  });
  return h("form", { class: "field-box", role: "search", onsubmit: (event) => { event.preventDefault(); input.blur(); } },
    h("label", { class: "visually-hidden", for: "q" }, t("field_find_label")), input,
    h("a", { class: "field-button is-plain", href: "#/scan", "aria-label": t("field_scan") }, icon("scan")));
}

/** The list with its box; `near` sorts by distance. */
export async function mount(element, { near = false, query = "" } = {}) {
  const found = await data();
  const list = h("ul", { class: "field-list" });
  const said = h("p", { class: "field-small", role: "status" });
  const where = h("p", { class: "field-small" });
  const more = h("button", { type: "button", class: "field-button is-plain", onclick: () => { shown += AT_ONCE; draw(); } }, t("field_show_more"));
  let shown = AT_ONCE;
  let asked = query;
  let position = null;
  let matching = [];

  function select() {
    matching = asked ? search(found.items, asked) : found.items.filter((item) => item.collection !== "fibre_links");
    if (near && position) {
      matching = matching.filter((item) => item.at)
        .map((item) => [metres(position.at, item.at), item])
        .sort(([one], [other]) => one - other).map(([, item]) => item);
    } else if (!asked) {
      matching.sort((one, other) => one.name.localeCompare(other.name));
    }
  }

  function draw() {
    select();
    fill(list, matching.slice(0, shown).map((item) => row(found.known, item, position)));
    list.hidden = matching.length === 0;
    fill(said, matching.length ? t("field_found", { count: number(matching.length) })
      : t("field_found_none", { query: asked }));
    more.hidden = matching.length <= shown;
  }

  const heading = h("h1", { tabindex: "-1" }, t(near ? "field_near_title" : "field_find_title"));
  if (found.wards.size === 0) {
    fill(element, heading, empty());
    return undefined;
  }
  fill(element, heading,
    box(query, (value) => { asked = value.trim(); shown = AT_ONCE; draw(); }),
    h("div", { class: "field-view" }, said, near ? null : toggle("find")),
    near ? where : null, list, h("div", { class: "field-actions" }, more));
  if (!near) {
    draw();
    return undefined;
  }
  fill(where, t("field_place_wait"));
  draw();
  let drawn = 0;
  return follow((now, fault) => {
    const moved = !position || !now || metres(position.at, now.at) > Math.max(5, now.accuracy_m / 4);
    fill(where, fault ? t(`field_place_${fault}`) : t(isRough(now) ? "field_place_rough" : "field_place_known",
      { accuracy: distance(now.accuracy_m) }));
    if (now && (moved || Date.now() - drawn > 15_000)) {
      position = now;
      drawn = Date.now();
      draw();
    }
  });
}
