// Inside the frame: tells the page around it how tall the facts are. Nothing else is told.

"use strict";

if (window.parent !== window) {
  const tell = () => window.parent.postMessage(
    { gisEmbedHeight: Math.ceil(document.querySelector("main").getBoundingClientRect().bottom) },
    "*",
  );
  addEventListener("message", ({ source, data }) => {
    if (source === window.parent && data && data.gisEmbedAsk) tell();
  });
  new ResizeObserver(tell).observe(document.querySelector("main"));
}
