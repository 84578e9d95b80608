/* The room of a tool in the panel, and positions as text that can be typed. */
"use strict";
(function (gisMap) {
  const { desk, element } = gisMap;
  const PAIR = /^\s*([-+]?\d+(?:\.\d+)?)\s*[,;\s]\s*([-+]?\d+(?:\.\d+)?)\s*$/;
  let bench = null;

  /** Open the room of a tool; `close` runs when it is closed or another takes its place. */
  desk.openBench = function (title, close) {
    desk.closeBench();
    const room = document.querySelector(".bench");
    const head = element("h2", "bench-title", title);
    head.tabIndex = -1;
    const status = element("p", "bench-status");
    status.setAttribute("role", "status");
    const body = element("div", "bench-body");
    room.replaceChildren(head, status, body);
    room.hidden = false;
    document.querySelector(".atlas").dataset.bench = "open";
    desk.app.sheet("full");
    document.querySelector(".panel").scrollTop = 0;
    head.focus({ preventScroll: true });
    bench = { room, close };
    return { head, body, tell: (text) => { status.textContent = text; } };
  };

  desk.closeBench = function () {
    if (!bench) {
      return;
    }
    const { room, close } = bench;
    bench = null;
    close();
    room.hidden = true;
    room.replaceChildren();
    delete document.querySelector(".atlas").dataset.bench;
    desk.app.sheet("peek");
  };

  const asText = (positions) => positions.map(([lng, lat]) => `${lat}, ${lng}`).join("\n");

  /** Positions from lines of "latitude, longitude"; a number is the line that cannot be read. */
  function positionsOf(text) {
    const lines = text.split("\n").filter((line) => line.trim());
    const found = [];
    for (const [i, line] of lines.entries()) {
      const parts = PAIR.exec(line);
      const [lat, lng] = parts ? [Number(parts[1]), Number(parts[2])] : [NaN, NaN];
      if (!(Math.abs(lat) <= 90 && Math.abs(lng) <= 180)) {
        return i + 1;
      }
      found.push([lng, lat]);
    }
    return found;
  }

  /** A box of coordinates: `changed(positions)` hears what is typed. */
  desk.coordinates = function ({ many, changed }) {
    const box = element(many ? "textarea" : "input", "coordinates-box");
    box.id = "bench-coordinates";
    box.autocomplete = "off";
    box.spellcheck = false;
    if (many) {
      box.rows = 4;
    }
    const label = element("label", "", many ? desk.words.tool_coordinates : desk.words.tool_coordinate);
    label.htmlFor = box.id;
    const fault = element("p", "field-fault");
    fault.id = "bench-coordinates-fault";
    box.setAttribute("aria-describedby", fault.id);
    box.addEventListener("change", () => {
      const positions = positionsOf(box.value);
      const isBroken = typeof positions === "number";
      box.setAttribute("aria-invalid", String(isBroken));
      fault.textContent = isBroken ? desk.say("tool_coordinates_fault", { line: positions }) : "";
      if (!isBroken) {
        changed(many ? positions : positions.slice(0, 1));
      }
    });
    return {
      element: element("div", "field", label, box, fault),
      box,
      set(positions) {
        box.value = asText(positions);
        box.removeAttribute("aria-invalid");
        fault.textContent = "";
      },
      fault(text) {
        fault.textContent = text;
        box.setAttribute("aria-invalid", String(Boolean(text)));
      },
    };
  };
})(globalThis.gisMap);
