// Words, numbers and times in the reader's language.
import { language, words } from "./page.js";

const ZONE = "Africa/Nairobi";
const LOCALE = { en: "en-KE", sw: "sw-KE" }[language];

/** A phrase of the page, with {names} filled in. */
export function t(key, values = {}) {
  const phrase = words[key];
  if (phrase === undefined) throw new Error(`no words for ${key}`);
  return phrase.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

const decimals = new Map();

/** A number with at most so many decimals. */
export function number(value, most = 0) {
  if (!decimals.has(most)) {
    decimals.set(most, new Intl.NumberFormat(LOCALE, { maximumFractionDigits: most }));
  }
  return decimals.get(most).format(value);
}

const days = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeZone: ZONE });
const times = new Intl.DateTimeFormat(
  LOCALE, { dateStyle: "medium", timeStyle: "short", timeZone: ZONE },
);

/** A day; of a date as `2026-11-23` that day, wherever the phone is. */
export const day = (value) =>
  days.format(/^\d{4}-\d\d-\d\d$/.test(value) ? new Date(`${value}T12:00:00Z`) : new Date(value));

export const time = (value) => times.format(new Date(value));

const ago = new Intl.RelativeTimeFormat(LOCALE, { numeric: "auto" });

/** How long ago, in the largest unit that fits. */
export function age(at) {
  const seconds = (new Date(at) - Date.now()) / 1000;
  for (const [unit, of] of [["day", 86_400], ["hour", 3600], ["minute", 60]]) {
    if (Math.abs(seconds) >= of) return ago.format(Math.round(seconds / of), unit);
  }
  return t("field_just_now");
}

/** A distance: metres below a kilometre. */
export const distance = (metres) =>
  (metres < 1000 ? `${number(metres)} m` : `${number(metres / 1000, metres < 10_000 ? 1 : 0)} km`);

export function bytes(count) {
  if (count < 1_000_000) return `${number(count / 1000)} KB`;
  return count < 1e9 ? `${number(count / 1_000_000, 1)} MB` : `${number(count / 1e9, 1)} GB`;
}
