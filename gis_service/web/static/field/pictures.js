// Photos beside a form: taken, shown small, taken away.
import { fill, h } from "./dom.js";
import { bytes, t } from "./words.js";

const SIDE = 192;

/** A photo as a small picture; a canvas, since the policy lets no page show a blob. */
export function thumbnail(photo) {
  const canvas = h("canvas", { width: SIDE, height: SIDE, role: "img", "aria-label": t("field_photo_of", { size: bytes(photo.blob?.size ?? 0) }) });
  if (photo.blob) {
    createImageBitmap(photo.blob).then((image) => {
      const scale = Math.max(SIDE / image.width, SIDE / image.height);
      const [width, height] = [image.width * scale, image.height * scale];
      canvas.getContext("2d").drawImage(image, (SIDE - width) / 2, (SIDE - height) / 2, width, height);
      image.close();
    }).catch(() => {});
  }
  return canvas;
}

/** The part of a form for photos; `taken` are those it holds, `changed` hears of each change. */
export function pictures(before, changed) {
  const taken = [...before];
  const shown = h("div", { class: "field-photos" });
  const fault = h("p", { class: "field-fault", role: "alert" });
  const take = h("button", { type: "button", class: "field-button is-plain", onclick: async () => {
    fill(fault);
    try {
      const { pick } = await import("./photo.js");
      const photo = await pick();
      if (photo) taken.push(photo);
    } catch (error) {
      fill(fault, error.constructor.name === "PhotoFault" ? error.message : t("field_photo_failed"));
    }
    draw();
    changed();
  } }, t("field_photo_take"));

  function draw() {
    fill(shown, taken.map((photo) => h("span", {}, thumbnail(photo), h("br"),
      h("button", { type: "button", class: "field-button is-plain", onclick: () => {
        taken.splice(taken.indexOf(photo), 1);
        draw();
        changed();
      } }, t("field_photo_remove")))));
    shown.hidden = taken.length === 0;
  }

  draw();
  return { element: h("fieldset", {}, h("legend", {}, t("field_photos")), shown, take, fault), taken };
}
