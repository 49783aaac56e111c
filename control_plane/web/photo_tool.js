// From a photo to an avatar: choosing the photo, the face and its points, and the baking itself.
//
// Emits: open (a photo is on the desk), baked (the avatar), note (text).

import { base64, bake, get, post } from "./studio_api.js";
import { GROUPS } from "./landmark_groups.js";
import { PhotoDesk } from "./photo_desk.js";
import { onPage } from "./refusal_words.js";

const MAX_BYTES = 12 * 1024 * 1024;
const CLOCK_MS = 200;
const NOTHING_TO_FIND_WITH = 409; // FAILED_PRECONDITION
const element = (id) => document.getElementById(id);

export class PhotoTool extends EventTarget {
  names = new Set(); // of the user's avatars, which a new one of the same name replaces
  #desk = new PhotoDesk(element("photo"));
  #opened = false;
  #photo = ""; // base64
  #faces = [];
  #chosen = 0;
  #finding = null;
  #baking = null;

  constructor() {
    super();
    this.#takeFiles();
    this.#offerGroups();
    this.#desk.addEventListener("change", ({ detail }) => {
      element("points-undo").disabled = element("points-reset").disabled = !detail;
    });
    this.#desk.addEventListener("pick", ({ detail }) => this.#choose(detail));
    element("by-hand").addEventListener("click", () => this.#placeByHand());
    element("points-undo").addEventListener("click", () => this.#desk.undo());
    element("points-reset").addEventListener("click", () => this.#desk.reset());
    for (const button of document.querySelectorAll("[data-zoom]")) {
      const act = { in: () => this.#desk.zoom(1.4), out: () => this.#desk.zoom(1 / 1.4), fit: () => this.#desk.fit() };
      button.addEventListener("click", act[button.dataset.zoom]);
    }
    element("order").addEventListener("submit", (event) => { event.preventDefault(); this.#bake(); });
    element("order-name").addEventListener("input", () => this.tellReplaced());
    element("order-small").addEventListener("change", () => this.#showRefusal());
    element("baking-cancel").addEventListener("click", () => this.#baking?.abort());
  }

  get hasPhoto() { return this.#opened; }

  tellReplaced() { element("order-replaces").hidden = !this.names.has(element("order-name").value); }

  #takeFiles() {
    const drop = element("drop");
    element("file").addEventListener("change", ({ target }) => {
      if (target.files[0]) this.#open(target.files[0]);
      target.value = "";
    });
    // Anywhere on the page, so that a near miss does not leave it.
    addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
    addEventListener("dragleave", (event) => event.relatedTarget === null && drop.classList.remove("over"));
    addEventListener("drop", (event) => {
      event.preventDefault();
      drop.classList.remove("over");
      const file = event.dataTransfer.files[0];
      if (file) this.#open(file);
    });
    addEventListener("paste", (event) => {
      const file = event.clipboardData?.files[0];
      if (file?.type.startsWith("image/")) this.#open(file);
    });
  }

  #offerGroups() {
    const buttons = GROUPS.map(({ name }, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.role = "radio";
      button.textContent = name;
      button.ariaChecked = String(index === 0);
      button.addEventListener("click", () => this.#showGroup(name));
      return button;
    });
    element("groups").append(...buttons);
  }

  #showGroup(name) {
    for (const button of element("groups").children) button.ariaChecked = String(button.textContent === name);
    this.#desk.group = name;
    element("points-hint").textContent = name === "Whole face"
      ? "Drag the corners of the eyes, then the chin, to lay the face over the photo."
      : "Drag what does not fit. Neighbours follow; with Shift they stay.";
  }

  async #open(file) {
    if (this.#baking) return;
    if (file.size > MAX_BYTES) {
      this.#refuse(`${file.name} has ${Math.ceil(file.size / 1024 / 1024)} MB; up to 12 will do.`);
      return;
    }
    this.#finding?.abort();
    const { signal } = this.#finding = new AbortController();
    this.#showFaces([]);
    element("by-hand").hidden = true;
    element("drop").classList.add("filled");
    element("drop-title").textContent = file.name;
    element("drop-hint").textContent = "Drop or choose another photo to take its place.";
    this.#opened = true;
    this.dispatchEvent(new CustomEvent("open"));
    try {
      // A format that only the server knows is shown as points alone.
      this.#desk.show(await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => null));
      this.#photo = await base64(file);
      await this.#find(signal);
    } catch (error) {
      if (signal.aborted) return;
      this.#refuse(error.message);
      element("by-hand").hidden = error.status !== NOTHING_TO_FIND_WITH;
    }
  }

  // Where no face is found, or nothing is there to find one with, a person can.
  async #placeByHand() {
    element("by-hand").hidden = true;
    this.#desk.fit();
    this.#desk.place(await get("face_template.json"));
    this.#showFaces([this.#desk.face]);
    this.#showGroup("Whole face");
  }

  async #find(signal) {
    element("desk-busy").hidden = false;
    try {
      const { faces, width, height } = await post("api/avatars:detectLandmarks", { photo: this.#photo }, signal);
      if (signal.aborted) return;
      this.#desk.setFaces(faces, width, height);
      this.#showFaces(faces);
      if (faces.length) this.#desk.look();
      else this.#refuse("No face was found; a photo from the front will do, upright, the whole face lit and uncovered.");
      element("by-hand").hidden = faces.length > 0;
    } finally {
      if (!signal.aborted) element("desk-busy").hidden = true;
    }
  }

  #showFaces(faces) {
    this.#faces = faces;
    this.#chosen = 0;
    const several = faces.length > 1;
    element("faces").hidden = !several;
    for (const label of element("faces").querySelectorAll("label")) label.remove();
    if (several) element("faces").append(...faces.map((face, index) => this.#faceChoice(face, index)));
    element("points").hidden = element("order").hidden = !faces.length;
    this.#showRefusal();
  }

  #faceChoice({ widthPx, refusal }, index) {
    const label = document.createElement("label");
    const radio = Object.assign(document.createElement("input"), { type: "radio", name: "face", checked: index === 0 });
    radio.addEventListener("change", () => this.#choose(index));
    const picture = Object.assign(document.createElement("canvas"), { width: 88, height: 88 });
    this.#desk.portrait(index, picture);
    const words = document.createElement("span");
    words.textContent = `Face ${index + 1}`;
    const about = document.createElement("small");
    about.textContent = `${Math.round(widthPx)} px wide${refusal ? ", see below" : ""}`;
    words.append(about);
    label.append(radio, picture, words);
    return label;
  }

  #choose(index) {
    this.#chosen = index;
    const radio = element("faces").querySelectorAll("input")[index];
    if (radio) radio.checked = true;
    this.#desk.choose(index);
    this.#showRefusal();
  }

  // What speaks against the chosen face, before a person has to wait for it.
  #showRefusal() {
    const { refusal = "", notice = "", widthPx = 0 } = this.#faces[this.#chosen] ?? {};
    element("photo-notice").textContent = notice && `Better in another photo: ${notice}.`;
    element("photo-notice").hidden = !notice;
    const small = element("order-small").checked && widthPx >= 48 && refusal.includes("px wide and has to be");
    this.#refuse(small ? "" : refusal && `This face may be refused: ${refusal}`);
  }

  #refuse(text) {
    element("photo-refusal").textContent = onPage(text);
    element("photo-refusal").hidden = !text;
  }

  #order() {
    const order = {
      photo: this.#photo,
      name: element("order-name").value,
      consent: element("order-consent").value,
      noHands: !element("order-hands").checked,
      allowSmall: element("order-small").checked,
    };
    if (!this.#desk.corrected) return { ...order, face: this.#chosen + 1 };
    const { landmarks, irises, eyeContours } = this.#desk.face;
    return { ...order, landmarks: { landmarks, irises, eyeContours } };
  }

  async #bake() {
    if (this.#baking) return;
    const controller = this.#baking = new AbortController();
    const began = performance.now();
    const clock = setInterval(() => {
      element("baking-time").textContent = `${Math.floor((performance.now() - began) / 1000)} s`;
    }, CLOCK_MS);
    this.#refuse("");
    this.#working(true);
    this.#progress({ stage: "beginning", fraction: 0 });
    try {
      const avatar = await bake(this.#order(), (progress) => this.#progress(progress), controller.signal);
      this.dispatchEvent(new CustomEvent("baked", { detail: avatar }));
    } catch (error) {
      if (controller.signal.aborted) this.dispatchEvent(new CustomEvent("note", { detail: "Cancelled; nothing was kept." }));
      else this.#refuse(error.message);
    } finally {
      clearInterval(clock);
      this.#baking = null;
      this.#working(false);
    }
  }

  #working(on) {
    element("baking").hidden = !on;
    element("order").hidden = element("points").hidden = element("drop").hidden = on;
    element("faces").disabled = on;
    element("photo").inert = on;
    if (on) element("baking-time").textContent = "0 s";
  }

  #progress({ stage, fraction = 0 }) {
    element("baking-stage").textContent = stage;
    element("baking-bar").value = fraction;
  }
}
