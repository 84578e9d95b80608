// The rest: who is logged in, what is stored, languages, how to install, logging out.
import { fill, h } from "./dom.js";
import { loginAddress, persist } from "./link.js";
import { base, language, place } from "./page.js";
import { counts } from "./queue.js";
import { get, put } from "./store.js";
import { bytes, number, t, time } from "./words.js";

const LANGUAGES = { en: "English", sw: "Kiswahili" };

async function leave(me, said) {
  try {
    const response = await fetch(`${base}/logout`, {
      method: "POST", credentials: "same-origin", redirect: "manual",
      headers: { "x-csrf-token": me.csrf, "content-type": "application/x-www-form-urlencoded" },
    });
    if (response.type !== "opaqueredirect" && !response.ok) throw new Error(String(response.status));
  } catch {
    fill(said, t("field_log_out_failed"));
    return;
  }
  await put("kept", { id: "link", state: "login", tries: 0, after: 0, at: Date.now() });
  location.assign(loginAddress());
}

/** The page of all that is no work. */
export async function mount(element) {
  const [me, link, found, estimate, kept] = await Promise.all([
    get("kept", "me"), get("kept", "link"), counts(), navigator.storage?.estimate?.() ?? {}, navigator.storage?.persisted?.() ?? false,
  ]);
  const waiting = found.waiting + found.received + found.refused + found.conflict + found.sent;
  const said = h("p", { role: "status" });
  const out = h("button", { type: "button", class: "field-button is-warn", onclick: () => {
    if (waiting === 0) leave(me, said);
    else {
      fill(said, t("field_log_out_sure", { count: number(waiting) }), h("span", { class: "field-actions" },
        h("button", { type: "button", class: "field-button is-warn", onclick: () => leave(me, said) }, t("field_log_out_anyway")),
        h("button", { type: "button", class: "field-button", onclick: () => fill(said) }, t("field_stay"))));
    }
  } }, t("field_log_out"));
  fill(element, h("h1", { tabindex: "-1" }, t("field_more")),
    h("p", {}, place), me ? h("p", {}, t("field_logged_in", { name: me.name ?? me.person, time: time(me.seen_at) })) : h("p", {}, t("field_log_in_first")),
    h("div", { class: "field-actions" }, 
      link?.state === "online" ? null : h("a", { class: "field-button is-plain", href: loginAddress() }, t("field_log_in")), me ? out : null), said,
    h("h2", {}, t("field_language")), h("div", { class: "field-actions" }, Object.entries(LANGUAGES).map(([code, name]) =>
      h("a", { class: "field-button is-plain", lang: code, href: `${base}/field?lang=${code}#/more`, "aria-current": code === language ? "true" : null }, name))),
    h("h2", {}, t("field_install")), h("p", {}, t(globalThis.isSecureContext ? "field_install_how" : "field_insecure")),
    h("h2", {}, t("field_storage")),
    estimate.quota ? h("p", {}, t("field_storage_used", { used: bytes(estimate.usage), quota: bytes(estimate.quota) })) : null,
    h("p", {}, t(kept ? "field_storage_kept" : "field_storage_loose")),
    kept ? null : h("div", { class: "field-actions" }, h("button", { type: "button", class: "field-button is-plain", onclick: async () => { await persist(); mount(element); } }, t("field_storage_keep"))),
    h("p", { class: "field-small" }, t("field_help_paper")));
}
