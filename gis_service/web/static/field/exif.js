/*
 * When a photo was taken: from its EXIF data, otherwise the file's own time.
 * Tags by CIPA DC-008 (Exif 2.32), 4.6.5.
 */

const EXIF_IFD = 0x8769;
const DATE_TIME_ORIGINAL = 0x9003;
const OFFSET_TIME_ORIGINAL = 0x9011;
const START_OF_IMAGE = 0xffd8;
const START_OF_SCAN = 0xffda;
const APP1 = 0xffe1;
const HEAD_BYTES = 262_144;
const DAY_MS = 86_400_000;

/** The time of a photo as a Date; now when neither data nor file tell one that can be. */
export async function takenAt(file) {
  const now = Date.now();
  const told = await fromExif(file).catch(() => null); // damaged data is no data
  for (const time of [told, new Date(file.lastModified)]) {
    if (time !== null && time.getFullYear() >= 2000 && time.getTime() <= now + DAY_MS) {
      return time;
    }
  }
  return new Date(now);
}

async function fromExif(file) {
  const view = new DataView(await file.slice(0, HEAD_BYTES).arrayBuffer());
  const at = exifStart(view);
  return at === null ? null : originalTime(view, at);
}

/** Where the TIFF header of a JPEG's EXIF data stands. */
function exifStart(view) {
  if (view.getUint16(0) !== START_OF_IMAGE) {
    return null;
  }
  let at = 2;
  while (at + 10 < view.byteLength) {
    const marker = view.getUint16(at);
    if (marker === APP1 && text(view, at + 4, 4) === "Exif") {
      return at + 10;
    }
    if (marker === START_OF_SCAN || marker < 0xff00) {
      return null;
    }
    at += 2 + view.getUint16(at + 2);
  }
  return null;
}

function originalTime(view, start) {
  const little = view.getUint16(start) === 0x4949;
  const first = entries(view, start, view.getUint32(start + 4, little), little);
  if (!first.has(EXIF_IFD)) {
    return null;
  }
  const offset = view.getUint32(first.get(EXIF_IFD) + 8, little);
  const exif = entries(view, start, offset, little);
  const value = (tag) => {
    if (!exif.has(tag)) {
      return null;
    }
    const at = exif.get(tag);
    const count = view.getUint32(at + 4, little);
    return text(view, count > 4 ? start + view.getUint32(at + 8, little) : at + 8, count);
  };
  const found = /^(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)/.exec(value(DATE_TIME_ORIGINAL) ?? "");
  if (found === null) {
    return null;
  }
  const [year, month, day, hour, minute, second] = found.slice(1);
  const zone = /^[+-]\d\d:\d\d/.exec(value(OFFSET_TIME_ORIGINAL) ?? "")?.[0] ?? "";
  const time = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}${zone}`);
  return Number.isNaN(time.getTime()) ? null : time;
}

/** Where the entry of each tag of a directory stands. */
function entries(view, start, offset, little) {
  const at = start + offset;
  const count = view.getUint16(at, little);
  const found = new Map();
  for (let i = 0; i < count; i += 1) {
    const entry = at + 2 + i * 12;
    found.set(view.getUint16(entry, little), entry);
  }
  return found;
}

function text(view, at, length) {
  let found = "";
  for (let i = 0; i < length; i += 1) {
    found += String.fromCharCode(view.getUint8(at + i));
  }
  return found;
}
