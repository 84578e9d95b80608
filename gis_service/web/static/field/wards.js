// The wards on this phone: download, age, refresh, remove.
import { data, download, drop, offered } from "./data.js";
import { fill, h, icon } from "./dom.js";
import { checkStorage, loginAddress, persist } from "./link.js";
import { list as queued } from "./queue.js";
import { base, language } from "./page.js";
import { all } from "./store.js";
import { age, bytes, number, time, t } from "./words.js";

const sheet = (code) => h("a", { class: "field-sheet", href: `${base}/wards/${encodeURIComponent(code)}/sheet.pdf?lang=${language}`, target: "_blank", rel: "noopener" }, t("field_ward_sheet"));

const why = (error) => (error.reason ? error.detail || t(`field_download_${error.reason}`)
  : error.name === "StorageFull" ? t("field_storage_full_ward") : t("field_download_busy"));

/** The list of wards; those on the phone first. */
export async function mount(element) {
  const said = h("p", { role: "status", class: "field-small" });
  const here = h("ul", { class: "field-steps" });
  const there = h("ul", { class: "field-list" });
  const filter = h("input", { type: "search", id: "wards-q", autocomplete: "off", oninput: () => drawThere() });
  const others = h("div", {}, h("h2", {}, t("field_wards_more")),
    h("label", { class: "visually-hidden", for: "wards-q" }, t("field_wards_filter")), filter, there);
  filter.placeholder = t("field_wards_filter");
  fill(element, h("h1", { tabindex: "-1" }, t("field_wards_title")), said, here, others);
  let wards = null;

  async function get(code, box) {
    const bar = h("progress", { "aria-label": t("field_downloading") });
    const told = h("p", { class: "field-small", role: "status" }, t("field_downloading"));
    fill(box, told, bar);
    try {
      await persist();
      const changed = await download(code, (count) => fill(told, t("field_downloaded_so_far", { size: bytes(count) })));
      fill(said, t(changed ? "field_ward_ready" : "field_ward_unchanged"));
      filter.value = "";
    } catch (error) {
      fill(said, why(error));
      if (error.reason === "login") said.append(" ", h("a", { href: loginAddress() }, t("field_log_in")));
    }
    await checkStorage();
    await draw();
  }

  async function take(code) {
    const { byId } = await data();
    const inside = new Set([...byId.values()].filter((item) => item.ward === code).map((item) => item.id));
    const waits = (await queued()).some((each) => inside.has(each.op.target?.id));
    if (waits) {
      fill(said, t("field_ward_has_work"));
      return;
    }
    await drop(code);
    fill(said, t("field_ward_removed"));
    await draw();
  }

  async function draw() {
    const kept = await all("wards");
    here.replaceChildren(...kept.map((ward) => {
      const sure = h("div", { class: "field-actions" },
        h("button", { type: "button", class: "field-button", onclick: () => get(ward.id, sure) }, t("field_refresh")),
        h("button", { type: "button", class: "field-button is-plain", onclick: () => fill(sure,
          h("p", {}, t("field_remove_sure", { name: ward.name })),
          h("button", { type: "button", class: "field-button is-warn", onclick: () => take(ward.id) }, t("field_remove")),
          h("button", { type: "button", class: "field-button is-plain", onclick: draw }, t("field_keep"))) }, t("field_remove")));
      return h("li", { class: "field-ward" }, h("b", {}, ward.name),
        h("small", {}, t("field_ward_age", { age: age(ward.fetched_at), size: bytes(ward.bytes) })),
        h("small", {}, t("field_ward_as_of", { time: time(ward.package.as_of) })), sheet(ward.id), sure);
    }));
    here.hidden = kept.length === 0;
    drawThere(new Set(kept.map((ward) => ward.id)));
  }

  let onPhone = new Set();
  function drawThere(known) {
    onPhone = known ?? onPhone;
    if (!wards) return;
    const wanted = filter.value.trim().toLowerCase();
    const shown = wards.filter((ward) => !onPhone.has(ward.code)
      && `${ward.name} ${ward.code}`.toLowerCase().includes(wanted));
    others.hidden = wards.every((ward) => onPhone.has(ward.code));
    fill(there, shown.map((ward) => {
      const box = h("span", {}, h("button", {
        type: "button", class: "field-button is-plain", "aria-label": t("field_download_ward", { name: ward.name }),
        onclick: () => get(ward.code, box),
      }, icon("down")));
      return h("li", { class: "field-row" }, icon("wards"), h("span", {}, h("b", {}, ward.name),
        h("small", {}, t("field_ward_holds", {
          nodes: number(ward.nodes), offices: number(ward.offices), equipment: number(ward.equipment),
        })), sheet(ward.code)), box);
    }));
  }

  await draw();
  others.hidden = true;
  try {
    wards = await offered();
    others.hidden = false;
    drawThere();
  } catch (error) {
    if (!said.textContent) fill(said, why(error));
  }
}
