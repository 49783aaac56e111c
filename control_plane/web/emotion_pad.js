// The emotion pad: valence and arousal by dragging or arrow keys, dominance by a slider.
// Emits: emotion {valence, arousal, dominance}, at most every 50 ms while dragging.

const AXES = ["valence", "arousal", "dominance"];
const STEP = 0.1;
const INTERVAL_MS = 50;

export class EmotionPad extends EventTarget {
  #pad;
  #handle;
  #now;
  #inputs;
  #value = { valence: 0, arousal: 0, dominance: 0 };
  #lastSent = -Infinity;
  #pending = null;

  constructor(root) {
    super();
    this.#pad = root.querySelector(".pad");
    this.#handle = root.querySelector(".handle");
    this.#now = root.querySelector(".now");
    this.#inputs = Object.fromEntries(AXES.map((axis) => [axis, root.querySelector(`#${axis}`)]));
    for (const axis of AXES) {
      this.#inputs[axis].addEventListener("input", ({ target }) => this.#set({ [axis]: Number(target.value) }));
    }
    this.#pad.addEventListener("pointerdown", (event) => {
      this.#pad.setPointerCapture(event.pointerId);
      this.#follow(event);
    });
    this.#pad.addEventListener("pointermove", (event) => {
      if (this.#pad.hasPointerCapture(event.pointerId)) this.#follow(event);
    });
    this.#pad.addEventListener("keydown", (event) => this.#key(event));
  }

  // Where the avatar's mood is now.
  showMood({ valence = 0, arousal = 0 }) { place(this.#now, valence, arousal); }

  #follow({ clientX, clientY }) {
    const box = this.#pad.getBoundingClientRect();
    this.#set({
      valence: ((clientX - box.left) / box.width) * 2 - 1,
      arousal: 1 - ((clientY - box.top) / box.height) * 2,
    });
  }

  #key(event) {
    const { valence, arousal } = this.#value;
    const moves = {
      ArrowLeft: { valence: valence - STEP }, ArrowRight: { valence: valence + STEP },
      ArrowUp: { arousal: arousal + STEP }, ArrowDown: { arousal: arousal - STEP },
      Home: { valence: 0, arousal: 0, dominance: 0 },
    };
    if (!moves[event.key]) return;
    event.preventDefault();
    this.#set(moves[event.key]);
  }

  #set(change) {
    for (const [axis, value] of Object.entries(change)) {
      this.#value[axis] = Math.max(-1, Math.min(1, Math.round(value * 100) / 100));
    }
    for (const axis of AXES) {
      this.#inputs[axis].value = this.#value[axis];
      this.#inputs[axis].previousElementSibling.textContent = this.#value[axis].toFixed(2);
    }
    place(this.#handle, this.#value.valence, this.#value.arousal);
    this.#send();
  }

  // The last value always goes out, the ones between as often as the interval allows.
  #send() {
    if (this.#pending !== null) return;
    const wait = Math.max(0, this.#lastSent + INTERVAL_MS - performance.now());
    this.#pending = setTimeout(() => {
      this.#pending = null;
      this.#lastSent = performance.now();
      this.dispatchEvent(new CustomEvent("emotion", { detail: { ...this.#value } }));
    }, wait);
  }
}

function place(mark, valence, arousal) {
  mark.style.left = `${(valence + 1) * 50}%`;
  mark.style.top = `${(1 - arousal) * 50}%`;
}
