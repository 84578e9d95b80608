// The end of a walk: its name, its ends, and into the queue.
import { fill, h } from "./dom.js";
import { sketch } from "./walk_sketch.js";
import { GAP } from "./walk_track.js";
import { distance, number, t } from "./words.js";

const LONGEST_NAME = 120;

/** That an end of the walk is a node, and how to undo it. */
export function endNote(recorder, which) {
  const { name, distance_m } = recorder.walk[which];
  return h("div", { class: "field-note" },
    h("p", {}, t(`field_walk_${which}_is`, { name, distance: distance(distance_m) })),
    h("button", {
      type: "button", class: "field-button is-plain", onclick: () => recorder.free(which),
    }, t("field_walk_not_this")));
}

/** The screen of a walk that has ended; `kept` hears its name when it is in the queue. */
export function ending(recorder, kept) {
  const { walk, track } = recorder;
  const name = h("input", {
    id: "walk-name", name: "name", maxlength: String(LONGEST_NAME), value: walk.name,
    autocomplete: "off",
    oninput: ({ target }) => {
      walk.name = target.value.trim();
      recorder.keep();
    },
  });
  const fault = h("p", { class: "field-fault", role: "alert" });
  const drawing = sketch();
  const ends = h("div", { class: "walk-ends" });
  const gaps = track.vertices.filter((vertex) => vertex[4] & GAP).length;
  const keep = h("button", { type: "submit", class: "field-button" }, t("field_walk_keep"));
  const finish = async (event) => {
    event.preventDefault();
    keep.disabled = true;
    const title = walk.name || t("field_walk_unnamed");
    try {
      kept(title);
      await recorder.finish(title);
    } catch (error) {
      console.error(error);
      kept(null);
      keep.disabled = false;
      fill(fault, t(error.name === "StorageFull" ? "field_walk_full" : "field_walk_not_kept"));
    }
  };
  const back = () => {
    walk.ended_at = null;
    walk.end = null;
    recorder.keep();
    recorder.tell(null);
  };
  return {
    element: h("form", { class: "field-form", onsubmit: finish },
      h("div", {}, h("label", { class: "field-label", for: "walk-name" }, t("field_walk_name")),
        h("span", { class: "field-hint", id: "walk-name-hint" }, t("field_walk_name_why")), name),
      drawing.element, ends,
      h("dl", { class: "field-facts" },
        fact("field_walk_length", distance(track.length_m)),
        fact("field_walk_positions", number(track.vertices.length)),
        fact("field_walk_points", number(walk.points.length)),
        gaps ? fact("field_walk_gaps", number(gaps)) : null),
      h("p", { class: "field-small" }, t("field_walk_then")),
      fault,
      h("div", { class: "field-actions" }, keep,
        h("button", { type: "button", class: "field-button is-plain", onclick: back }, t("field_walk_on")))),
    update() {
      drawing.update(track.vertices, walk.points, walk.start, walk.end);
      fill(ends, ["start", "end"].map((which) => (walk[which]
        ? endNote(recorder, which)
        : h("p", { class: "field-small" }, t(`field_walk_${which}_free`)))));
    },
  };
}

const fact = (key, value) => h("div", {}, h("dt", {}, t(key)), h("dd", {}, value));
