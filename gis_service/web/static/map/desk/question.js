/* A question about one thing: asked where it is shown, kept in the address, told there again. */
"use strict";
(function (gisMap) {
  const { desk, element } = gisMap;
  const questions = [];

  /**
   * A question. `name` is its parameter of the address and `process` who answers it.
   * `inputs` names the input that takes what is asked about, by the style of its layer or, for
   * what is no item of the map, by the kind that stands in the address; `labels` are the words
   * of the button; `fits(item)` says whether an item is asked about. `written(subject, found)` is the answer as elements, and
   * `marked(subject, found)` what the strip and the map show of it: { text, found }.
   *
   * Returns the question: its `ask(key)`, and its `answer(key)`, null when it was not asked.
   */
  desk.question = function ({ name, process, inputs, labels, fits, written, marked }) {
    let answer = null;
    const back = () => desk.write({ [name]: null });
    const others = () => Object.fromEntries(questions.filter((q) => q !== name).map((q) => [q, null]));
    const ask = (key) => desk.write({ ...others(), [name]: key });
    const answered = (key) => (answer && answer.subject.key === key ? answer.make() : null);
    questions.push(name);

    /** What is asked about; null for what cannot be. */
    function subjectOf(key) {
      const [kind, id] = parted(key);
      const item = desk.item(key);
      const input = gisMap.pick(inputs, item ? item.config.style : kind);
      if (!input || !desk.may(process) || (item && fits && !fits(item))) {
        return null;
      }
      return {
        key, kind: item ? item.config.style : kind, item, input: { [input]: item ? item.feature.id : id },
        name: item ? desk.nameOf(item) : desk.titles.get(key) || id,
        geometry: item ? item.feature.geometry : null,
      };
    }

    desk.onCard(function (item) {
      const key = desk.keyOf(item);
      const subject = subjectOf(key);
      return subject && (answered(key)
        || desk.button(desk.words[labels[subject.kind]], "desk-ask", () => ask(key)));
    });

    async function told(asked) {
      const { subject } = asked;
      try {
        const found = await desk.ask(process, subject.input);
        asked.make = () => {
          const room = written(subject, found);
          room.append(desk.button(desk.words.desk_back, "desk-ask", back));
          return room;
        };
        if (answer === asked) {
          const show = subject.item ? () => desk.open(subject.item) : null;
          desk.find({ ...marked(subject, found), show, back });
          if (!desk.card) {
            desk.look();
          }
        }
      } catch (error) {
        asked.make = () => desk.refusal(error);
        if (answer === asked) {
          desk.find({ text: error.message, found: [], back });
        }
      }
    }

    desk.onChange([name], async function (key) {
      if (key) {
        await desk.app.bring(key);
      }
      const subject = key ? subjectOf(key) : null;
      if (answer) {
        desk.lose();
      }
      answer = null;
      if (subject) {
        answer = { subject, make: () => element("p", "", desk.words.desk_working) };
        desk.refresh();
        await told(answer);
      }
      desk.refresh();
    });
    return { ask, answer: answered, back };
  };

  /** Names of what is no item of the map, by the key that stands in the address. */
  desk.titles = new Map();

  function parted(key) {
    const at = key.indexOf("/");
    return [key.slice(0, at), key.slice(at + 1)];
  }
})(globalThis.gisMap);
