// Why the mood is what it is: traits and the last changes, told by the server, while the panel is open.

const CHANGES = 8;
// Several updates may come of one event; one question answers them all.
const AFTER_UPDATE_MS = 120;
// The mood goes home by itself meanwhile.
const REFRESH_MS = 2000;
const AXES = ["valence", "arousal", "dominance"];
const FACTORS = {
  MOOD_FACTOR_DECAY: "way home since",
  MOOD_FACTOR_FADING: "reaction faded since",
  MOOD_FACTOR_MOMENTUM: "mood that gave way",
  MOOD_FACTOR_APPRAISAL: "what it means",
  MOOD_FACTOR_EMPATHY: "empathy",
  MOOD_FACTOR_INTENSITY: "intensity",
  MOOD_FACTOR_OWN_WORDS: "own words",
  MOOD_FACTOR_CONFIDENCE: "confidence",
  MOOD_FACTOR_GAIN: "temperament",
  MOOD_FACTOR_PATIENCE: "patience",
  MOOD_FACTOR_BIAS: "personality’s bias",
  MOOD_FACTOR_TRAITS: "traits",
  MOOD_FACTOR_LIMIT: "limit",
  MOOD_FACTOR_SET: "set by hand",
  MOOD_FACTOR_REPLACED: "last reaction gave way",
  MOOD_FACTOR_REACTION: "reaction",
};

export class MoodReasons {
  #root;
  #session;
  #timer = null;
  #newest = "";

  constructor(root, session) {
    this.#root = root;
    this.#session = session;
    root.addEventListener("toggle", () => this.update());
    setInterval(() => this.update(), REFRESH_MS);
  }

  // The mood may have moved.
  update() {
    if (!this.#root.open || this.#timer) return;
    this.#timer = setTimeout(() => this.#ask(), AFTER_UPDATE_MS);
  }

  async #ask() {
    try {
      const id = this.#session.id;
      const answer = id && (await fetch(`api/sessions/${id}/mood/explanation?limit=${CHANGES}`));
      if (answer?.ok) this.#show(await answer.json());
    } catch {
      // No connection just now; the next update asks again.
    } finally {
      this.#timer = null;
    }
  }

  #show({ personality, traits = {}, since, changes = [] }) {
    this.#set("why-personality", personality);
    this.#set("why-since", `${since.label} now (${since.sentence})`);
    const meters = Object.entries(traits).map(([name, value]) => {
      const row = document.createElement("div");
      const meter = document.createElement("meter");
      meter.value = value;
      meter.setAttribute("aria-label", name);
      row.append(text("span", name), meter, text("span", value.toFixed(2)));
      return row;
    });
    document.getElementById("why-traits").replaceChildren(...meters);
    const newest = `${this.#session.id} ${changes[0]?.number}`;
    if (newest === this.#newest) return; // a change that is unfolded stays so
    this.#newest = newest;
    document.getElementById("why-changes").replaceChildren(...changes.map(change));
  }

  #set(id, value) { document.getElementById(id).textContent = value; }
}

function change({ sentence, contributions = [], label }) {
  const item = document.createElement("li");
  const whole = document.createElement("details");
  const table = document.createElement("table");
  table.append(row("th", "", ...AXES), ...contributions.map(({ factor, amount = {}, value }) => {
    const name = FACTORS[factor] + (value === undefined ? "" : ` × ${value.toFixed(2)}`);
    return row("td", name, ...AXES.map((axis) => signed(amount[axis] ?? 0)));
  }));
  whole.append(text("summary", `${sentence} → ${label}`), table);
  item.append(whole);
  return item;
}

function row(kind, ...cells) {
  const found = document.createElement("tr");
  found.append(...cells.map((cell) => text(kind, cell)));
  return found;
}

function text(kind, words) {
  const element = document.createElement(kind);
  element.textContent = words;
  return element;
}

function signed(value) { return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`; }
