/*
 * Read the tag of an asset from its QR label: by the browser's own detector, else by jsQR in
 * a worker, else by typing it. `scan` opens a dialogue over the page.
 */

import { h } from "./dom.js";
import { t } from "./words.js";

const EVERY_MS = 150;
const WIDEST_PX = 800;
const WORKER = new URL("scan_worker.js", import.meta.url);
const LONGEST_TAG = 100;

/**
 * The tag that a label's text names, or null when the text is none of ours.
 *
 * A label holds `https://host/a/TAG`; any host is taken, since labels outlive addresses.
 */
export function tagOf(text) {
  const plain = text.trim();
  if (/^[a-z][a-z0-9+.-]*:/i.test(plain)) {
    const found = /^https?:\/\/[^/?#]+(?:\/[^?#]*)?\/a\/([^/?#]+)\/?(?:[?#].*)?$/i.exec(plain);
    try {
      return found === null ? null : decodeURIComponent(found[1]);
    } catch {
      return null;
    }
  }
  return plain.length > 0 && plain.length <= LONGEST_TAG && !/[\u0000-\u001f]/.test(plain)
    ? plain : null;
}

/** Ask for a label before the camera; resolves its tag, or null when the reader closes. */
export function scan() {
  return new Promise((resolve) => new Scanner(resolve).open());
}

class Scanner {
  constructor(resolve) {
    this.resolve = resolve;
    this.open_ = true;
    this.video = h("video", { class: "scan-video", muted: true, playsinline: true });
    this.said = h("p", { class: "scan-said", role: "status" }, t("field_scan_starting"));
    this.typed = h("input", {
      id: "scan-tag", name: "tag", autocomplete: "off", autocapitalize: "characters",
      spellcheck: "false", maxlength: String(LONGEST_TAG),
    });
    this.light = h("button", { type: "button", class: "button quiet", hidden: true },
      t("field_scan_light"));
    this.dialog = h("dialog", { class: "scan", "aria-labelledby": "scan-title" },
      h("h2", { id: "scan-title" }, t("field_scan_title")),
      h("div", { class: "scan-frame" }, this.video),
      this.said,
      h("form", { class: "scan-form", onsubmit: (event) => this.take(event) },
        h("label", { for: "scan-tag" }, t("field_scan_typed")),
        h("div", { class: "scan-row" }, this.typed,
          h("button", { type: "submit", class: "button" }, t("field_scan_open")))),
      h("div", { class: "scan-row" }, this.light,
        h("button", { type: "button", class: "button quiet", onclick: () => this.end(null) },
          t("field_scan_close"))));
    this.dialog.addEventListener("close", () => this.end(null));
  }

  async open() {
    document.body.append(this.dialog);
    this.dialog.showModal();
    try {
      await this.start();
      await this.look();
    } catch (fault) {
      this.tell(faultKey(fault));
      this.dialog.classList.add("is-blind");
      this.typed.focus();
    }
  }

  async start() {
    if (navigator.mediaDevices === undefined) {
      throw new DOMException("", "SecurityError");
    }
    const stream = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: { ideal: "environment" }, width: { ideal: 1280 } }, audio: false,
    });
    this.stream = stream;
    if (!this.open_) {
      this.stop();
      return;
    }
    this.video.muted = true;
    this.video.srcObject = stream;
    await this.video.play();
    this.offerLight(stream.getVideoTracks()[0]);
    this.tell("field_scan_hold");
  }

  offerLight(track) {
    if (track.getCapabilities?.().torch !== true) {
      return;
    }
    let on = false;
    this.light.hidden = false;
    this.light.addEventListener("click", async () => {
      on = !on;
      await track.applyConstraints({ advanced: [{ torch: on }] });
      this.light.setAttribute("aria-pressed", String(on));
    });
  }

  async look() {
    const read = await reader();
    this.stopReading = read.stop;
    while (this.open_) {
      const text = this.video.readyState >= 2 ? await read(this.video) : null;
      const tag = text === null ? null : tagOf(text);
      if (tag !== null) {
        this.end(tag);
      } else if (text !== null) {
        this.tell("field_scan_foreign");
      }
      await new Promise((done) => setTimeout(done, EVERY_MS));
    }
    read.stop?.();
  }

  take(event) {
    event.preventDefault();
    const tag = tagOf(this.typed.value);
    if (tag === null) {
      this.tell("field_scan_foreign");
    } else {
      this.end(tag);
    }
  }

  tell(key) {
    this.said.textContent = t(key);
  }

  stop() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stopReading?.();
  }

  end(tag) {
    if (!this.open_) {
      return;
    }
    this.open_ = false;
    this.stop();
    this.dialog.close();
    this.dialog.remove();
    this.resolve(tag);
  }
}

function faultKey(fault) {
  return {
    NotAllowedError: "field_scan_denied",
    SecurityError: "field_scan_insecure",
    NotFoundError: "field_scan_no_camera",
    OverconstrainedError: "field_scan_no_camera",
  }[fault.name] ?? "field_scan_failed";
}

/** A function from a video to the text of a QR code in it, or null. */
async function reader() {
  if ("BarcodeDetector" in window) {
    const known = await window.BarcodeDetector.getSupportedFormats().catch(() => []);
    if (known.includes("qr_code")) {
      const detector = new window.BarcodeDetector({ formats: ["qr_code"] });
      return async (video) => (await detector.detect(video))[0]?.rawValue ?? null;
    }
  }
  return workerReader();
}

function workerReader() {
  const worker = new Worker(WORKER);
  const canvas = document.createElement("canvas");
  const paper = canvas.getContext("2d", { willReadFrequently: true });
  const read = (video) => {
    const scale = Math.min(1, WIDEST_PX / video.videoWidth);
    canvas.width = Math.round(video.videoWidth * scale);
    canvas.height = Math.round(video.videoHeight * scale);
    paper.drawImage(video, 0, 0, canvas.width, canvas.height);
    const image = paper.getImageData(0, 0, canvas.width, canvas.height);
    return new Promise((resolve, reject) => {
      worker.onmessage = (event) => resolve(event.data);
      worker.onerror = () => reject(new Error("the worker failed"));
      worker.postMessage(image, [image.data.buffer]);
    });
  };
  read.stop = () => worker.terminate();
  return read;
}
