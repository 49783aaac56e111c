// What the viewer thinks of the avatar's last reply: a thumb, a score, a few words.
//
// A thumb is kept at once. Score and words that follow replace it, and are of the same reply.

const THUMBS = { up: 1, down: -1 };

export class Judging {
  #form;
  #sessionId;
  #id = null; // of the judgement that counts
  #reply = 0; // which reply the form is about
  #sending = Promise.resolve();

  // sessionId: returns the id of the session, or null.
  constructor(form, sessionId) {
    this.#form = form;
    this.#sessionId = sessionId;
    for (const [name, score] of Object.entries(THUMBS)) {
      this.#part(`.thumb.${name}`).addEventListener("click", () => this.#thumb(name, score));
    }
    this.#part(".more").addEventListener("click", () => this.#open(this.#part(".words").hidden));
    this.#score.addEventListener("input", () => this.#showScore());
    form.addEventListener("submit", (event) => { event.preventDefault(); this.#submit(); });
    this.#comment.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); this.#submit(); }
    });
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || this.#part(".words").hidden) return;
      event.stopPropagation(); // elsewhere it stops the avatar
      this.#open(false);
      this.#part(".more").focus();
    });
  }

  // The avatar began another reply. Words that are being written stay, with what they are about.
  replied() {
    this.#form.hidden = false;
    if (!this.#part(".words").hidden && this.#comment.value.trim() && this.#id) return;
    this.#reset();
  }

  // There is no reply any more: another session begins.
  begin() {
    this.#reset();
    this.#form.hidden = true;
  }

  get #score() { return this.#part("input"); }
  get #comment() { return this.#part("textarea"); }

  #part(selector) { return this.#form.querySelector(selector); }

  #reset() {
    this.#id = null;
    this.#reply += 1;
    this.#comment.value = "";
    this.#score.value = 0;
    this.#showScore();
    this.#press("");
    this.#open(false);
    this.#say("");
  }

  #thumb(name, score) {
    this.#press(name);
    this.#score.value = score;
    this.#showScore();
    this.#send();
  }

  #submit() {
    const score = Number(this.#score.value);
    this.#press(score > 0 ? "up" : score < 0 ? "down" : "");
    this.#send();
    const inside = this.#part(".words").contains(document.activeElement);
    this.#open(false);
    if (inside) this.#part(".more").focus();
  }

  #send() {
    const given = { score: Number(this.#score.value), comment: this.#comment.value.trim() };
    const session = this.#sessionId();
    const reply = this.#reply;
    if (!session) {
      this.#say("Not connected: that was not kept.", true);
      return;
    }
    // One after the other: each replaces the one before.
    this.#sending = this.#sending.then(async () => {
      try {
        if (this.#id && reply === this.#reply) given.replaces = this.#id;
        const id = await post(session, given);
        if (reply !== this.#reply) return;
        this.#id = id;
        this.#say(given.comment ? "Kept, with your words. Thank you." : "Kept. Thank you.");
      } catch (error) {
        if (reply === this.#reply) this.#say(`Not kept: ${error.message}`, true);
      }
    });
  }

  #press(pressed) {
    for (const name of Object.keys(THUMBS)) {
      this.#part(`.thumb.${name}`).setAttribute("aria-pressed", String(name === pressed));
    }
  }

  #open(open) {
    this.#part(".words").hidden = !open;
    this.#part(".more").setAttribute("aria-expanded", String(open));
    if (open) this.#comment.focus();
  }

  #showScore() {
    const score = Number(this.#score.value);
    this.#part(".slider span").textContent = `${score > 0 ? "+" : ""}${score.toFixed(1)}`;
  }

  #say(text, bad = false) {
    const state = this.#part("[role=status]");
    state.textContent = text;
    state.classList.toggle("bad", bad);
  }
}

async function post(session, given) {
  const answer = await fetch(`api/sessions/${session}/judgements`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(given),
  });
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(content.error?.message ?? `the server answered ${answer.status}`);
  return content.id;
}
