// The editor of one capsule: what it is called, when and how it counts, and its curves.
//
// Emits: play (the capsule), saved (the capsule as the API tells it).

import { get, post } from "./studio_api.js";
import { TrackEditor } from "./track_editor.js";
import { nameOf } from "./target_names.js";

const PREFIXES = { face: "VF", hand: "HF", body: "BK", voice: "VC", camera: "CS", light: "LD", tempo: "TR", environment: "ER" };
const EASINGS = ["none", "linear", "quadratic_in", "quadratic_out", "quadratic_in_out", "cubic_in", "cubic_out", "cubic_in_out"];
const BLENDS = { additive: "adding", override: "replacing", multiply: "scaling" };
const MAX_FACTOR = 4;
const VAD = ["valence", "arousal", "dominance"];
const NEW = {
  cid: "VF_MINE", layer: "face", description: "A face of my own", duration_ms: 1200, easing: "cubic_in_out", priority: 5, blend_mode: "additive",
  tracks: [{ target: "mouthSmileLeft", curve: [[0, 0], [350, 0.7], [850, 0.7], [1200, 0]] }, { target: "mouthSmileRight", curve: [[0, 0], [350, 0.7], [850, 0.7], [1200, 0]] }],
};
const element = (id) => document.getElementById(id);
const field = (name) => element(`capsule-${name}`);

export class CapsuleTool extends EventTarget {
  #targets = new Map();
  #capsule = NEW; // what it was read from: what the form does not show is kept
  #editors = [];
  #shownMs = NEW.duration_ms;
  #frame = null;

