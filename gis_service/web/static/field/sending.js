// Sending what waits: used by the page, and by the service worker when the page is closed.
// A script without imports, after core.js.
(() => {
  const { all, answer, get, put, transact } = globalThis.fieldCore;
  const MOST = 40;
  const MOST_BYTES = 400_000;
  const LONGEST_WAIT_S = 300;
  const SLOW_CLOCK_MS = 5 * 60_000;
  const LOCK = "gis-field-send";
  const ACKNOWLEDGED = new Set(["sent", "received", "conflict"]);
  const RECEIPTS = 200;

  const channel = globalThis.BroadcastChannel ? new BroadcastChannel("gis-field") : null;
  const listeners = new Set();

  function tell(what) {
    channel?.postMessage(what);
    for (const listener of listeners) listener(what);
  }

  if (channel) {
    channel.onmessage = (event) => { for (const listener of listeners) listener(event.data); };
  }

  /** A failure to talk to the server: `reason` is offline, login, denied, busy or refused. */
  class Unsent extends Error {
    constructor(reason, { detail = null, after_s = null, status = 0 } = {}) {
      super(detail || reason);
      Object.assign(this, { reason, detail, after_s, status });
    }
  }

  async function ask(base, path, options = {}, within_ms = 30_000) {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), within_ms);
    try {
      const response = await fetch(base + path, {
        cache: "no-store", credentials: "same-origin", redirect: "manual",
        signal: stop.signal, ...options,
      });
      const text = await response.text();
      let body = null;
      try { body = JSON.parse(text); } catch { /* no answer of ours */ }
      if (response.ok && body !== null) return { response, body };
      if (response.ok || !response.status || response.status < 400) throw new Unsent("offline");
      const detail = body?.detail || body?.title || null;
      const after = Number(response.headers.get("retry-after")) || null;
      const status = response.status;
      if (status === 401) throw new Unsent("login", { detail, status });
      if (status === 403) throw new Unsent("denied", { detail, status });
      if (status === 408 || status === 429 || status >= 500 || body === null) {
        throw new Unsent("busy", { detail, after_s: after, status });
      }
      throw new Unsent("refused", { detail, status });
    } catch (error) {
      if (error instanceof Unsent) throw error;
      throw new Unsent("offline");
    } finally {
      clearTimeout(timer);
    }
  }

  const waits_s = (tries) =>
    Math.min(LONGEST_WAIT_S, 2 ** Math.min(tries, 9)) * (0.75 + Math.random() / 2);

  /** Ask who we are: whether the server answers, the session holds and the clock is right. */
  async function greet(base) {
    const before = Date.now();
    const { body } = await ask(base, "/field/me", {}, 12_000);
    if (body.server_time && body.person === null) throw new Unsent("login", { status: 401 });
    if (!body.person) throw new Unsent("offline");
    const skew_ms = (before + Date.now()) / 2 - Date.parse(body.server_time);
    const me = { ...body, id: "me", seen_at: Date.now() };
    me.skew_ms = Math.abs(skew_ms) > SLOW_CLOCK_MS ? Math.round(skew_ms) : 0;
    await put("kept", me);
    return me;
  }

  /** Batches in the order in which things were done. */
  function* batches(records) {
    let some = [];
    let bytes = 0;
    for (const record of records) {
      const size = JSON.stringify(record.op).length;
      if (some.length && (some.length >= MOST || bytes + size > MOST_BYTES)) {
        yield some;
        [some, bytes] = [[], 0];
      }
      some.push(record);
      bytes += size;
    }
    if (some.length) yield some;
  }

  /** Write down what the server said of operations, all of it or nothing. */
  async function settle(results) {
    const said = new Map(results.filter((each) => each && each.id).map((each) => [each.id, each]));
    await transact(["ops"], async (of) => {
      for (const [id, result] of said) {
        const record = await answer(of("ops").get(id));
        if (!record || record.state === "note" || record.state === "sent") continue;
        const state = {
          applied: "sent", merged: "sent", conflict: "conflict", refused: "refused",
          waiting: "received", unknown: "waiting",
        }[result.outcome];
        if (!state) continue;
        of("ops").put({
          ...record, state, outcome: result.outcome, tries: 0, after: 0,
          why: result.why || null, todo: result.what_to_do || null,
          fields: result.fields || [],
          answered_at: Date.now(),
        });
      }
    });
    return said;
  }

  const later = (records, error) => transact(["ops"], async (of) => {
    for (const { id } of records) {
      const record = await answer(of("ops").get(id));
      if (!record || record.state !== "waiting") continue;
      const tries = (record.tries || 0) + 1;
      const wait_s = error.after_s || waits_s(tries);
      of("ops").put({ ...record, tries, after: Date.now() + wait_s * 1000, why: error.detail });
    }
  });

  async function post(base, me, device, records) {
    const body = JSON.stringify({
      device, sent_at: new Date().toISOString(), operations: records.map((each) => each.op),
    });
    const headers = { "content-type": "application/json", "x-csrf-token": me.csrf };
    try {
      const { body: told } = await ask(
        base, "/field/operations", { method: "POST", headers, body }, 60_000,
      );
      if (!Array.isArray(told.results)) throw new Unsent("offline");
      const said = await settle(told.results);
      const unsaid = records.filter((each) => !said.has(each.op.id));
      if (unsaid.length) await later(unsaid, new Unsent("busy"));
    } catch (error) {
      const at_fault = error instanceof Unsent && (error.reason === "refused" || error.status === 500);
      if (!at_fault) throw error;
      if (records.length > 1) {  // one of them is at fault: the others must not wait for it
        const middle = records.length >> 1;
        await post(base, me, device, records.slice(0, middle));
        await post(base, me, device, records.slice(middle));
      } else if (error.reason === "refused") {
        await settle([{ id: records[0].id, outcome: "refused", why: error.detail }]);
      } else {
        await later(records, error);
      }
    }
  }

  async function sendPhoto(base, me, photo, record) {
    const { item } = record;  // the same at every try: the server knows the photo by it
    const query = new URLSearchParams({ operation: record.op.id, taken_at: photo.taken_at });
    if (item) {
      query.set("collection", item.collection);
      query.set("item", item.id);
    }
    const options = {
      method: "PUT", body: photo.blob,
      headers: { "content-type": photo.blob.type || "image/jpeg", "x-csrf-token": me.csrf },
    };
    let change;
    try {
      await ask(base, `/field/photos/${photo.id}?${query}`, options, 90_000);
      change = { state: "sent", blob: null, why: null };
    } catch (error) {
      if (!(error instanceof Unsent) || !["refused", "busy"].includes(error.reason)) throw error;
      if (error.reason === "refused" && error.status !== 404) {
        change = { state: "refused", why: error.detail };
      } else {
        const tries = (photo.tries || 0) + 1;
        const wait_s = error.after_s || waits_s(tries);
        change = { tries, after: Date.now() + wait_s * 1000, why: error.detail };
      }
    }
    await transact(["photos"], async (of) => {
      const kept = await answer(of("photos").get(photo.id));
      if (kept) of("photos").put({ ...kept, ...change });
    });
  }

  /** Turn what is wholly confirmed, record and photos, into a receipt. */
  async function finish() {
    await transact(["ops", "photos", "receipts"], async (of) => {
      for (const record of await answer(of("ops").getAll())) {
        if (record.state !== "sent") continue;
        const photos = await Promise.all(
          (record.photos || []).map((id) => answer(of("photos").get(id))),
        );
        if (photos.some((photo) => photo && photo.state !== "sent")) continue;
        of("receipts").put({
          id: record.id, title: record.title, made_at: record.made_at, item: record.item,
          outcome: record.outcome, sent_at: record.answered_at, photos: photos.length, why: record.why,
        });
        for (const photo of photos) if (photo) of("photos").delete(photo.id);
        of("ops").delete(record.id);
      }
      const receipts = await answer(of("receipts").getAll());
      receipts.sort((one, other) => other.sent_at - one.sent_at);
      for (const old of receipts.slice(RECEIPTS)) of("receipts").delete(old.id);
    });
  }

  const mine = (record, me) => !record.by || record.by === me.person;

  async function round(base, now) {
    const link = (await get("kept", "link")) || { id: "link", tries: 0 };
    if (!now && (link.after || 0) > Date.now()) return link;
    let told = { id: "link", state: "online", tries: 0, after: 0, at: Date.now() };
    try {
      const me = await greet(base);
      const device = (await get("kept", "device"))?.value || "unknown";
      const due = (each) => now || (each.after || 0) <= Date.now();
      const records = (await all("ops")).filter((each) => mine(each, me));
      records.sort((one, other) => one.seq - other.seq);
      const waiting = records.filter((each) => each.state === "waiting" && due(each));
      for (const some of batches(waiting)) {
        await post(base, me, device, some);
        tell({ changed: "ops" });
      }
      const open = records.filter((each) => ["received", "conflict"].includes(each.state));
      for (let start = 0; start < open.length; start += MOST) {
        const ids = open.slice(start, start + MOST).map((each) => each.op.id).join(",");
        const { body } = await ask(base, `/field/operations?ids=${ids}`);
        if (Array.isArray(body.results)) await settle(body.results);
      }
      const acknowledged = new Map(
        (await all("ops")).filter((each) => ACKNOWLEDGED.has(each.state) && mine(each, me))
          .map((each) => [each.id, each]),
      );
      for (const photo of await all("photos")) {
        const record = acknowledged.get(photo.op);
        if (!record || photo.state !== "waiting" || !due(photo)) continue;
        await sendPhoto(base, me, photo, record);
        tell({ changed: "ops" });
      }
      await finish();
    } catch (error) {
      if (!(error instanceof Unsent)) throw error;
      const tries = (link.tries || 0) + 1;
      const wait_s = error.after_s || Math.min(waits_s(tries), error.reason === "offline" ? 60 : 300);
      told = {
        id: "link", state: error.reason, detail: error.detail, tries,
        after: Date.now() + wait_s * 1000, at: Date.now(),
      };
    }
    await put("kept", told);
    tell({ changed: "link" });
    return told;
  }

  /**
   * Send what waits, one sender at a time in all windows.
   *
   * `now` ignores the time to wait after a failure. Returns the state of the link:
   * online, offline, login (the session or the key ended), denied or busy.
   */
  async function send(base, { now = false } = {}) {
    if (!navigator.locks) return round(base, now);
    return navigator.locks.request(LOCK, () => round(base, now));
  }

  Object.assign(globalThis.fieldCore, { Unsent, ask, send, listeners, tell });
})();
