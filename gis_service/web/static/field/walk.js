/* Record the route of a cable while walking it. */

import { h } from "./dom.js";
import { t } from "./words.js";

/** Draw into an element; the function that is returned takes it away again. */
export function mount(element) {
  element.append(h("h1", {}, t("field_walk_title")));
  return () => element.replaceChildren();
}
