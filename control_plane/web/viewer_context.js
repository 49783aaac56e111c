// What the viewer is doing, told to the session when it changes: typing, reading, away, idle.

const TYPING_MS = 1500;
const READING_MS_PER_WORD = 260;
const READING_MAX_MS = 8000;

export class ViewerContext {
  #report;
  #current = "UI_CONTEXT_IDLE";
  #timer = null;

  constructor(input, log, report) {
    this.#report = report;
    input.addEventListener("input", () => input.value && this.#enter("UI_CONTEXT_TYPING", TYPING_MS));
    log.addEventListener("wheel", () => this.#enter("UI_CONTEXT_READING", TYPING_MS), { passive: true });
    document.addEventListener("visibilitychange", () =>
      document.hidden ? this.#enter("UI_CONTEXT_AWAY") : this.#enter("UI_CONTEXT_IDLE"));
  }

  // New text of the avatar is on the page.
  replyArrived(text) {
    if (this.#current === "UI_CONTEXT_TYPING" || document.hidden) return;
    const words = text.split(/\s+/).length;
    this.#enter("UI_CONTEXT_READING", Math.min(READING_MAX_MS, words * READING_MS_PER_WORD));
  }

  messageSent() {
    clearTimeout(this.#timer);
    this.#current = "UI_CONTEXT_IDLE";
  }

  #enter(context, forMs = 0) {
    clearTimeout(this.#timer);
    if (forMs) this.#timer = setTimeout(() => this.#enter("UI_CONTEXT_IDLE"), forMs);
    if (context === this.#current) return;
    this.#current = context;
    this.#report(context);
  }
}
