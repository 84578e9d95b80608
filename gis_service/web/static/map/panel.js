/* The panel: a sheet on phones, a table whose wards lead to the map. */
"use strict";
(function (gisMap) {
  const element = gisMap.element;

  function startSheet(app) {
    const atlas = document.querySelector(".atlas");
    const panel = document.querySelector(".panel");
    const handle = panel.querySelector(".sheet-handle");
    const label = handle.querySelector(".sheet-label");
    let start = null;
    handle.hidden = false;

    app.sheet = function (state) {
      const before = atlas.dataset.sheet;
      atlas.dataset.sheet = state;
      handle.setAttribute("aria-expanded", String(state === "full"));
      label.textContent = state === "full" ? app.words.panel_close : app.words.panel_open;
      if (state === "peek" && before !== state) {
        panel.scrollTop = 0;
      }
    };
    app.sheet("peek");

    handle.addEventListener("click", () => {
      if (!start || !start.moved) {
        app.sheet(atlas.dataset.sheet === "full" ? "peek" : "full");
      }
      start = null;
    });
    handle.addEventListener("pointerdown", (event) => {
      start = { y: event.clientY, moved: false };
      handle.setPointerCapture(event.pointerId);
    });
    handle.addEventListener("pointermove", (event) => {
      if (start && Math.abs(event.clientY - start.y) > 24) {
        start.moved = true;
        app.sheet(event.clientY < start.y ? "full" : "peek");
      }
    });
  }

  function startWards(app) {
    for (const row of document.querySelectorAll("tr[data-ward]")) {
      const name = row.querySelector(".ward-name");
      const button = element("button", "ward-name", name.textContent);
      button.type = "button";
      button.addEventListener("click", () => {
        const item = app.wards.get(row.dataset.ward);
        if (item) {
          app.sheet("peek");
          app.show(item, { focus: true, back: button });
        }
      });
      name.replaceWith(button);
    }
  }

  function startSorting() {
    for (const table of document.querySelectorAll("table[data-sortable]")) {
      const heads = [...table.tHead.rows[0].cells];
      heads.forEach((head, column) => {
        const button = element("button", "sorter", head.textContent);
        button.type = "button";
        button.title = table.dataset.sortPhrase.replace("{column}", head.textContent);
        head.replaceChildren(button);
        button.addEventListener("click", () => sort(table, heads, column));
      });
      heads[0].setAttribute("aria-sort", "ascending");
    }
  }

  function sort(table, heads, column) {
    const up = heads[column].getAttribute("aria-sort") !== "ascending";
    const isNumber = heads[column].dataset.sort === "number";
    const value = (row) => row.cells[column].dataset.value;
    const rows = [...table.tBodies[0].rows].sort((a, b) => {
      const order = isNumber ? value(a) - value(b) : value(a).localeCompare(value(b));
      return up ? order : -order;
    });
    heads.forEach((head) => head.removeAttribute("aria-sort"));
    heads[column].setAttribute("aria-sort", up ? "ascending" : "descending");
    table.tBodies[0].append(...rows);
  }

  /** Make the tables of the panel lead to the map and sort. */
  gisMap.startTables = function (app) {
    startWards(app);
    startSorting();
    for (const hint of document.querySelectorAll(".needs-script")) {
      hint.hidden = false;
    }
  };

  gisMap.startPanel = function (app) {
    startSheet(app);
    gisMap.startTables(app);
  };

  gisMap.markWard = function (code) {
    for (const row of document.querySelectorAll("tr[data-ward]")) {
      row.classList.toggle("is-chosen", row.dataset.ward === code);
    }
  };
})(globalThis.gisMap);
