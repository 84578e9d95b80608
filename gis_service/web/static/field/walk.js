// Record the route of a cable while walking it.
import { fill, h } from "./dom.js";
import { note, notice } from "./link.js";
import { thumbnail } from "./pictures.js";
import { endNote, ending } from "./walk_end.js";
import { recorder } from "./walk_record.js";
import { sketch } from "./walk_sketch.js";
import { LIMITS_M, LIMIT_M } from "./walk_track.js";
import { distance, number, t, time } from "./words.js";

export const KINDS = ["pole", "manhole", "closure", "slack"];
const LONGEST_SLACK_M = 1000;

const button = (text, onclick, kind = "") =>
  h("button", { type: "button", class: `field-button ${kind}`, onclick }, text);

let shownHere = false;
let done = null;

/** Draw the part into an element; the function that is returned takes it away again. */
export async function mount(element) {
  const body = h("div", {});
  fill(element, h("h1", { tabindex: "-1" }, t("field_walk_title")), body);
  await recorder.restore();
  shownHere = true;
  let screen = null;
  const draw = () => {
    const name = screenNow();
    if (screen?.name !== name) {
      screen = { name, ...SCREENS[name]() };
      fill(body, screen.element);
    }
    screen.update?.();
    tellElsewhere();
  };
  const change = () => draw();
  recorder.addEventListener("change", change);
  const clock = setInterval(() => screen?.tick?.(), 1000);
  draw();
  return () => {
    recorder.removeEventListener("change", change);
    clearInterval(clock);
    shownHere = false;
    done = null;
    tellElsewhere();
  };
}

function screenNow() {
  if (!recorder.walk) return done ? "done" : "idle";
  return recorder.walk.ended_at ? "end" : "walk";
}

/** On the page's other parts, that a walk goes on. */
function tellElsewhere() {
  const goes = !shownHere && recorder.walk;
  notice("walk", goes ? note(t(`field_walk_goes_${recorder.walk.state}`), {
    action: h("a", { class: "field-button is-plain", href: "#/walk" }, t("field_walk_back")),
  }) : null);
}

const SCREENS = {
  idle,
  walk: walking,
  end: () => ending(recorder, (title) => { done = title; }),
  done: () => ({
    element: h("div", {},
      h("p", { class: "field-card", role: "status" }, t("field_walk_kept", { name: done })),
      h("div", { class: "field-actions" },
        h("a", { class: "field-button is-plain", href: "#/work" }, t("field_walk_see_queue")),
        button(t("field_walk_another"), () => { done = null; recorder.tell(null); }))),
  }),
};

function idle() {
  const possible = isSecureContext && "geolocation" in navigator;
  const limits = h("fieldset", { class: "walk-limits" },
    h("legend", {}, t("field_walk_limit")),
    h("div", { class: "field-choice" }, LIMITS_M.map((limit) => h("label", {},
      h("input", { type: "radio", name: "limit", value: String(limit), checked: limit === LIMIT_M }),
      `${number(limit)} m`))),
    h("p", { class: "field-small" }, t("field_walk_limit_why")));
  const start = button(t("field_walk_start"), () => {
    recorder.begin(Number(limits.querySelector(":checked").value));
  }, "walk-wide");
  start.disabled = !possible;
  return {
    element: h("div", { class: "field-form" },
      h("p", {}, t("field_walk_lead")),
      possible ? null : h("p", { class: "field-card is-warn" }, t("field_walk_insecure")),
      recorder.nodes.length ? null : h("p", { class: "field-card" }, t("field_walk_no_ward")),
      limits, start),
  };
}

