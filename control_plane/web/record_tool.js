// From a face before the camera to a capsule: recording it, what it is called, and the import.
//
// Emits: begun (a capsule is being made), taken (what came of it), edit (cid), play (the capsule),
// note (text).

import { base64, importTake, post } from "./studio_api.js";
import { onPage } from "./refusal_words.js";
import { TakeCamera } from "./take_camera.js";

const MAX_BYTES = 12 * 1024 * 1024;
const KINDS = ["webm", "mp4", "mov", "mkv", "avi", "gif"];
const CLOCK_MS = 200;
const NEAR_PX = 130; // a face this wide is followed well
const NOTHING_TO_FIND_WITH = 409; // FAILED_PRECONDITION
const RING = 2 * Math.PI * 54;
const VAD = ["valence", "arousal", "dominance"];
const element = (id) => document.getElementById(id);
const field = (name) => element(`take-${name}`);

export class RecordTool extends EventTarget {
  avatar = ""; // whose bases a take is fitted to
  #camera = new TakeCamera(element("booth-camera"));
  #take = null;
  #made = null;
  #importing = null;
  #looking = null;
  #known = new Set();

  constructor() {
    super();
    field("open").addEventListener("click", () => this.#open());
    field("record").addEventListener("click", () => this.#record());
    field("stop").addEventListener("click", () => { if (this.#camera.isRecording) this.#camera.stop(); });
    field("look").addEventListener("click", () => this.#look());
    field("off").addEventListener("click", () => { this.#camera.close(); this.#show("off"); });
    field("file").addEventListener("change", ({ target }) => {
      if (target.files[0]) this.#choose(target.files[0]);
      target.value = "";
    });
    field("form").addEventListener("submit", (event) => { event.preventDefault(); this.#import(); });
    field("cancel").addEventListener("click", () => this.#importing?.abort());
    field("cid").addEventListener("input", () => this.#tellTaken());
    field("again").addEventListener("click", () => { this.#made = null; this.#suggest(); this.#back(); });
    field("edit").addEventListener("click", () => this.#emit("edit", this.#made.cid));
    field("play").addEventListener("click", () => this.#emit("play", this.#made));
    for (const name of VAD) field(name).addEventListener("input", () => this.#showVad());
    this.#camera.addEventListener("phase", ({ detail }) => this.#phase(detail));
    this.#camera.addEventListener("taken", ({ detail }) => this.#took(detail));
    this.#camera.addEventListener("refused", ({ detail }) => { this.#back(); this.#refuse(detail); });
    this.#showVad();
    this.#show("off");
  }

  // Whether the booth is to be seen in place of the avatar.
  get wantsBooth() { return !["off", "importing", "made"].includes(element("panel-record").dataset.state); }

  // Ids of the library, none of which a new capsule may have.
  set known(cids) {
    this.#known = new Set(cids);
    if (!field("cid").value) this.#suggest();
    this.#tellTaken();
  }

  // What the address said: fields of the form.
  fill({ cid, vad, description }) {
    if (cid) field("cid").value = cid;
    if (description) field("description").value = description;
    const values = vad?.split(",").map(Number) ?? [];
    if (values.length === VAD.length && values.every(Number.isFinite)) {
      field("feels").checked = true;
      for (const [index, name] of VAD.entries()) field(name).value = values[index];
      this.#showVad();
    }
  }

  // The panel is left: nobody is to be filmed unseen.
  leave() {
    if (this.#importing) return;
    this.#camera.close();
    if (this.wantsBooth && !this.#take) this.#show("off");
  }

  async #open() {
    this.#refuse("");
    field("open").disabled = true;
    try {
      await this.#camera.open();
      this.#show("ready");
      this.#look();
    } catch (error) {
      this.#refuse(error.message);
    } finally {
      field("open").disabled = false;
    }
  }

  // Whether the server finds a face in what the camera sees, before anybody acts in vain.
  async #look() {
    this.#looking?.abort();
    const { signal } = this.#looking = new AbortController();
    this.#say("Looking for your face", "busy");
    try {
      const photo = await base64(await this.#camera.snapshot());
      const { faces } = await post("api/avatars:detectLandmarks", { photo }, signal);
      if (signal.aborted) return;
      if (!faces.length) this.#say("No face is found. Face the camera, with light from the front.", "bad");
      else if (faces[0].widthPx < NEAR_PX) this.#say("Come a little closer.", "bad");
      else if (faces.length > 1) this.#say(`There are ${faces.length} faces: the largest is followed.`, "warn");
      else this.#say("Your face is found.", "good");
    } catch (error) {
      if (signal.aborted) return;
      this.#say(error.status === NOTHING_TO_FIND_WITH ? "Faces cannot be found here." : "Not checked.", "bad");
      this.#refuse(error.message);
      field("record").disabled = error.status === NOTHING_TO_FIND_WITH;
    }
  }

  async #record() {
    this.#refuse("");
    if (!this.#camera.isOpen) { // turned off for an import that was refused
      await this.#open();
      return;
    }
    this.#forget();
    this.#camera.show();
    this.#show("recording");
    this.#camera.record(Number(field("length").value));
  }

  #phase({ name, seconds, share }) {
    const words = { count: "Get ready: your face at rest", rest: "Keep your face at rest", go: "Go!" };
    const text = name === "count" ? String(seconds) : name === "go" ? seconds.toFixed(1) : "";
    element("booth").dataset.phase = name;
    element("booth-words").textContent = words[name];
    element("booth-count").textContent = text;
    element("booth-ring").style.strokeDashoffset = RING * (1 - share);
    field("stop").disabled = name !== "go";
  }

  #took(take) {
    this.#take = take;
    const playback = element("booth-take");
    playback.src = URL.createObjectURL(take.blob);
    playback.play().catch(() => {});
    this.#show("taken");
    field(field("consent").value ? "make" : "consent").focus({ preventScroll: true });
  }

  #choose(file) {
    const kind = file.name.split(".").at(-1).toLowerCase();
    if (!KINDS.includes(kind)) {
      this.#refuse(`${file.name} is no recording that can be read: ${KINDS.join(", ")} will do.`);
    } else if (file.size > MAX_BYTES) {
      this.#refuse(`${file.name} has ${Math.ceil(file.size / 1024 / 1024)} MB; up to 12 will do.`);
    } else {
      this.#refuse("");
      this.#camera.close();
      this.#forget();
      this.#took({ blob: file, kind, neutralMs: 0, startMs: 0 });
    }
  }

  #forget() {
    this.#take = null;
    const playback = element("booth-take");
    if (playback.src) URL.revokeObjectURL(playback.src);
    playback.removeAttribute("src");
    playback.load();
  }

  #order(take) {
    return {
      take, kind: this.#take.kind, avatar: this.avatar, neutralMs: this.#take.neutralMs, startMs: this.#take.startMs,
      cid: field("cid").value.trim(), description: field("description").value.trim(), consent: field("consent").value.trim(),
      loop: field("loop").checked, clip: field("clip").checked, replace: field("replace").checked,
      ...field("feels").checked && { emotion: Object.fromEntries(VAD.map((name) => [name, Number(field(name).value)])) },
    };
  }

  async #import() {
    if (this.#importing || !this.#take) return;
    const controller = this.#importing = new AbortController();
    const began = performance.now();
    const clock = setInterval(() => { field("time").textContent = `${Math.floor((performance.now() - began) / 1000)} s`; }, CLOCK_MS);
    this.#refuse("");
    this.#camera.close();
    this.#progress({ stage: "sending the recording" });
    this.#show("importing");
    this.#emit("begun");
    try {
      const order = this.#order(await base64(this.#take.blob));
      const imported = await importTake(order, (progress) => this.#progress(progress), controller.signal);
      this.#forget();
      this.#tellMade(imported);
      this.#show("made");
      this.#emit("taken", this.#made);
    } catch (error) {
      this.#show("taken");
      if (controller.signal.aborted) this.#emit("note", "Cancelled; nothing was kept.");
      else this.#refuse(error.message);
    } finally {
      clearInterval(clock);
      this.#importing = null;
    }
  }

  #tellMade({ capsule, warnings = [], frames, byPictures, landmarkRmsPx, lostFrames }) {
    this.#made = { ...capsule, id: capsule.cid, lengthMs: capsule.durationMs };
    field("made-name").textContent = capsule.description;
    field("made-id").textContent = capsule.cid;
    const lost = lostFrames ? `, the face lost in ${lostFrames}` : "";
    const fit = byPictures ? "fitted by its pictures" : `landmarks off by ${landmarkRmsPx.toFixed(1)} px`;
    field("made-fit").textContent = `${(capsule.durationMs / 1000).toFixed(1)} s from ${frames} frames${lost}; ${fit}.`;
    field("warnings").hidden = !warnings.length;
    field("warnings").replaceChildren(...warnings.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
    field("edit").hidden = !capsule.targets.length;
  }

  // To the camera where it is on, else to its beginning.
  #back() {
    this.#forget();
    if (this.#camera.isOpen) this.#camera.show();
    this.#show(this.#camera.isOpen ? "ready" : "off");
  }

  // One of: off, ready, recording, taken, importing, made.
  #show(state) {
    const panel = element("panel-record");
    panel.dataset.state = state;
    for (const part of panel.querySelectorAll("[data-when]")) part.hidden = !part.dataset.when.split(" ").includes(state);
    element("booth-take").hidden = state !== "taken";
    element("booth").dataset.phase = "";
    element("booth").classList.toggle("recording", state === "recording");
    element("booth-guide").toggleAttribute("hidden", !["ready", "recording"].includes(state));
    element("booth-face").hidden = state !== "ready";
    field("record").textContent = state === "taken" ? "Record again" : "Record";
    field("record").classList.toggle("main", state !== "taken");
    field("record").classList.toggle("second", state === "taken");
    this.#emit("state", state);
  }

  #suggest() {
    let number = 1;
    while (this.#known.has(`VF_TAKE_${number}`)) number += 1;
    field("cid").value = `VF_TAKE_${number}`;
    this.#tellTaken();
  }

  #tellTaken() {
    const known = this.#known.has(field("cid").value.trim());
    field("replace-row").hidden = !known;
    if (!known) field("replace").checked = false;
  }

  #showVad() { for (const name of VAD) field(name).previousElementSibling.textContent = Number(field(name).value).toFixed(2); }

  #say(text, kind) {
    element("booth-face").dataset.kind = kind;
    element("booth-face-text").textContent = text;
    field("look").hidden = kind === "busy" || kind === "good";
    field("record").disabled = kind === "busy";
  }

  #progress({ stage, fraction = 0 }) {
    field("stage").textContent = stage;
    field("bar").value = fraction;
  }

  #refuse(text) {
    field("refusal").textContent = onPage(text);
    field("refusal").hidden = !text;
  }

  #emit(name, detail) { this.dispatchEvent(new CustomEvent(name, { detail })); }
}
