// The phone's storage as a module; every value is an object with an `id`.
import "./core.js";

export const { StorageFull, answer, get, all, put, remove, transact } = globalThis.fieldCore;
