/* Asking a process. */
"use strict";
(function (gisMap) {
  const { desk, element } = gisMap;

  /** A refusal in the service's own words. */
  class Refused extends Error {}

  desk.may = (process) => Object.hasOwn(desk.app.config.desk.processes, process);

  /** The answer of a process as JSON; throws `Refused` with the reason. */
  desk.ask = async function (process, inputs) {
    const query = new URLSearchParams({ ...inputs, f: "json", lang: desk.app.config.language });
    const address = desk.app.config.desk.processes[process] + "?" + query;
    let answer = null;
    try {
      answer = await fetch(address, { headers: { Accept: "application/json" } });
    } catch {
      throw new Refused(desk.words.desk_no_answer);
    }
    if (answer.ok) {
      return answer.json();
    }
    const problem = await answer.json().catch(() => ({}));
    throw new Refused(problem.detail || desk.words.desk_no_answer);
  };

  /** The element that says why there is no answer. */
  desk.refusal = function (error) {
    if (!(error instanceof Refused)) {
      throw error;
    }
    const text = element("p", "desk-refusal", error.message);
    text.setAttribute("role", "alert");
    return text;
  };
})(globalThis.gisMap);
