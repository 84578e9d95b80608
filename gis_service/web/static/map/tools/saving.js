/* Reading, saving and deleting an item by the service (OGC API - Features, Part 4). */
"use strict";
(function (gisMap) {
  const { desk } = gisMap;

  /** An answer that is no success: `status`, `detail`, and `faults` by field. */
  class Problem extends Error {
    constructor(status, { detail, faults = [] } = {}) {
      super(detail || desk.words.desk_no_answer);
      Object.assign(this, { status, faults });
    }
  }

  async function ask(address, options) {
    let answer = null;
    try {
      answer = await fetch(address, options);
    } catch {
      throw new Problem(0);
    }
    if (!answer.ok) {
      throw new Problem(answer.status, await answer.json().catch(() => ({})));
    }
    return answer;
  }

  function addressOf(collection, id) {
    const items = desk.app.config.desk.tools.items[collection];
    return id ? `${items}/${encodeURIComponent(id)}` : items;
  }

  const changing = (method, headers, body) => ({
    method, headers: { Accept: "application/geo+json", "X-CSRF-Token": desk.token(), ...headers },
    body: body && JSON.stringify(body),
  });

  const told = async (answer) => ({ feature: await answer.json(), etag: answer.headers.get("etag") });

  /** An item as it stands: { feature, etag }. */
  const read = async (collection, id) => told(await ask(addressOf(collection, id) + "?f=json", { cache: "no-store" }));

  /** Save a draft; a second sending of the same new item makes no second item. */
  async function save(draft) {
    const { collection, id, etag, key, geometry, changes } = draft;
    if (draft.isNew) {
      const properties = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== null));
      return told(await ask(addressOf(collection), changing("POST", {
        "Content-Type": "application/geo+json", Prefer: "return=representation", "Idempotency-Key": key,
      }, { type: "Feature", geometry, properties })));
    }
    const patch = { properties: changes, ...(draft.isMoved ? { geometry } : {}) };
    return told(await ask(addressOf(collection, id), changing("PATCH", {
      "Content-Type": "application/merge-patch+json", Prefer: "return=representation", "If-Match": etag,
    }, patch)));
  }

  const remove = ({ collection, id, etag }) => ask(addressOf(collection, id), changing("DELETE", { "If-Match": etag }));

  desk.service = { Problem, read, save, remove };
})(globalThis.gisMap);
