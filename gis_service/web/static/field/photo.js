/*
 * A photo: picked or taken, made small, without anything but its pixels and its time.
 *
 * The canvas keeps no metadata, so no position leaves the phone inside a photo.
 */

import { takenAt } from "./exif.js";
import { uuid } from "./queue.js";
import { t } from "./words.js";

export const MOST_BYTES = 150_000;
const LONGEST_SIDE = 1600;
const SHORTEST_SIDE = 320;
const QUALITIES = [0.8, 0.6];
const LEAST_SHRINK = 0.4;

/** A photo that cannot be used; its message is for the reader. */
export class PhotoFault extends Error {}

/**
 * Let the reader choose or take a photo.
 *
 * Returns `{id, blob, taken_at}` (WebP or JPEG of at most 150 KB, ISO time), or null when
 * nothing was chosen. Rejects with `PhotoFault`.
 */
export async function pick() {
  const file = await chosen();
  return file === null ? null : made(file);
}

/** The photo of one file; see `pick`. */
export async function made(file) {
  const taken = await takenAt(file);
  const image = await decoded(file);
  try {
    return { id: uuid(), blob: await small(image), taken_at: taken.toISOString() };
  } finally {
    image.close();
  }
}

function chosen() {
  const input = document.createElement("input");
  input.type = "file";
  input.accept = "image/*";
  input.hidden = true;
  document.body.append(input);
  return new Promise((resolve) => {
    const end = () => {
      input.remove();
      resolve(input.files[0] ?? null);
    };
    input.addEventListener("change", end);
    input.addEventListener("cancel", end);
    input.click();
  });
}

async function decoded(file) {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    throw new PhotoFault(t("field_photo_unreadable"));
  }
}

/** The image so small that it fits: first at a lower quality, then with fewer pixels. */
async function small(image) {
  let side = Math.min(LONGEST_SIDE, Math.max(image.width, image.height));
  while (side >= SHORTEST_SIDE || side === Math.max(image.width, image.height)) {
    const canvas = drawn(image, side);
    let blob = null;
    for (const quality of QUALITIES) {
      blob = await encoded(canvas, quality);
      if (blob.size <= MOST_BYTES) {
        return blob;
      }
    }
    side = Math.floor(side * Math.max(LEAST_SHRINK, Math.sqrt(MOST_BYTES / blob.size) * 0.97));
  }
  throw new PhotoFault(t("field_photo_too_large"));
}

function drawn(image, side) {
  const scale = side / Math.max(image.width, image.height);
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(image.width * scale));
  canvas.height = Math.max(1, Math.round(image.height * scale));
  const paper = canvas.getContext("2d");
  paper.fillStyle = "#fff"; // what is transparent would turn black in JPEG
  paper.fillRect(0, 0, canvas.width, canvas.height);
  paper.imageSmoothingQuality = "high";
  paper.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas;
}

async function encoded(canvas, quality) {
  const webp = await asBlob(canvas, "image/webp", quality);
  // a browser that writes no WebP answers with PNG
  return webp?.type === "image/webp" ? webp : asBlob(canvas, "image/jpeg", quality);
}

function asBlob(canvas, type, quality) {
  return new Promise((resolve) => canvas.toBlob(resolve, type, quality));
}
