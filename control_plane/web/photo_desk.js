// The photo with the face's points over it: drag a point to correct it, the wheel and pinching zoom,
// the background moves the photo. What a drag does to one point its neighbours follow, the less the
// farther they are, so that the mesh between them stays a face's.
//
// Emits: change (whether there is something to undo), pick (index of a face).

import { GROUPS, CHIN, LEFT_CORNER, RIGHT_CORNER } from "./landmark_groups.js";
import { drawFace, drawFrame } from "./face_drawing.js";
import { bounds, carry, copy, lay, moveIris } from "./face_points.js";

const REACH = 0.035; // of the face's width: how far a correction carries
const GRAB_PX = 14;
const MAX_ZOOM = 24;
const MAX_UNDO = 100;
const FINGERS = 2;

export class PhotoDesk extends EventTarget {
  #canvas;
  #pen;
  #picture = null;
  #width = 1;
  #height = 1;
  #faces = [];
  #found = [];
  #chosen = 0;
  #group = GROUPS[0];
  #undo = [];
  #placed = false;
  #view = { x: 0, y: 0, scale: 1 };
  #hover = null;
  #drag = null;
  #fingers = new Map();

  constructor(canvas) {
    super();
    this.#canvas = canvas;
    this.#pen = canvas.getContext("2d");
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, (event) => this.#up(event));
    canvas.addEventListener("pointerleave", () => this.#point(null));
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.#zoomAt(this.#at(event), Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)));
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.#resized()).observe(canvas);
  }

  get corrected() { return this.#placed || this.#undo.length > 0; }
  get face() { return this.#faces[this.#chosen]; }

  // Shows a photo, an ImageBitmap or null where the browser cannot show its format, without faces.
  show(picture, width = picture?.width ?? 1, height = picture?.height ?? 1) {
    this.#picture = picture;
    this.#width = width;
    this.#height = height;
    this.setFaces([], width, height);
    this.fit();
  }

  // The faces that were found, in pixels of a photo of that size.
  setFaces(faces, width, height) {
    if (width !== this.#width || height !== this.#height) {
      this.#width = width;
      this.#height = height;
      this.fit();
    }
    this.#found = faces;
    this.#chosen = 0;
    this.#placed = false;
    this.#restore();
  }

  // A face that nobody found, for a person to lay over the photo: `template` is one whose eyes are a
  // unit apart, about where they are.
  place(template) {
    const unit = 0.22 * Math.min(this.#width, this.#height);
    const shift = (points, size) => points.map((value, n) => unit * value + [this.#width / 2, 0.42 * this.#height, 0][n % size]);
    const face = { landmarks: shift(template.landmarks, 3), irises: shift(template.irises, 2), eyeContours: shift(template.eyeContours, 2) };
    const [left, , right] = bounds(face);
    this.setFaces([{ ...face, widthPx: right - left, refusal: "" }], this.#width, this.#height);
    this.#placed = true;
  }

  choose(index) {
    if (index === this.#chosen) return;
    this.#chosen = index;
    this.#restore();
    this.look();
  }

  // Shows another group's points.
  set group(name) {
    this.#group = GROUPS.find((group) => group.name === name);
    this.#draw();
  }

  undo() {
    const before = this.#undo.pop();
    if (before) this.#faces[this.#chosen] = before;
    this.#changed();
  }

  reset() { this.#restore(); }

  // The whole photo.
  fit() {
    const { width, height } = this.#canvas;
    const scale = Math.min(width / this.#width, height / this.#height) || 1;
    this.#view = { scale, x: (width - this.#width * scale) / 2, y: (height - this.#height * scale) / 2 };
    this.#draw();
  }

  // The chosen face, large.
  look() {
    if (!this.face) return;
    const [left, top, right, bottom] = bounds(this.face);
    const { width, height } = this.#canvas;
    const scale = 0.8 * Math.min(width / (right - left), height / (bottom - top));
    this.#view = { scale, x: width / 2 - scale * (left + right) / 2, y: height / 2 - scale * (top + bottom) / 2 };
    this.#draw();
  }

  zoom(factor) { this.#zoomAt([this.#canvas.width / 2, this.#canvas.height / 2], factor); }

  // A face by itself, drawn into a small canvas.
  portrait(index, canvas) {
    if (!this.#picture) return;
    const [left, top, right, bottom] = bounds(this.#found[index]);
    const side = 1.3 * Math.max(right - left, bottom - top);
    const share = this.#picture.width / this.#width;
    canvas.getContext("2d").drawImage(this.#picture, ((left + right - side) / 2) * share, ((top + bottom - side) / 2) * share, side * share, side * share, 0, 0, canvas.width, canvas.height);
  }

  #restore() {
    this.#faces = this.#found.map(copy);
    this.#undo = [];
    this.#hover = null;
    this.#changed();
  }

  #changed() {
    this.#draw();
    this.dispatchEvent(new CustomEvent("change", { detail: this.#undo.length > 0 }));
  }

  // The points that can be taken hold of: [key, x, y] in pixels of the photo.
  #handles() {
    const { face } = this;
    if (!face) return [];
    if (this.#group.irises) return [0, 1].flatMap((eye) => [0, 1, 2, 3, 4].map((n) => [`iris ${eye} ${n}`, face.irises[10 * eye + 2 * n], face.irises[10 * eye + 2 * n + 1]]));
    const points = this.#group.whole ? [RIGHT_CORNER, LEFT_CORNER, CHIN] : new Set(this.#group.lines.flat());
    return [...points].map((n) => [`mesh ${n}`, face.landmarks[3 * n], face.landmarks[3 * n + 1]]);
  }

  #handleAt([x, y]) {
    const { scale } = this.#view;
    let best = null;
    let nearest = GRAB_PX * devicePixelRatio;
    for (const handle of this.#handles()) {
      const apart = Math.hypot(this.#view.x + scale * handle[1] - x, this.#view.y + scale * handle[2] - y);
      if (apart < nearest) [best, nearest] = [handle, apart];
    }
    return best;
  }

  // Index of another face whose frame was hit; -1: none.
  #faceAt([x, y]) {
    const at = [(x - this.#view.x) / this.#view.scale, (y - this.#view.y) / this.#view.scale];
    return this.#faces.findIndex((face, index) => {
      const [left, top, right, bottom] = bounds(face);
      return index !== this.#chosen && at[0] > left && at[0] < right && at[1] > top && at[1] < bottom;
    });
  }

  #down(event) {
    this.#canvas.setPointerCapture(event.pointerId);
    const at = this.#at(event);
    this.#fingers.set(event.pointerId, at);
    if (this.#fingers.size === FINGERS) {
      this.#drag = null; // two fingers zoom
      return;
    }
    const handle = this.#handleAt(at);
    if (!handle) {
      this.#drag = { from: at, view: { ...this.#view }, moved: false };
      return;
    }
    this.#drag = { key: handle[0], whole: this.#group.whole, before: copy(this.face), from: at, alone: event.shiftKey, moved: false };
    this.#hover = handle[0];
  }

  #move(event) {
    const at = this.#at(event);
    if (this.#fingers.size === FINGERS && this.#fingers.has(event.pointerId)) {
      this.#pinch(event.pointerId, at);
      return;
    }
    if (!this.#drag) {
      this.#point(this.#handleAt(at)?.[0] ?? null);
      return;
    }
    const dx = at[0] - this.#drag.from[0];
    const dy = at[1] - this.#drag.from[1];
    if (Math.hypot(dx, dy) > 3) this.#drag.moved = true;
    if (this.#drag.key) {
      const { scale } = this.#view;
      this.#faces[this.#chosen] = moved(this.#drag, dx / scale, dy / scale);
    } else {
      this.#view = { ...this.#drag.view, x: this.#drag.view.x + dx, y: this.#drag.view.y + dy };
    }
    this.#draw();
  }

  #up(event) {
    this.#fingers.delete(event.pointerId);
    const drag = this.#drag;
    this.#drag = null;
    if (drag?.key && drag.moved) this.#keep(drag.before);
    if (!drag || drag.key || drag.moved) return;
    const face = this.#faceAt(drag.from);
    if (face >= 0) this.dispatchEvent(new CustomEvent("pick", { detail: face }));
  }

  #keep(before) {
    this.#undo.push(before);
    if (this.#undo.length > MAX_UNDO) this.#undo.shift();
    this.#changed();
  }

  #pinch(id, at) {
    const [one, other] = [...this.#fingers.keys()];
    const still = this.#fingers.get(id === one ? other : one);
    const before = this.#fingers.get(id);
    const factor = Math.hypot(at[0] - still[0], at[1] - still[1]) / Math.max(1, Math.hypot(before[0] - still[0], before[1] - still[1]));
    this.#view.x += (at[0] - before[0]) / FINGERS;
    this.#view.y += (at[1] - before[1]) / FINGERS;
    this.#fingers.set(id, at);
    this.#zoomAt([(at[0] + still[0]) / 2, (at[1] + still[1]) / 2], factor);
  }

  #key(event) {
    const step = { "+": 1.25, "=": 1.25, "-": 0.8 }[event.key];
    if (step) this.zoom(step);
    else if (event.key === "0") this.fit();
    else if (event.key === "z" && (event.ctrlKey || event.metaKey)) this.undo();
    else return;
    event.preventDefault();
  }

  #zoomAt([x, y], factor) {
    const { scale } = this.#view;
    const least = 0.5 * Math.min(this.#canvas.width / this.#width, this.#canvas.height / this.#height);
    const next = Math.min(Math.max(scale * factor, least), MAX_ZOOM * devicePixelRatio);
    this.#view = { scale: next, x: x + (this.#view.x - x) * (next / scale), y: y + (this.#view.y - y) * (next / scale) };
    this.#draw();
  }

  #point(key) {
    if (key === this.#hover) return;
    this.#hover = key;
    this.#canvas.classList.toggle("on-point", key !== null);
    this.#draw();
  }

  #at(event) {
    const { left, top } = this.#canvas.getBoundingClientRect();
    return [(event.clientX - left) * devicePixelRatio, (event.clientY - top) * devicePixelRatio];
  }

  #resized() {
    const { clientWidth, clientHeight } = this.#canvas;
    if (!clientWidth) return;
    this.#canvas.width = Math.round(clientWidth * devicePixelRatio);
    this.#canvas.height = Math.round(clientHeight * devicePixelRatio);
    if (this.face) this.look();
    else this.fit();
  }

  #draw() {
    const pen = this.#pen;
    const { x, y, scale } = this.#view;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    pen.setTransform(scale, 0, 0, scale, x, y);
    pen.imageSmoothingQuality = "high";
    if (this.#picture) pen.drawImage(this.#picture, 0, 0, this.#width, this.#height);
    const unit = devicePixelRatio / scale;
    this.#faces.forEach((face, index) => index !== this.#chosen && drawFrame(pen, face, unit));
    if (this.face) drawFace(pen, this.face, this.#group, this.#handles(), this.#hover, unit);
  }
}

// The face as a drag has left it: all of it, the iris a point belongs to, or the points around one.
function moved({ key, whole, before, alone }, dx, dy) {
  const face = copy(before);
  const [kind, first, second] = key.split(" ");
  if (whole) {
    lay(face, Number(first), dx, dy);
  } else if (kind === "iris") {
    moveIris(face.irises, 10 * Number(first), Number(second), dx, dy);
  } else {
    const at = [before.landmarks[3 * first], before.landmarks[3 * first + 1]];
    const reach = alone ? 1e-3 : REACH * (before.widthPx || 1);
    carry(face.landmarks, 3, at, dx, dy, reach);
    carry(face.eyeContours, 2, at, dx, dy, reach);
  }
  return face;
}
