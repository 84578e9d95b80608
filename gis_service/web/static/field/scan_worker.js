/* Finds QR codes in images, away from the page: jsQR takes a good part of a frame's time. */

importScripts("../vendor/jsqr@1.4.0/jsQR.js");

self.onmessage = (event) => {
  const { data, width, height } = event.data;
  const found = self.jsQR(data, width, height, { inversionAttempts: "dontInvert" });
  self.postMessage(found?.data || null);
};
