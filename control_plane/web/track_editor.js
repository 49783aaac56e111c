// One curve of a capsule on a time line: points that are dragged, added and removed.
//
// Emits: change, remove.

import { nameOf } from "./target_names.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 600;
const HEIGHT = 92;
const PAD = 10;
const RADIUS = 5.5;
const LABEL_PX = 10;

export class TrackEditor extends EventTarget {
  #target;
  #points;
  #durationMs;
  #range;
  #svg;
  #output;
  #chosen = -1;
  #circles = [];

  // target: as the API lists it; curve: [[ms, value], ...]; range: the smallest and largest value.
  constructor(target, curve, durationMs, range) {
    super();
    this.#target = target;
    this.#points = curve.map(([ms, value]) => ({ ms, value }));
    this.#durationMs = durationMs;
    this.#range = range;
    this.element = this.#build();
    this.#draw();
  }

  get track() {
    return { target: this.#target.name, curve: this.#points.map(({ ms, value }) => [ms, value]) };
  }

  get targetName() { return this.#target.name; }

  // Stretches the curve to another length.
  stretch(durationMs) {
    const factor = durationMs / this.#durationMs;
    this.#durationMs = durationMs;
    let last = -1;
    for (const point of this.#points) {
      point.ms = last = Math.max(last + 1, Math.round(point.ms * factor));
    }
    for (let n = this.#points.length - 1, most = durationMs; n >= 0; n -= 1, most -= 1) this.#points[n].ms = Math.min(this.#points[n].ms, most);
    this.#draw();
  }

  set range(range) {
    this.#range = range;
    for (const point of this.#points) point.value = clamp(point.value, ...range);
    this.#draw();
  }

  // Where the avatar is in it; null: nowhere.
  set head(ms) {
    const head = this.#svg.querySelector(".head");
    head.classList.toggle("on", ms !== null);
    if (ms === null) return;
    const x = this.#x(Math.min(ms, this.#durationMs));
    head.setAttribute("x1", x);
    head.setAttribute("x2", x);
  }

  #build() {
    const box = Object.assign(document.createElement("section"), { className: "track" });
    const header = document.createElement("header");
    const name = Object.assign(document.createElement("b"), { textContent: nameOf(this.#target.name, { whole: true }), title: this.#target.name });
    this.#output = document.createElement("output");
    const remove = Object.assign(document.createElement("button"), { type: "button", textContent: "Remove" });
    remove.setAttribute("aria-label", `Remove the track ${name.textContent}`);
    remove.addEventListener("click", () => this.dispatchEvent(new CustomEvent("remove")));
    header.append(name, this.#output, remove);
    this.#svg = make("svg", { preserveAspectRatio: "none", role: "group", "aria-label": `Curve of ${name.textContent}` });
    this.#svg.addEventListener("dblclick", (event) => this.#add(event));
    new ResizeObserver(() => this.#draw()).observe(this.#svg);
    box.append(header, this.#svg);
    return box;
  }

  get #width() { return this.#svg.clientWidth || WIDTH; }

  #x(ms) { return PAD + (ms / this.#durationMs) * (this.#width - 2 * PAD); }

  #y(value) {
    const [low, high] = this.#range;
    return HEIGHT - PAD - ((value - low) / (high - low)) * (HEIGHT - 2 * PAD);
  }

  #at(event) {
    const { left, top } = this.#svg.getBoundingClientRect();
    const [low, high] = this.#range;
    const ms = ((event.clientX - left - PAD) / (this.#width - 2 * PAD)) * this.#durationMs;
    const value = low + ((HEIGHT - PAD - (event.clientY - top)) / (HEIGHT - 2 * PAD)) * (high - low);
    return { ms: clamp(Math.round(ms / 10) * 10, 0, this.#durationMs), value: this.#rounded(value) };
  }

  #rounded(value) {
    const [low, high] = this.#range;
    const digits = high - low > 20 ? 0 : 2;
    return clamp(Number(value.toFixed(digits)), low, high);
  }

  #draw() {
    const width = this.#width;
    const [low, high] = this.#range;
    this.#svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    const rest = this.#y(clamp(0, low, high));
    const line = this.#points.map(({ ms, value }) => `${this.#x(ms)},${this.#y(value)}`);
    const [first, last] = [this.#points[0], this.#points.at(-1)];
    const whole = [`${PAD},${this.#y(first.value)}`, ...line, `${width - PAD},${this.#y(last.value)}`];
    const text = (value, y) => Object.assign(make("text", { class: "scale", x: 3, y }), { textContent: Number(value.toFixed(2)) });
    this.#svg.replaceChildren(
      make("rect", { class: "ground", width, height: HEIGHT, rx: 8 }),
      ...this.#grid(),
      make("line", { class: "rest", x1: PAD, x2: width - PAD, y1: rest, y2: rest }),
      make("polygon", { class: "area", points: [`${PAD},${rest}`, ...whole, `${width - PAD},${rest}`].join(" ") }),
      make("polyline", { class: "curve", points: whole.join(" ") }),
      text(high, PAD), text(low, HEIGHT - 2),
      make("line", { class: "head", y1: 0, y2: HEIGHT }),
    );
    this.#circles = this.#points.map((_, index) => this.#circle(index));
    this.#svg.append(...this.#circles);
    this.#describe();
  }

  // A line each 100, 250, 500 or 1000 ms, whichever leaves room for the numbers.
  #grid() {
    const step = [100, 250, 500, 1000, 5000, 10_000].find((ms) => this.#x(ms) - PAD > 56) ?? 30_000;
    const lines = [];
    for (let ms = step; ms < this.#durationMs; ms += step) {
      const x = this.#x(ms);
      lines.push(make("line", { class: "grid", x1: x, x2: x, y1: 0, y2: HEIGHT }));
      lines.push(Object.assign(make("text", { class: "scale", x: x + 3, y: HEIGHT - 2 }), { textContent: ms >= LABEL_PX * 100 ? `${ms / 1000} s` : ms }));
    }
    return lines;
  }

  #circle(index) {
    const { ms, value } = this.#points[index];
    const circle = make("circle", { cx: this.#x(ms), cy: this.#y(value), r: RADIUS, tabindex: 0, role: "slider", "aria-label": `Point ${index + 1}`, "aria-valuetext": `${ms} ms, ${value}` });
    circle.classList.toggle("chosen", index === this.#chosen);
    circle.addEventListener("pointerdown", (event) => this.#grab(event, index));
    circle.addEventListener("dblclick", (event) => event.stopPropagation());
    circle.addEventListener("focus", () => this.#choose(index));
    circle.addEventListener("keydown", (event) => this.#key(event, index));
    return circle;
  }

  #choose(index) {
    this.#chosen = index;
    for (const [n, circle] of this.#circles.entries()) circle.classList.toggle("chosen", n === index);
    this.#describe();
  }

  #describe() {
    const point = this.#points[this.#chosen];
    this.#output.textContent = point ? `${point.ms} ms, ${point.value}` : "";
  }

  #grab(event, index) {
    event.preventDefault();
    this.#choose(index);
    const move = (moved) => {
      this.#place(index, this.#at(moved));
      this.#draw();
    };
    const end = () => {
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", end);
      removeEventListener("pointercancel", end);
      this.#changed();
      // Only now: the change has drawn the circles anew, and keys go to the one that has the focus.
      this.#circles[index]?.focus({ preventScroll: true });
    };
    // On the window: the circle itself is drawn anew while it moves.
    addEventListener("pointermove", move);
    addEventListener("pointerup", end);
    addEventListener("pointercancel", end);
  }

  // Between its neighbours, which it cannot pass.
  #place(index, { ms, value }) {
    const least = index ? this.#points[index - 1].ms + 1 : 0;
    const most = index < this.#points.length - 1 ? this.#points[index + 1].ms - 1 : this.#durationMs;
    this.#points[index] = { ms: clamp(ms, least, most), value: this.#rounded(value) };
  }

  #add(event) {
    const point = this.#at(event);
    if (this.#points.some(({ ms }) => ms === point.ms)) return;
    this.#points.push(point);
    this.#points.sort((one, other) => one.ms - other.ms);
    this.#chosen = this.#points.indexOf(point);
    this.#changed();
    this.#circles[this.#chosen].focus({ preventScroll: true });
  }

  #key(event, index) {
    const { ms, value } = this.#points[index];
    const step = (this.#range[1] - this.#range[0]) / 50;
    const moves = { ArrowLeft: [-10, 0], ArrowRight: [10, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    if (moves[event.key]) this.#place(index, { ms: ms + moves[event.key][0], value: value + moves[event.key][1] });
    else if (["Delete", "Backspace"].includes(event.key) && this.#points.length > 1) this.#points.splice(index, 1);
    else return;
    event.preventDefault();
    this.#chosen = Math.min(index, this.#points.length - 1);
    this.#changed();
    this.#circles[this.#chosen].focus({ preventScroll: true });
  }

  #changed() {
    this.#draw();
    this.dispatchEvent(new CustomEvent("change"));
  }
}

function make(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function clamp(value, low, high) { return Math.min(high, Math.max(low, value)); }