function walking() {
  const { walk } = recorder;
  const length = h("b", { class: "walk-length" });
  const elapsed = h("span", {});
  const quality = h("span", { class: "walk-quality" });
  const said = h("p", { class: "walk-said", role: "status" });
  const drawing = sketch();
  const ends = h("div", {});
  const points = h("ul", { class: "walk-points" });
  const kinds = h("div", { class: "field-grid" }, KINDS.map((kind) => button(
    t(`field_walk_${kind}`), () => {
      if (!recorder.note(kind)) recorder.tell("field_walk_not_here");
    }, "is-plain")));
  const undo = button(t("field_walk_undo"), () => recorder.undo(), "is-plain");
  const pause = button("", () => (walk.state === "recording" ? recorder.pause() : recorder.resume()));
  const finish = button(t("field_walk_finish"), () => end(), "is-plain");
  const drop = h("details", { class: "walk-drop" },
    h("summary", {}, t("field_walk_discard")),
    h("p", {}, t("field_walk_discard_why")),
    button(t("field_walk_discard_sure"), () => recorder.discard(), "is-warn"));
  let listed = null;
  return {
    element: h("div", { class: "walk" },
      h("div", { class: "walk-figures" }, length, elapsed, quality),
      said, h("h2", {}, t("field_walk_points")), kinds,
      h("div", { class: "field-actions" }, pause, finish, undo),
      ends, drawing.element, points, drop),
    tick: () => fill(elapsed, clock(Date.now() - new Date(walk.started_at).getTime())),
    update() {
      const { track, fix } = recorder;
      fill(length, distance(track.length_m));
      fill(elapsed, clock(Date.now() - new Date(walk.started_at).getTime()));
      tellQuality(quality, fix, walk);
      say(said);
      fill(pause, t(walk.state === "recording" ? "field_walk_pause" : "field_walk_resume"));
      finish.disabled = track.vertices.length < 2;
      undo.disabled = track.vertices.length === 0;
      drawing.update(track.vertices, walk.points, walk.start);
      fill(ends, walk.start ? endNote(recorder, "start") : null);
      const state = JSON.stringify([walk.points, recorder.photos.size]);
      if (state !== listed) fill(points, walk.points.map(pointRow).reverse());
      listed = state;
    },
  };
}

function end() {
  const { walk, track } = recorder;
  if (walk.state === "recording") recorder.pause();
  walk.ended_at = new Date().toISOString();
  recorder.snap("start", track.vertices[0]);
  recorder.snap("end", track.last);
  if (walk.end && walk.end.id === walk.start?.id) walk.end = null;
  recorder.keep();
  recorder.tell(null);
}

function pointRow(point) {
  const photo = point.photo ? recorder.photos.get(point.photo) : null;
  const fault = h("span", { class: "field-fault", role: "alert" });
  return h("li", {},
    h("div", { class: "walk-point" },
      h("b", {}, t(`field_walk_${point.kind}`)), h("small", {}, time(point.at)),
      point.kind === "slack" ? slackBox(point) : null),
    photo ? thumbnail(photo) : null,
    button(t(photo ? "field_walk_other_photo" : "field_walk_photo"), () => takePhoto(point, fault), "is-plain"),
    fault);
}

function slackBox(point) {
  return h("label", { class: "walk-slack" }, h("span", {}, t("field_walk_slack_m")),
    h("input", {
      type: "number", inputmode: "decimal", min: "0", max: String(LONGEST_SLACK_M), step: "any",
      value: point.slack_m ?? "",
      onchange: ({ target }) => {
        const metres = target.valueAsNumber;
        point.slack_m = metres > 0 && metres <= LONGEST_SLACK_M ? metres : null;
        recorder.keep();
      },
    }));
}

async function takePhoto(point, fault) {
  fill(fault);
  try {
    const { pick } = await import("./photo.js");
    const photo = await pick();
    if (photo) await recorder.picture(point, photo);
  } catch (error) {
    console.error(error);
    const key = error.name === "StorageFull" ? "field_walk_full" : "field_photo_failed";
    fill(fault, error.constructor.name === "PhotoFault" ? error.message : t(key));
  }
}

function tellQuality(element, fix, walk) {
  const good = fix && fix.accuracy_m <= walk.limit_m;
  element.classList.toggle("is-bad", walk.state === "recording" && !good);
  let text = t("field_walk_waiting");
  if (walk.state === "paused") text = t("field_walk_paused");
  else if (fix) {
    text = t(good ? "field_walk_good" : "field_walk_inaccurate", {
      accuracy: number(fix.accuracy_m), limit: number(walk.limit_m),
    });
  }
  if (element.textContent !== text) fill(element, text);
}

function say(element) {
  const { said, counted, walk } = recorder;
  let text = "";
  if (said) text = t(said.key, said.values);
  else if (walk.state === "recording" && counted === "jump") text = t("field_walk_jump");
  if (element.textContent !== text) fill(element, text);
}

function clock(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (value) => String(value).padStart(2, "0");
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

recorder.addEventListener("change", tellElsewhere);
