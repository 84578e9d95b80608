/* Asking a process. */
"use strict";
(function (gisMap) {
  const { desk, element } = gisMap;

  /** A refusal in the service's own words. */
  class Refused extends Error {}

  desk.may = (process) => Object.hasOwn(desk.app.config.desk.processes, process);

  /**
   * The answer of a process as JSON; throws `Refused` with the reason.
   *
   * Inputs stand in the address; with the session's `token` in a body, as geometries have to.
   */
  desk.ask = async function (process, inputs, { token = null } = {}) {
    const query = new URLSearchParams({ ...(token ? {} : inputs), f: "json", lang: desk.app.config.language });
    const address = desk.app.config.desk.processes[process] + "?" + query;
    const headers = { Accept: "application/json" };
    const options = token ? {
      method: "POST", headers: { ...headers, "Content-Type": "application/json", "X-CSRF-Token": token },
      body: JSON.stringify({ inputs }),
    } : { headers };
    let answer = null;
    try {
      answer = await fetch(address, options);
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
