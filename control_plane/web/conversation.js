// The messages: what the viewer types and what the avatar says.
//
// Emits: message (text), reply (the avatar began another answer), speaking (whether the avatar is in
// the middle of an answer).

const MAX_MESSAGES = 200;
// An answer is spoken in pieces; a longer silence than this ends it.
const BETWEEN_PIECES_MS = 500;

export class Conversation extends EventTarget {
  #log;
  #input;
  #spoken = null;
  #ending = null;

  constructor(log, form, input) {
    super();
    this.#log = log;
    this.#input = input;
    form.addEventListener("submit", (event) => { event.preventDefault(); this.#submit(); });
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); this.#submit(); }
    });
    input.addEventListener("input", () => this.#fit());
  }

  // A speech update: pieces that a client sends of one answer go into one bubble; the avatar's own
  // replies, which say where they are from, come whole.
  showSpeech({ state, text = "", source = "" }) {
    if (state === "SPEECH_STATE_DROPPED") return;
    clearTimeout(this.#ending);
    if (state === "SPEECH_STATE_STARTED") {
      this.#speaking(true);
      if (this.#spoken && !source) this.#spoken.textContent += ` ${text}`;
      else {
        this.#spoken = this.#add("avatar", text);
        this.dispatchEvent(new CustomEvent("reply"));
      }
      this.#log.scrollTop = this.#log.scrollHeight;
      return;
    }
    if (state === "SPEECH_STATE_FINISHED") {
      this.#ending = setTimeout(() => this.speechLost(), BETWEEN_PIECES_MS);
    } else if (state === "SPEECH_STATE_INTERRUPTED") {
      this.#spoken?.classList.add("cut");
      this.speechLost();
    }
  }

  // Nothing more of the current answer will come.
  speechLost() {
    clearTimeout(this.#ending);
    this.#spoken = null;
    this.#speaking(false);
  }

  #speaking(detail) { this.dispatchEvent(new CustomEvent("speaking", { detail })); }

  note(text, bad = false) { this.#add(bad ? "note bad" : "note", text); }

  #submit() {
    const text = this.#input.value.trim();
    if (!text) return;
    this.#spoken = null;
    this.#add("user", text);
    this.#input.value = "";
    this.#fit();
    this.dispatchEvent(new CustomEvent("message", { detail: text }));
  }

  #add(kind, text) {
    const item = document.createElement("li");
    item.className = kind;
    item.textContent = text;
    this.#log.append(item);
    while (this.#log.children.length > MAX_MESSAGES) this.#log.firstElementChild.remove();
    this.#log.scrollTop = this.#log.scrollHeight;
    return item;
  }

  #fit() {
    this.#input.style.height = "auto";
    this.#input.style.height = `${this.#input.scrollHeight}px`;
  }
}
