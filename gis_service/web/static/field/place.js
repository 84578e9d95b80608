// Where the phone is, and how far and in which direction things are from it.

const EARTH_M = 6_371_008.8;
const RADIANS = Math.PI / 180;
const POINTS = ["n", "ne", "e", "se", "s", "sw", "w", "nw"];
const BAD_M = 100;

let last = null;
let fault = null;
let watching = null;
const listeners = new Set();

/** Metres between two [lon, lat]; flat, which is enough within a county. */
export function metres([lon, lat], [lon2, lat2]) {
  const x = (lon2 - lon) * RADIANS * Math.cos(((lat + lat2) / 2) * RADIANS);
  return EARTH_M * Math.hypot(x, (lat2 - lat) * RADIANS);
}

/** Degrees from north, clockwise, from one [lon, lat] to another. */
export function bearing([lon, lat], [lon2, lat2]) {
  const x = (lon2 - lon) * Math.cos(((lat + lat2) / 2) * RADIANS);
  return (Math.atan2(x, lat2 - lat) / RADIANS + 360) % 360;
}

/** The nearest of eight points of the compass, as a key of words. */
export const compass = (degrees) => `field_compass_${POINTS[Math.round(degrees / 45) % 8]}`;

/**
 * Hear where the phone is: `listener({at: [lon, lat], accuracy_m, time} or null, fault or null)`.
 *
 * `fault` is "denied", "absent" or "unavailable". Returns how to stop; the receiver is
 * asked only while somebody listens.
 */
export function follow(listener) {
  listeners.add(listener);
  if (last || fault) listener(last, fault);
  if (watching === null) begin();
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0 && watching !== null) {
      navigator.geolocation.clearWatch(watching);
      watching = null;
    }
  };
}

function begin() {
  if (!navigator.geolocation || !globalThis.isSecureContext) {
    fault = "absent";
    for (const listener of listeners) listener(null, fault);
    return;
  }
  watching = navigator.geolocation.watchPosition((found) => {
    const { longitude, latitude, accuracy } = found.coords;
    last = { at: [longitude, latitude], accuracy_m: accuracy, time: found.timestamp };
    fault = null;
    for (const listener of listeners) listener(last, null);
  }, (error) => {
    fault = error.code === 1 ? "denied" : "unavailable";
    for (const listener of listeners) listener(last, fault);
  }, { enableHighAccuracy: true, maximumAge: 10_000, timeout: 30_000 });
}

/** Whether a position is too rough to find anything by. */
export const isRough = (position) => position.accuracy_m > BAD_M;
