/* Marking where a fault is: by the phone's position, or on a small map. Works without, too. */

import { draw } from "./map.js";

const box = document.getElementById("mark");
const form = box.closest("form");
const words = box.dataset;
const input = name => form.elements.namedItem(name);

const line = document.createElement("p");
line.className = "marked";
line.setAttribute("role", "status");
const clear = button(words.clear, () => {
  for (const name of ["lon", "lat", "accuracy_m"]) input(name).value = "";
  map?.mark(null);
  say("");
  clear.hidden = true;
});
clear.hidden = !input("lon").value;
let map = null;

const place = document.createElement("div");
place.className = "mark-map";
const row = document.createElement("div");
row.className = "mark-buttons";
row.append(
  ...("geolocation" in navigator && isSecureContext ? [button(words.here, here)] : []),
  button(words.map, open),
  clear,
);
box.className = "mark";
box.append(row, line, place);
box.hidden = false;

function button(text, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "button is-quiet";
  made.textContent = text;
  made.addEventListener("click", act);
  return made;
}

function say(text) {
  line.textContent = text;
  form.querySelector("[data-given]")?.remove();
}

function take(lon, lat, accuracy_m) {
  input("lon").value = lon.toFixed(6);
  input("lat").value = lat.toFixed(6);
  input("accuracy_m").value = Math.max(1, Math.round(accuracy_m));
  clear.hidden = false;
}

function here() {
  say(words.finding);
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      take(coords.longitude, coords.latitude, coords.accuracy);
      map?.mark([coords.longitude, coords.latitude]);
      const metres = new Intl.NumberFormat(document.documentElement.lang).format(Math.round(coords.accuracy));
      say(words.found.replace("{metres}", metres));
    },
    () => say(words.noPosition),
    { enableHighAccuracy: true, timeout: 20000, maximumAge: 30000 },
  );
}

async function open(event) {
  const opener = event.currentTarget;
  opener.disabled = true;
  try {
    map = await draw(place, words, (lon, lat, accuracy_m) => {
      take(lon, lat, accuracy_m);
      say(words.marked);
    });
  } catch {
    opener.disabled = false;
    say(words.noMap);
    return;
  }
  opener.remove();
  if (input("lon").value) map.mark([Number(input("lon").value), Number(input("lat").value)]);
  const chosen = input("ward");
  map.show(chosen.value);
  chosen.addEventListener("change", () => map.show(chosen.value));
}
