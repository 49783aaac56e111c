// The camera and what it records: a short countdown, the face at rest, then what is meant.
//
// Emits: phase ({name: "count" | "rest" | "go", seconds, share}), taken (a take), refused (text).
// A take is {blob, kind, neutralMs, startMs}.

const COUNT_S = 3;
const REST_MS = 900;
const NEUTRAL_MS = 500; // into the recording: the face has settled by then
const SLICE_MS = 250;
const MAX_BYTES = 12 * 1024 * 1024;
const BITS_PER_SECOND = 4_000_000;
const KINDS = [["video/webm;codecs=vp8", "webm"], ["video/webm", "webm"], ["video/mp4", "mp4"]];
const PICTURE = { width: { ideal: 960 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 }, facingMode: "user" };
const REFUSALS = {
  NotAllowedError: "The browser was told not to use the camera: allow it for this page and try again.",
  NotFoundError: "This machine has no camera; choose a recording instead.",
  NotReadableError: "The camera is in use by another program.",
};

export class TakeCamera extends EventTarget {
  #video;
  #stream = null;
  #recorder = null;
  #frame = null;

  constructor(video) {
    super();
    this.#video = video;
    addEventListener("pagehide", () => this.close());
  }

  get isOpen() { return this.#stream !== null; }

  get isRecording() { return this.#recorder !== null || this.#frame !== null; }

  // Turns the camera on; throws an Error that says what is in the way.
  async open() {
    if (!navigator.mediaDevices?.getUserMedia || !window.MediaRecorder) {
      throw new Error("Browsers give the camera only to pages under https or localhost; choose a recording instead.");
    }
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({ video: PICTURE, audio: false });
    } catch (error) {
      throw new Error(REFUSALS[error.name] ?? `The camera cannot be used: ${error.message}`);
    }
    const [track] = this.#stream.getVideoTracks();
    track.addEventListener("ended", () => { this.close(); this.#refuse("The camera was disconnected."); });
    this.show();
  }

  // Shows what the camera sees.
  show() {
    this.#video.srcObject = this.#stream;
    this.#video.play().catch(() => {});
  }

  // Turns the camera off; what is being recorded is not kept.
  close() {
    this.cancel();
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
    this.#video.srcObject = null;
  }

  // What it sees now, as a JPEG file.
  async snapshot() {
    if (!this.#video.videoWidth) await new Promise((resolve) => this.#video.addEventListener("loadeddata", resolve, { once: true }));
    const canvas = new OffscreenCanvas(this.#video.videoWidth, this.#video.videoHeight);
    canvas.getContext("2d").drawImage(this.#video, 0, 0);
    return canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 });
  }

  // Counts down and records for so long; `stop` ends it sooner.
  record(seconds) {
    this.cancel();
    const began = performance.now();
    this.#each((now) => {
      const left = COUNT_S - (now - began) / 1000;
      if (left > 0) this.#tell("count", Math.ceil(left), 1 - left / COUNT_S);
      else this.#begin(seconds);
      return left > 0;
    });
  }

  // Ends the recording and keeps what there is, if it goes beyond the face at rest.
  stop() { if (this.#recorder?.state === "recording") this.#recorder.stop(); }

  // Ends it and keeps nothing.
  cancel() {
    cancelAnimationFrame(this.#frame);
    this.#frame = null;
    const recorder = this.#recorder;
    this.#recorder = null;
    if (recorder?.state === "recording") recorder.stop();
  }

  #begin(seconds) {
    const [mimeType, kind] = KINDS.find(([type]) => MediaRecorder.isTypeSupported(type)) ?? [];
    if (!mimeType) {
      this.#refuse("This browser records in no format that can be read here.");
      return;
    }
    const recorder = this.#recorder = new MediaRecorder(this.#stream, { mimeType, videoBitsPerSecond: BITS_PER_SECOND });
    const parts = [];
    let size = 0;
    let began = performance.now();
    recorder.addEventListener("start", () => { began = performance.now(); });
    recorder.addEventListener("dataavailable", ({ data }) => {
      parts.push(data);
      size += data.size;
      if (size > 0.95 * MAX_BYTES) this.stop();
    });
    recorder.addEventListener("error", ({ error }) => { this.cancel(); this.#refuse(`The recording failed: ${error?.message ?? "unknown"}.`); });
    recorder.addEventListener("stop", () => {
      if (recorder !== this.#recorder) return; // cancelled
      this.#recorder = null;
      cancelAnimationFrame(this.#frame);
      this.#frame = null;
      if (performance.now() - began < REST_MS + 300) this.#refuse("That was too short: keep still until it says go, then show it.");
      else this.#emit("taken", { blob: new Blob(parts, { type: mimeType }), kind, neutralMs: NEUTRAL_MS, startMs: REST_MS });
    });
    recorder.start(SLICE_MS);
    this.#each((now) => {
      const ms = now - began;
      if (ms < REST_MS) this.#tell("rest", 0, ms / REST_MS);
      else this.#tell("go", Math.max(0, seconds - (ms - REST_MS) / 1000), Math.min(1, (ms - REST_MS) / (1000 * seconds)));
      if (ms < REST_MS + 1000 * seconds) return true;
      this.stop();
      return false;
    });
  }

  // Calls `step` with the time, frame by frame, as long as it says so.
  #each(step) {
    cancelAnimationFrame(this.#frame);
    const next = (now) => {
      this.#frame = null;
      const same = this.#frame;
      if (step(now) && this.#frame === same) this.#frame = requestAnimationFrame(next);
    };
    this.#frame = requestAnimationFrame(next);
  }

  #tell(name, seconds, share) { this.#emit("phase", { name, seconds, share }); }

  #refuse(text) { this.#emit("refused", text); }

  #emit(name, detail) { this.dispatchEvent(new CustomEvent(name, { detail })); }
}
