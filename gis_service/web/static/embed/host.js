// On the page of another site: gives our frames the height that they ask for.
// A frame is believed about itself only, and only within bounds.

"use strict";

(() => {
  const LEAST = 120, MOST = 4000;
  const home = new URL(document.currentScript.src).origin;
  const ours = () => [...document.querySelectorAll("iframe")].filter(
    (frame) => new URL(frame.src, location.href).origin === home,
  );
  addEventListener("message", ({ source, data }) => {
    const height = data && data.gisEmbedHeight;
    if (!Number.isFinite(height)) return;
    const frame = ours().find((each) => each.contentWindow === source);
    if (frame) frame.height = String(Math.min(MOST, Math.max(LEAST, height)));
  });
  // A frame that was ready first has told its height already.
  for (const frame of ours()) frame.contentWindow.postMessage({ gisEmbedAsk: true }, "*");
})();
