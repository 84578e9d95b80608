// The service worker, after core.js, sending.js and FIELD, which the server writes before it:
// {base, version, files: {address: SHA-256 of its bytes}, languages}.
(() => {
  const { base, files, languages, version } = self.FIELD;
  const { get, send } = self.fieldCore;
  const PREFIX = "gis-field-";
  const CACHE = PREFIX + version;
  const PAGE = `${base}/field`;

  async function hash(bytes) {
    const digest = await crypto.subtle.digest("SHA-256", bytes);
    return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  /** A file with exactly the bytes that the list names: from an older version, or fetched. */
  async function fetched(address, wanted) {
    const older = await caches.match(address, { ignoreVary: true });
    if (older && (await hash(await older.clone().arrayBuffer())) === wanted) return older;
    const response = await fetch(address, { cache: "no-cache", credentials: "same-origin" });
    if (!response.ok) throw new Error(`${address}: ${response.status}`);
    const bytes = await response.arrayBuffer();
    if ((await hash(bytes)) !== wanted) throw new Error(`${address} is of another version`);
    return new Response(bytes, { headers: kept(response.headers) });
  }

  const KEPT = ["content-type", "content-language", "content-security-policy",
    "permissions-policy", "referrer-policy", "x-content-type-options",
    "cross-origin-opener-policy"];

  const kept = (headers) =>
    Object.fromEntries(KEPT.filter((name) => headers.has(name))
      .map((name) => [name, headers.get(name)]));

  async function install() {
    const wanted = Object.entries(files);
    const found = await Promise.all(wanted.map(([address, sum]) => fetched(address, sum)));
    const cache = await caches.open(CACHE);
    await Promise.all(wanted.map(([address], n) => cache.put(address, found[n])));
  }

  async function clear() {
    const names = await caches.keys();
    const old = names.filter((name) => name.startsWith(PREFIX) && name !== CACHE);
    await Promise.all(old.map((name) => caches.delete(name)));
    await self.clients.claim();
  }

  async function shell(url) {
    const asked = url.searchParams.get("lang");
    const last = (await get("kept", "language").catch(() => null))?.value;
    const best = [asked, last, navigator.language?.slice(0, 2), languages[0]]
      .find((each) => languages.includes(each));
    return `${PAGE}?lang=${best}`;
  }

  async function respond(request, address) {
    const cache = await caches.open(CACHE);
    const found = await cache.match(address, { ignoreVary: true });
    return found || fetch(request);
  }

  self.addEventListener("install", (event) => event.waitUntil(install()));
  self.addEventListener("activate", (event) => event.waitUntil(clear()));

  self.addEventListener("fetch", (event) => {
    const { request } = event;
    const url = new URL(request.url);
    if (request.method !== "GET" || url.origin !== self.location.origin) return;
    if (request.mode === "navigate" && url.pathname === PAGE) {
      event.respondWith(shell(url).then((address) => respond(request, address)));
    } else if (url.pathname in files) {
      event.respondWith(respond(request, url.pathname));
    }
  });

  self.addEventListener("message", (event) => {
    if (event.data === "take over") self.skipWaiting();
  });

  self.addEventListener("sync", (event) => {
    event.waitUntil(send(base, { now: true }).then((link) => {
      if (["offline", "busy"].includes(link.state)) throw new Error("not yet");
    }));
  });
})();
