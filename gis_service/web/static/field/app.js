// The start: which part the address names, and what keeps the page true.
import { fill, h } from "./dom.js";
import * as find from "./find.js";
import { start as startLink } from "./link.js";
import { language } from "./page.js";
import { nameDevice } from "./queue.js";
import { put } from "./store.js";
import { start as startUpdates } from "./update.js";
import { t } from "./words.js";

const TABS = { find: "find", map: "find", asset: "find", a: "find", scan: "find", do: "find", near: "near",
  walk: "walk", work: "work", fix: "work", new: "work", wards: "wards" };

const parts = {
  find: (element) => find.mount(element, {}),
  near: (element) => find.mount(element, { near: true }),
  map: async (element) => (await import("./plan.js")).mount(element),
  asset: async (element, rest) => (await import("./asset.js")).mount(element, rest),
  a: async (element, rest) => (await import("./asset.js")).mount(element, rest.slice(0, 1)),
  do: async (element, rest) => (await import("./work.js")).mount(element, rest),
  new: async (element, rest) => (await import("./work.js")).mountNew(element, rest),
  work: async (element) => (await import("./outbox.js")).mount(element),
  fix: async (element, rest) => (await import("./outbox.js")).mountFix(element, rest),
  wards: async (element) => (await import("./wards.js")).mount(element),
  more: async (element) => (await import("./more.js")).mount(element),
  walk: async (element) => (await import("./walk.js")).mount(element),
  async scan(element) {
    fill(element, h("h1", { tabindex: "-1" }, t("field_scan")));
    const { scan } = await import("./scan.js");
    const tag = await scan();
    if (location.hash === "#/scan") location.replace(tag ? `#/a/${encodeURIComponent(tag)}` : "#/find");
  },
};

let leave = null;
let turn = 0;

async function show() {
  const mine = (turn += 1);
  const [name, ...rest] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  const part = Object.hasOwn(parts, name) ? name : "find";
  if (typeof leave === "function") leave();
  leave = null;
  for (const tab of document.querySelectorAll("[data-tab]")) {
    if (tab.dataset.tab === TABS[part]) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  const old = document.getElementById("content");
  const element = old.cloneNode(false);
  old.replaceWith(element);
  let end = null;
  try {
    end = await parts[part](element, rest);
  } catch (error) {
    console.error(error);
    fill(element, h("h1", { tabindex: "-1" }, t("field_broken")), h("p", {}, t("field_broken_why")));
  }
  if (mine !== turn) {
    if (typeof end === "function") end();
    return;
  }
  leave = end;
  document.title = `${element.querySelector("h1")?.textContent ?? ""} – ${t("field_title")}`;
  document.body.dataset.part = part;
  if (turn > 1) {
    element.querySelector("h1")?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
}

document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  document.getElementById("content").focus();
});
addEventListener("hashchange", show);
await nameDevice();
await put("kept", { id: "language", value: language });
startLink();
startUpdates().catch(console.error);
await show();
document.body.dataset.ready = "true";
