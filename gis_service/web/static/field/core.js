// What the phone keeps, in IndexedDB. The page imports this file and the service worker begins
// with it, so it is plain script: not every browser's workers take modules.
(() => {
  const NAME = "gis-field";
  const VERSION = 1;
  const STORES = [
    "kept", "wards", "words", "ops", "photos", "receipts", "drafts", "walks", "track",
  ];
  const FULL = new Set(["QuotaExceededError", "NS_ERROR_DOM_QUOTA_REACHED"]);

  class StorageFull extends Error {
    constructor() {
      super("storage full");
      this.name = "StorageFull";
    }
  }

  const failure = (error) =>
    error && FULL.has(error.name) ? new StorageFull() : error || new Error("storage failed");

  let opened = null;

  function open() {
    opened ??= new Promise((resolve, reject) => {
      const request = indexedDB.open(NAME, VERSION);
      request.onupgradeneeded = () => {
        const known = request.result.objectStoreNames;
        for (const name of STORES) {
          if (!known.contains(name)) request.result.createObjectStore(name, { keyPath: "id" });
        }
      };
      request.onsuccess = () => {
        const database = request.result;
        const forget = () => { opened = null; };
        database.onversionchange = () => { database.close(); forget(); };
        database.onclose = forget;
        resolve(database);
      };
      request.onerror = () => { opened = null; reject(failure(request.error)); };
    });
    return opened;
  }

  const answer = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(failure(request.error));
  });

  async function reading(store) {
    return (await open()).transaction(store).objectStore(store);
  }

  /** One value of a store, or undefined. */
  const get = async (store, id) => answer((await reading(store)).get(id));

  /** All values of a store, by id. */
  const all = async (store) => answer((await reading(store)).getAll());

  /**
   * Change several stores at once: `use(name => objectStore)`, all of it or nothing.
   *
   * Resolves when the bytes are on the disk, not only in the system's memory.
   */
  async function transact(stores, use) {
    const database = await open();
    return new Promise((resolve, reject) => {
      const change = database.transaction(stores, "readwrite", { durability: "strict" });
      let result;
      change.oncomplete = () => resolve(result);
      change.onabort = () => reject(failure(change.error));
      try {
        const going = use((name) => change.objectStore(name));
        Promise.resolve(going).then((value) => { result = value; }, (error) => {
          reject(failure(error));
          try { change.abort(); } catch { /* it has ended already */ }
        });
      } catch (error) {
        change.abort();
        reject(failure(error));
      }
    });
  }

  const put = (store, value) => transact([store], (of) => { of(store).put(value); });
  const remove = (store, id) => transact([store], (of) => { of(store).delete(id); });

  globalThis.fieldCore = { StorageFull, answer, get, all, put, remove, transact };
})();
