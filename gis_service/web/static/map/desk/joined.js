/* Where two networks are one: joined nodes on the map, and a list that leads to them. */
"use strict";
(function (gisMap) {
  const { desk, element } = gisMap;
  const PROCESS = "joined-nodes";
  let part = null;
  let marks = null;
  let pairs = null;

  desk.onStart(function (app) {
    part = document.querySelector(".desk-part[data-part=joined]");
    if (!part || !desk.may(PROCESS)) {
      return;
    }
    part.hidden = false;
    app.map.createPane("joined").style.zIndex = 618;
    marks = L.layerGroup();
    part.addEventListener("toggle", () => desk.write({ joined: part.open ? "1" : null }));
    desk.onChange(["joined"], (on) => (on ? open() : close()));
  });

  async function open() {
    part.open = true;
    marks.addTo(desk.app.map);
    if (pairs) {
      return;
    }
    const room = part.querySelector(".desk-room");
    room.replaceChildren(element("p", "", desk.words.desk_working));
    try {
      const found = await desk.ask(PROCESS, {});
      pairs = found.features.map(drawn);
      tell(room);
    } catch (error) {
      room.replaceChildren(desk.refusal(error));
    }
  }

  function close() {
    part.open = false;
    marks.remove();
  }

  function drawn({ geometry, properties }) {
    const ends = geometry.coordinates.map(([lng, lat]) => L.latLng(lat, lng));
    const title = desk.say("desk_joined_mark", properties);
    L.polyline(ends, { pane: "joined", className: "joined-line", interactive: false }).addTo(marks);
    const at = L.latLngBounds(ends).getCenter();
    const icon = L.divIcon({ html: element("span", "joined-sign", "="), className: "joined-mark", iconSize: [26, 26] });
    const mark = L.marker(at, { icon, pane: "joined", title, alt: title, keyboard: false });
    mark.on("add", () => mark.getElement().setAttribute("aria-label", title));
    mark.addTo(marks);
    return { ends, properties };
  }

  function tell(room) {
    const rows = pairs.map(({ ends, properties }) => {
      const name = properties.name_a === properties.name_b
        ? properties.name_a : properties.name_a + " = " + properties.name_b;
      return element("li", "", desk.button(name, "desk-link", () => {
        desk.app.sheet("peek");
        desk.app.map.fitBounds(L.latLngBounds(ends), { ...desk.app.room(), maxZoom: 16, animate: false });
      }), element("small", "", properties.network_a + ", " + properties.network_b));
    });
    room.replaceChildren(rows.length ? element("ul", "joined-list", ...rows)
      : element("p", "", desk.words.desk_joined_none));
  }
})(globalThis.gisMap);
