// One film of a trial: it is played by a button, to its end, without skipping; then it may be rated.

const SEEN = 0.95; // share of the film that must have been played

const PLAY = '<path d="M8 5.5v13l11-6.5z"/>';
const PAUSE = '<path d="M7.5 5.5h3.2v13H7.5zM13.3 5.5h3.2v13h-3.2z"/>';
const AGAIN = '<path d="M12 6V2.8L7.2 7.2 12 11.6V8.2a4.9 4.9 0 1 1-4.9 4.9H4.9A7.1 7.1 0 1 0 12 6z"/>';

// What plays now: starting one film pauses the other, so that their sounds do not mix.
let playing = null;

export class Film {
  #video = document.createElement("video");
  #button = document.createElement("button");
  #bar = document.createElement("span");
  #told;

  // `label` is "film", "film A" ...; `told` is called once, when the film has been seen.
  constructor(address, label, told) {
    this.label = label;
    this.seen = false;
    this.#told = told;
    this.element = document.createElement("div");
    this.element.className = "film";
    this.#bar.className = "played";
    this.#button.type = "button";
    this.#button.className = "play";
    this.#video.playsInline = true;
    this.#video.preload = "auto";
    this.#video.disablePictureInPicture = true;
    this.#video.setAttribute("controlslist", "nodownload noplaybackrate");
    this.#video.src = address;
    this.element.append(this.#video, this.#button, this.#bar);
    this.#show();
    this.#button.addEventListener("click", () => this.toggle());
    this.#video.addEventListener("click", () => this.toggle());
    for (const name of ["play", "pause", "ended"]) this.#video.addEventListener(name, () => this.#show());
    this.#video.addEventListener("timeupdate", () => this.#move());
    this.#video.addEventListener("ended", () => this.#end());
    this.#video.addEventListener("error", () => this.#fail());
    this.#video.addEventListener("loadedmetadata", () => {
      this.element.style.setProperty("--aspect", this.#video.videoWidth / this.#video.videoHeight || 1);
    });
  }

  toggle() {
    if (this.#video.error) {
      this.element.classList.remove("failed");
      this.#video.load();
    }
    if (!this.#video.paused) return this.#video.pause();
    if (playing && playing !== this.#video) playing.pause();
    playing = this.#video;
    this.#video.play().catch((error) => { if (error.name !== "AbortError") this.#fail(); });
  }

  // The page is done with it.
  stop() {
    this.#video.pause();
    this.#video.removeAttribute("src");
    this.#video.load();
  }

  #show() {
    const state = !this.#video.paused ? "playing" : this.seen ? "seen" : "waiting";
    this.element.dataset.state = state;
    const [icon, word] = { playing: [PAUSE, "Pause"], seen: [AGAIN, "Play again:"], waiting: [PLAY, "Play"] }[state];
    this.#button.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true">${icon}</svg>`;
    this.#button.setAttribute("aria-label", `${word} ${this.label}`);
  }

  #move() {
    this.#bar.style.scale = `${this.#video.currentTime / this.#video.duration || 0} 1`;
  }

  #end() {
    this.#bar.style.scale = "1 1";
    let played = 0;
    for (let n = 0; n < this.#video.played.length; n++) played += this.#video.played.end(n) - this.#video.played.start(n);
    if (!this.seen && played >= SEEN * this.#video.duration) {
      this.seen = true;
      this.#told();
    }
    this.#show();
  }

  #fail() {
    if (!this.#video.getAttribute("src")) return;
    this.element.classList.add("failed");
    this.#button.setAttribute("aria-label", `${this.label} did not load. Try again`);
  }
}
