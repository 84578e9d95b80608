/* Search by name over all layers: accents do not matter, the keyboard suffices. */
"use strict";
(function (gisMap) {
  const element = gisMap.element;
  const MOST = 12;

  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();

  /** How well a name answers a query; 0 not at all. */
  function rank(name, query) {
    if (name === query) {
      return 4;
    }
    if (name.startsWith(query)) {
      return 3;
    }
    const at = name.indexOf(query);
    if (at < 0) {
      return 0;
    }
    return /[^\p{L}\p{N}]/u.test(name[at - 1]) ? 2 : 1;
  }

  gisMap.startSearch = function (app) {
    const box = document.querySelector(".finder");
    const input = box.querySelector("input");
    const list = box.querySelector("ul");
    const count = box.querySelector(".finder-count");
    const clear = box.querySelector(".finder-clear");
    let found = [];
    let active = -1;
    box.hidden = false;

    function matches(text) {
      const query = plain(text);
      const ranked = [];
      for (const item of app.searchable) {
        const best = Math.max(...item.names.map((name) => rank(name, query)));
        if (best > 0) {
          ranked.push([best, item]);
        }
      }
      ranked.sort((a, b) => b[0] - a[0] || a[1].order - b[1].order
        || a[1].title.localeCompare(b[1].title));
      return ranked.map((pair) => pair[1]);
    }

    function option(item, index) {
      const made = element("li", "", element("span", "option-name", item.title),
        element("span", "option-kind", item.kind || gisMap.kindOf(app, item.config, item.feature)));
      made.id = "finder-option-" + index;
      made.setAttribute("role", "option");
      made.setAttribute("aria-selected", "false");
      made.addEventListener("click", () => choose(index));
      return made;
    }

    function show() {
      const text = input.value;
      clear.hidden = !text;
      active = -1;
      input.removeAttribute("aria-activedescendant");
      const all = plain(text) ? matches(text) : [];
      found = all.slice(0, MOST);
      list.replaceChildren(...found.map(option));
      const words = app.words;
      if (plain(text)) {
        const none = words.search_none.replace("{text}", () => text.trim());
        count.textContent = all.length
          ? words.search_count.replace("{count}", String(all.length)) : none;
        if (!all.length) {
          const empty = element("li", "option-none", none);
          empty.setAttribute("role", "option");
          empty.setAttribute("aria-disabled", "true");
          list.append(empty);
        }
      } else {
        count.textContent = "";
      }
      open(Boolean(plain(text)));
      askService(text);
    }

    /** Items that the page did not bring, from the service, after those that it has. */
    async function askService(text) {
      const large = [...app.layers.values()].filter((layer) => layer.payload.overview);
      if (!app.config.searchAddress || !large.length || plain(text).length < 3) {
        return;
      }
      await new Promise((done) => setTimeout(done, 250));
      if (input.value !== text) {
        return;
      }
      const query = new URLSearchParams({
        q: text, limit: String(MOST), f: "json", collections: large.map((layer) => layer.config.id).join(","),
      });
      const answer = await fetch(app.config.searchAddress + "?" + query,
        { headers: { Accept: "application/geo+json" } }).catch(() => null);
      if (!answer || !answer.ok || input.value !== text) {
        return;
      }
      const hits = (await answer.json()).features.filter((hit) => hit.properties.item && hit.geometry);
      found = [...found, ...hits.map(({ properties }) => ({
        key: properties.collection + "/" + properties.item, title: properties.label, kind: properties.collection_title,
      }))].slice(0, 2 * MOST);
      list.replaceChildren(...found.map(option));
      count.textContent = found.length
        ? app.words.search_count.replace("{count}", String(found.length)) : count.textContent;
    }

    function open(yes) {
      list.hidden = !yes;
      input.setAttribute("aria-expanded", String(yes));
    }

    function mark(index) {
      const options = list.querySelectorAll("[aria-selected]");
      options.forEach((one, i) => one.setAttribute("aria-selected", String(i === index)));
      active = index;
      if (index >= 0) {
        input.setAttribute("aria-activedescendant", options[index].id);
        options[index].scrollIntoView({ block: "nearest" });
      }
    }

    async function choose(index) {
      const item = found[index];
      const meant = item.key ? await app.bring(item.key) : item;
      if (!meant) {
        return;
      }
      open(false);
      input.value = item.title;
      clear.hidden = false;
      app.show(meant, { focus: true, back: input });
    }

    input.addEventListener("input", show);
    input.addEventListener("focus", () => input.value && show());
    input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        if (list.hidden) {
          input.value = "";
          show();
        }
        open(false);
      } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (list.hidden) {
          show();
        }
        const step = event.key === "ArrowDown" ? 1 : -1;
        if (found.length) {
          mark((active + step + found.length) % found.length);
        }
      } else if (event.key === "Enter" && found.length && !list.hidden) {
        event.preventDefault();
        choose(Math.max(0, active));
      }
    });
    clear.addEventListener("click", () => {
      input.value = "";
      show();
      input.focus();
    });
    document.addEventListener("pointerdown", (event) => {
      if (!box.contains(event.target)) {
        open(false);
      }
    });
  };

  /** What search looks through: every named feature once. */
  gisMap.searchable = function (app) {
    const items = [];
    const order = { indicator: 0, outline: 0, node: 1, office: 2 };
    for (const item of app.items) {
      const fields = new Set([item.config.label, ...item.config.search]);
      const names = [...fields].map((name) => item.feature.properties[name])
        .filter((value) => typeof value === "string" && value).map(plain);
      if (names.length && item.config.style !== "road") {
        items.push({
          ...item, names, title: gisMap.nameOf(item.config, item.feature, app.words),
          order: order[item.config.style] ?? 3,
        });
      }
    }
    return items;
  };
})(globalThis.gisMap);
