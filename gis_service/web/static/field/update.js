// The service worker, and new versions of the page: they wait until the reader says so.
import { h } from "./dom.js";
import { note, notice } from "./link.js";
import { base } from "./page.js";
import { t } from "./words.js";

const ASK_MS = 30 * 60_000;

function offer(use) {
  notice("update", note(t("field_new_version"), {
    action: h("button", { type: "button", class: "field-button", onclick: use }, t("field_reload")),
  }));
}

/** Register the worker; what waits in the queue is in the storage and no update touches it. */
export async function start() {
  const workers = navigator.serviceWorker;
  if (!workers) return;
  let asked = false;
  const had = Boolean(workers.controller);
  workers.addEventListener("controllerchange", () => {
    if (asked) location.reload();
    else if (had) offer(() => location.reload());
  });
  const registration = await workers.register(`${base}/field/sw.js`, {
    scope: `${base}/field`, updateViaCache: "none",
  });
  const ready = () => {
    if (registration.waiting && workers.controller) {
      offer(() => { asked = true; registration.waiting?.postMessage("take over"); });
    }
  };
  registration.addEventListener("updatefound", () => {
    registration.installing?.addEventListener("statechange", ready);
  });
  ready();
  const look = () => registration.update().catch(() => {});
  setInterval(look, ASK_MS);
  addEventListener("focus", look);
}
