// What stands at the top: whether the server answers, and what the reader must know.
import { fill, h, icon } from "./dom.js";
import { base, language } from "./page.js";
import { get } from "./store.js";
import { counts, send, watch } from "./queue.js";
import { number, t } from "./words.js";

const RETRY_MS = 30_000;
const NEARLY_FULL = 0.85;
const SIGNS = { online: "online", offline: "offline", login: "key", denied: "key", busy: "offline" };

const notices = new Map();

/** Show a notice, or take it away where `element` is null; each has a name of its own. */
export function notice(name, element) {
  if (element) notices.set(name, element);
  else notices.delete(name);
  fill(document.getElementById("notices"), ...notices.values());
}

/** A notice's box. */
export const note = (text, { warn = false, action = null } = {}) =>
  h("div", { class: warn ? "field-note is-warn" : "field-note" }, h("p", {}, text), action);

/** Tell something that was just done, for a while. */
export function told(text) {
  notice("told", note(text));
  setTimeout(() => notice("told", null), 8000);
}

export const loginAddress = () =>
  `${base}/login?lang=${language}&next=${encodeURIComponent(`${base}/field?lang=${language}`)}`;

async function show() {
  const [link, me, found] = await Promise.all([get("kept", "link"), get("kept", "me"), counts()]);
  const state = link?.state || "offline";
  const box = document.getElementById("link");
  box.className = `field-link is-${state === "online" ? "online" : "trouble"}`;
  fill(box, icon(SIGNS[state] || "offline"), h("span", {}, t(`field_link_${state}`)));
  const waiting = found.waiting + found.received + found.refused + found.conflict;
  const count = document.getElementById("count");
  const all = waiting + found.sent;
  count.hidden = all === 0;
  fill(count, h("span", { "aria-hidden": "true" }, number(all)),
    h("span", { class: "visually-hidden" }, ` ${t("field_count_waiting", { count: number(all) })}`));
  const enter = h("a", { class: "field-button", href: loginAddress() }, t("field_log_in"));
  notice("login", state === "login"
    ? note(me ? t(waiting ? "field_session_ended_waiting" : "field_session_ended", { count: number(waiting) })
      : t("field_log_in_first"), { warn: Boolean(me), action: enter })
    : state === "denied" ? note(link.detail || t("field_denied"), { warn: true, action: enter }) : null);
  notice("clock", me?.skew_ms
    ? note(t(me.skew_ms > 0 ? "field_clock_ahead" : "field_clock_behind", {
      minutes: number(Math.abs(me.skew_ms) / 60_000),
    }), { warn: true }) : null);
  notice("refused", found.refused + found.conflict
    ? note(t("field_need_you", { count: number(found.refused + found.conflict) }), {
      warn: true, action: h("a", { class: "field-button is-plain", href: "#/work" }, t("field_look")),
    }) : null);
}

/** Tell when the phone's storage is nearly full. */
export async function checkStorage() {
  const found = await navigator.storage?.estimate?.();
  if (!found?.quota) return;
  notice("storage", found.usage / found.quota > NEARLY_FULL
    ? note(t("field_storage_low"), { warn: true }) : null);
}

/** Ask that the browser keeps what is stored; it may say no. */
export const persist = async () => {
  if (await navigator.storage?.persisted?.()) return true;
  return (await navigator.storage?.persist?.()) ?? false;
};

/** Keep the top true, and probe the server: `navigator.onLine` says nothing of it. */
export function start() {
  watch(() => show());
  show();
  const probe = () => { if (!document.hidden) send().catch(console.error); };
  setInterval(probe, RETRY_MS);
  for (const name of ["online", "focus"]) addEventListener(name, () => send(true).catch(console.error));
  document.addEventListener("visibilitychange", probe);
  addEventListener("offline", probe);
  send(true).catch(console.error);
  checkStorage();
}

