// What the server wrote into the page: its base path, its language and its words.

const told = JSON.parse(document.getElementById("field-page").textContent);

/** The path below which the service lies; empty at the root of a host. */
export const base = told.base;
export const language = told.language;
export const place = told.place;
export const words = told.words;
