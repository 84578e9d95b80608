/* The item that is chosen and the layers that are shown, kept in the address. */
"use strict";
(function (gisMap) {
  const { desk } = gisMap;
  let chosen = null;

  desk.onOpen(function (item) {
    chosen = item ? desk.keyOf(item) : null;
    desk.write({ item: chosen }, { replace: true });
  });

  const shownNow = (boxes) => boxes.filter((box) => box.checked).map((box) => box.dataset.layer).join(",");

  desk.onStart(function (app) {
    const boxes = [...document.querySelectorAll(".legend input[data-layer]")];
    const usual = app.config.layers.filter((each) => each.visible).map((each) => each.id).join(",");
    for (const box of boxes) {
      box.addEventListener("change", () => {
        const order = app.config.layers.map((each) => each.id);
        const now = shownNow([...boxes].sort((a, b) => order.indexOf(a.dataset.layer) - order.indexOf(b.dataset.layer)));
        desk.write({ layers: now === usual ? null : now || "none" });
      });
    }

    desk.onChange(["layers"], function (shown) {
      const wanted = new Set((shown ?? usual).split(","));
      for (const [id, layer] of app.layers) {
        if (layer.wanted !== wanted.has(id)) {
          app.toggle(id, wanted.has(id));
          app.checkLayer(id, wanted.has(id));
        }
      }
    });

    desk.onChange(["item"], async function (key) {
      if (key === chosen) {
        return;
      }
      if (!key) {
        app.map.closePopup();
        return;
      }
      const item = await app.bring(key);
      if (item) {
        desk.open(item, { focus: false });
      }
    });
  });
})(globalThis.gisMap);
