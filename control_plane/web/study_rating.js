// What is asked of one film: three scales of 1 to 5, and what was felt. Radio buttons throughout, so
// that arrow keys choose and Tab goes on.

export const SCALES = [
  { name: "naturalness", text: "How natural was it?", low: "not natural at all", high: "entirely natural" },
  { name: "uncanny", text: "Was anything eerie or creepy about it?", low: "nothing", high: "very much" },
  { name: "distraction", text: "Did anything distract you?", low: "nothing", high: "very much" },
];

export class Rating {
  // `side` names the radio buttons; `heading` is shown above; `changed` hears of every choice.
  constructor(side, heading, emotions, changed) {
    this.element = document.createElement("fieldset");
    this.element.className = "card rating";
    this.element.disabled = true;
    const legend = document.createElement("legend");
    legend.textContent = heading;
    this.element.append(legend, this.#locked());
    this.questions = SCALES.map((scale) => this.#scale(side, scale));
    if (emotions.length) this.questions.push(this.#emotion(side, emotions));
    this.element.append(...this.questions.map((question) => question.element));
    this.element.addEventListener("change", changed);
  }

  // Lets the questions be answered.
  unlock() {
    this.element.disabled = false;
    this.element.querySelector(".locked")?.remove();
  }

  get missing() { return this.questions.filter((question) => question.value === "").length; }

  // The answer as the API takes it.
  get answer() {
    const values = Object.fromEntries(this.questions.map((question) => [question.name, question.value]));
    for (const { name } of SCALES) values[name] = Number(values[name]);
    return values;
  }

  #locked() {
    const note = document.createElement("p");
    note.className = "locked";
    note.textContent = "Watch the film to its end first.";
    return note;
  }

  #scale(side, scale) {
    const element = choice(scale.text, `${side}-${scale.name}`, ["1", "2", "3", "4", "5"], "options five");
    const ends = document.createElement("div");
    ends.className = "ends";
    ends.setAttribute("aria-hidden", "true");
    for (const word of [scale.low, scale.high]) ends.append(span(word));
    const radios = element.querySelectorAll("input");
    radios[0].setAttribute("aria-label", `1: ${scale.low}`);
    radios[4].setAttribute("aria-label", `5: ${scale.high}`);
    element.append(ends);
    return question(element, scale.name);
  }

  #emotion(side, emotions) {
    const element = choice("What did the person feel?", `${side}-emotion`, emotions, "options words");
    return question(element, "emotion");
  }
}

// A group of radio buttons that look like buttons; `values` are shown unless there are `labels`.
export function choice(text, name, values, classes, labels = values) {
  const element = document.createElement("fieldset");
  element.className = "question";
  const legend = document.createElement("legend");
  legend.textContent = text;
  const options = document.createElement("div");
  options.className = classes;
  options.append(...radios(name, values, labels));
  element.append(legend, options);
  return element;
}

export function radios(name, values, labels) {
  return values.map((value, index) => {
    const label = document.createElement("label");
    const input = document.createElement("input");
    input.type = "radio";
    input.name = name;
    input.value = value;
    label.append(input, span(labels[index]));
    return label;
  });
}

function question(element, name) {
  return { element, name, get value() { return element.querySelector("input:checked")?.value ?? ""; } };
}

function span(text) {
  const element = document.createElement("span");
  element.textContent = text;
  return element;
}