  constructor() {
    super();
    field("layer").append(...Object.keys(PREFIXES).map((layer) => new Option(layer, layer)));
    field("easing").append(...EASINGS.map((easing) => new Option(easing.replaceAll("_", " "), easing)));
    field("blend").append(...Object.entries(BLENDS).map(([mode, words]) => new Option(words, mode)));
    field("layer").addEventListener("change", () => this.#renamed());
    field("blend").addEventListener("change", () => this.#ranged());
    field("duration").addEventListener("change", () => this.#stretched());
    for (const name of VAD) field(name).addEventListener("input", () => this.#showVad());
    element("track-add").addEventListener("click", () => this.#addTrack());
    element("track-target").addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      this.#addTrack();
    });
    field("play").addEventListener("click", () => this.#play());
    field("new").addEventListener("click", () => this.edit(NEW));
    element("capsule").addEventListener("submit", (event) => { event.preventDefault(); this.#save(); });
  }

  // What tracks may move, as the API lists it.
  offer(targets) {
    this.#targets = new Map(targets.map((target) => [target.name, target]));
    element("track-targets").replaceChildren(...targets.map(({ name }) => new Option(nameOf(name, { whole: true }), name)));
    this.edit(NEW);
  }

  // Reads a capsule of the library into the form. One that is not saved here gets an id of its own.
  async load(cid) {
    const { json } = await get(`api/library/capsules/${cid}`);
    const capsule = JSON.parse(json);
    const own = capsule.provenance?.source === "capsulecast studio";
    this.edit({ ...capsule, cid: own ? cid : `${cid}_MINE`.slice(0, 43) });
  }

  // A capsule that goes to these values and stays there.
  make(values) {
    const layer = values.every(({ target }) => /^hand/.test(target)) ? "hand" : values.every(({ target }) => /^camera/.test(target)) ? "camera" : values.every(({ target }) => /^light/.test(target)) ? "light" : "face";
    const slow = layer === "camera" || layer === "light" ? 900 : 300;
    const rests = (target) => this.#targets.get(target).rest;
    this.edit({
      ...NEW, layer, cid: `${PREFIXES[layer]}_MINE`, description: "Made of the sliders", duration_ms: 2 * slow, hold: true,
      tracks: values.map(({ target, value }) => ({ target, curve: [[0, 0], [slow, Number((value - rests(target)).toFixed(3))]] })),
    });
  }

  edit(capsule) {
    this.#capsule = structuredClone(capsule);
    const { cid, layer, description, duration_ms: durationMs, easing = "cubic_in_out", blend_mode: blend = "additive", priority = 5, hold = false, loop = false, emotion } = capsule;
    this.#shownMs = durationMs;
    for (const [name, value] of Object.entries({ cid, layer, description, duration: durationMs, easing, blend, priority })) field(name).value = value;
    field("hold").checked = hold;
    field("loop").checked = loop;
    field("feels").checked = Boolean(emotion);
    for (const name of VAD) field(name).value = emotion?.[name] ?? 0;
    this.#showVad();
    this.#editors = (capsule.tracks ?? []).map((track) => this.#editor(track));
    this.#showTracks();
    this.#say("", []);
  }

  // The capsule as the form has it.
  #read() {
    const capsule = structuredClone(this.#capsule);
    const durationMs = Number(field("duration").value);
    Object.assign(capsule, {
      cid: field("cid").value.trim(), layer: field("layer").value, description: field("description").value.trim(), duration_ms: durationMs,
      easing: field("easing").value, blend_mode: field("blend").value, priority: Number(field("priority").value),
      hold: field("hold").checked, loop: field("loop").checked,
      tracks: this.#editors.map(({ track }) => track),
    });
    delete capsule.provenance;
    delete capsule.emotion;
    if (field("feels").checked) capsule.emotion = Object.fromEntries(VAD.map((name) => [name, Number(field(name).value)]));
    return capsule;
  }

  #editor(track) {
    const target = this.#targets.get(track.target);
    const editor = new TrackEditor(target, track.curve, this.#shownMs, this.#range(target));
    editor.addEventListener("remove", () => {
      this.#editors = this.#editors.filter((other) => other !== editor);
      this.#showTracks();
    });
    return editor;
  }

  // What values make sense on the avatar at rest, by how the capsule meets others.
  #range({ minimum, maximum, rest }) {
    const blend = field("blend").value;
    if (blend === "multiply") return [0, MAX_FACTOR];
    return blend === "additive" ? [minimum - rest, maximum - rest] : [minimum, maximum];
  }

  #ranged() {
    for (const editor of this.#editors) editor.range = this.#range(this.#targets.get(editor.targetName));
  }

  #stretched() {
    const durationMs = Math.round(Number(field("duration").value));
    if (!field("duration").checkValidity() || !durationMs) return;
    const factor = durationMs / this.#shownMs;
    const { phases } = this.#capsule;
    if (phases) for (const name of Object.keys(phases)) phases[name] = Math.round(phases[name] * factor);
    for (const editor of this.#editors) editor.stretch(durationMs);
    this.#shownMs = durationMs;
  }

  // An id starts with its layer's letters.
  #renamed() {
    field("cid").value = field("cid").value.replace(/^[A-Z]*_?/, `${PREFIXES[field("layer").value]}_`);
  }

  #addTrack() {
    const words = element("track-target").value.trim();
    const target = this.#targetOf(words);
    if (!target) {
      this.#say(words ? `There is no movement ${words}.` : "Choose a movement first.", []);
      return;
    }
    const { name } = target;
    if (this.#editors.some((editor) => editor.targetName === name)) {
      this.#say(`${nameOf(name, { whole: true })} has a track already.`, []);
      return;
    }
    element("track-target").value = "";
    this.#say("", []);
    const still = field("blend").value === "multiply" ? 1 : field("blend").value === "override" ? target.rest : 0;
    this.#editors.push(this.#editor({ target: name, curve: [[0, still], [this.#shownMs, still]] }));
    this.#showTracks();
    this.#editors.at(-1).element.scrollIntoView({ block: "nearest" });
  }

  // A movement by its name or by the words it is shown with.
  #targetOf(words) {
    const wanted = words.toLowerCase();
    return this.#targets.get(words) ?? [...this.#targets.values()].find(({ name }) => name.toLowerCase() === wanted || nameOf(name, { whole: true }).toLowerCase() === wanted);
  }

  #showTracks() { element("tracks").replaceChildren(...this.#editors.map((editor) => editor.element)); }

  #showVad() {
    for (const name of VAD) field(name).previousElementSibling.textContent = Number(field(name).value).toFixed(2);
  }

  #play() {
    if (!element("capsule").reportValidity()) return;
    this.#say("", []);
    const capsule = this.#read();
    this.dispatchEvent(new CustomEvent("play", { detail: capsule }));
    this.#runHead(capsule.duration_ms);
  }

  // A line that runs over the curves as they play.
  #runHead(durationMs) {
    cancelAnimationFrame(this.#frame);
    const began = performance.now();
    const step = () => {
      const ms = performance.now() - began;
      for (const editor of this.#editors) editor.head = ms < durationMs ? ms : null;
      if (ms < durationMs) this.#frame = requestAnimationFrame(step);
    };
    step();
  }

  // What the server said of the last thing that was played.
  refused(text) {
    cancelAnimationFrame(this.#frame);
    for (const editor of this.#editors) editor.head = null;
    this.#say(text, []);
  }

  async #save() {
    try {
      const { capsule, warnings = [] } = await post("api/library/capsules", { json: JSON.stringify(this.#read()) });
      this.#capsule = JSON.parse(capsule.json);
      this.#say("", warnings);
      this.dispatchEvent(new CustomEvent("saved", { detail: capsule }));
    } catch (error) {
      this.#say(error.message, []);
    }
  }

  #say(refusal, warnings) {
    field("refusal").textContent = refusal;
    field("refusal").hidden = !refusal;
    field("warnings").hidden = !warnings.length;
    field("warnings").replaceChildren(...warnings.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  }
}
