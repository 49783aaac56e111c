// The live preview: an ordinary session with one avatar, whose movements the tools hold and play.
//
// Emits: state, refused (text).

import { LiveSession } from "./live_session.js";

const SIZE = "640x640";
// After what is played has ended, held movements come back this much later.
const AFTER_MS = 350;

export class StudioStage extends EventTarget {
  #video;
  #session = null;
  #avatar = "";
  #pose = [];
  #sent = "[]";
  #playingUntil = 0;
  #timer = null;
  #waiting = false;

  constructor(video) {
    super();
    this.#video = video;
    addEventListener("pagehide", () => this.#session?.close());
    addEventListener("pageshow", ({ persisted }) => persisted && this.#session?.open());
  }

  get avatar() { return this.#avatar; }

  // Shows an avatar, in a session of its own; shows it anew where it is the same one. `then` is
  // called once it can be seen.
  show(avatar, then = null) {
    this.#session?.close();
    this.#avatar = avatar;
    const session = this.#session = new LiveSession(this.#video, { avatar, size: SIZE, reply: false, personality: "professional" });
    const relay = (name, how) => session.addEventListener(name, ({ detail }) => session === this.#session && how(detail));
    relay("state", (detail) => {
      this.#emit("state", detail);
      if (detail !== "live") return;
      then?.();
      then = null;
    });
    relay("fault", (detail) => this.#emit("refused", detail));
    relay("rejection", ({ message }) => this.#emit("refused", message));
    relay("open", () => { this.#sent = "[]"; this.#sendPose(); });
    session.open();
  }

  // Holds these movements, [{target, value}], until told otherwise; while something plays, none.
  hold(pose) {
    this.#pose = pose;
    this.#playingUntil = 0;
    if (this.#waiting) return;
    this.#waiting = true; // no more often than there are frames
    requestAnimationFrame(() => { this.#waiting = false; this.#sendPose(); });
  }

  // Plays a capsule or an expression of the library.
  play(id, lengthMs) { return this.#perform({ expression: { id } }, lengthMs); }

  // Plays a capsule that is given here.
  preview(capsule) { return this.#perform({ preview: { json: JSON.stringify(capsule) } }, capsule.duration_ms); }

  say(text) { return this.#session?.send({ speak: { text } }) ?? false; }

  #perform(event, lengthMs) {
    this.#playingUntil = performance.now() + lengthMs + AFTER_MS;
    this.#sendPose();
    return this.#session?.send(event) ?? false;
  }

  #sendPose() {
    clearTimeout(this.#timer);
    const restMs = this.#playingUntil - performance.now();
    const values = restMs > 0 ? [] : this.#pose;
    if (restMs > 0) this.#timer = setTimeout(() => this.#sendPose(), restMs);
    const text = JSON.stringify(values);
    if (text !== this.#sent && this.#session?.send({ pose: { values } })) this.#sent = text;
  }

  #emit(name, detail) { this.dispatchEvent(new CustomEvent(name, { detail })); }
}
