// A slider for every movement of the avatar that is seen, by group.
//
// Emits: pose ([{target, value}] to hold), capsule ([{target, value}] to make one of).

import { GROUP_NAMES, groupOf, nameOf, otherSide } from "./target_names.js";

const WIDE = 20; // a range from which on whole numbers do
const UNSEEN = new Set(["voice", "tempo"]);
// What is opposite for the other side: towards the middle, and turns.
const MIRRORED = /^hand(Left|Right)\.(x|rotate)$/;
const element = (id) => document.getElementById(id);

export class ShapeTool extends EventTarget {
  #knobs = new Map();

  constructor() {
    super();
    element("shape-search").addEventListener("input", () => this.#find());
    element("shape-still").addEventListener("change", () => this.#tell());
    element("shape-reset").addEventListener("click", () => this.reset());
    element("shape-capsule").addEventListener("click", () =>
      this.dispatchEvent(new CustomEvent("capsule", { detail: this.#moved() })));
  }

  // Offers what this avatar can do; what was moved before stays so where it can.
  offer(targets, bases) {
    const before = new Map(this.#moved().map(({ target, value }) => [target, value]));
    const known = new Set(bases);
    const hands = ["handLeft", "handRight"].filter((part) => bases.some((name) => name.startsWith(part)));
    const offered = targets.filter(({ name, kind }) => {
      if (kind === "basis") return known.has(name);
      if (kind === "transform") return hands.includes(name.split(".")[0]);
      return !UNSEEN.has(kind);
    });
    this.#knobs = new Map(offered.map((target) => [target.name, knob(target)]));
    for (const [name, { target, input }] of this.#knobs) {
      if (before.has(name)) input.value = before.get(name);
      input.addEventListener("input", () => this.#slid(name));
      const reset = () => { input.value = target.rest; this.#slid(name); };
      input.addEventListener("dblclick", reset);
      this.#knobs.get(name).output.addEventListener("click", reset);
    }
    const opened = new Set([...document.querySelectorAll(".shape[open]")].map(({ dataset }) => dataset.group));
    const groups = GROUP_NAMES.map((name) => this.#group(name)).filter(Boolean);
    element("shape-groups").replaceChildren(...groups);
    for (const [index, group] of groups.entries()) group.open = opened.size ? opened.has(group.dataset.group) : index === 0;
    this.#find();
    this.#tell();
  }

  reset() {
    for (const { target, input } of this.#knobs.values()) input.value = target.rest;
    this.#tell();
  }

  #group(name) {
    const knobs = [...this.#knobs.values()].filter(({ target }) => groupOf(target.name) === name);
    if (!knobs.length) return null;
    const group = document.createElement("details");
    group.className = "shape";
    group.dataset.group = name;
    const summary = document.createElement("summary");
    const count = Object.assign(document.createElement("span"), { className: "count" });
    const reset = Object.assign(document.createElement("button"), { type: "button", className: "quiet", textContent: "Reset", hidden: true });
    reset.addEventListener("click", (event) => {
      event.preventDefault();
      for (const { target, input } of knobs) input.value = target.rest;
      this.#tell();
    });
    summary.append(name, count, reset);
    const list = Object.assign(document.createElement("div"), { className: "knobs" });
    list.append(...knobs.map(({ row }) => row));
    group.append(summary, list);
    return group;
  }

  #slid(name) {
    const other = otherSide(name);
    if (element("shape-mirror").checked && this.#knobs.has(other)) {
      const { input } = this.#knobs.get(name);
      this.#knobs.get(other).input.value = MIRRORED.test(name) ? -input.value : input.value;
    }
    this.#tell();
  }

  #moved() {
    return [...this.#knobs.values()]
      .filter(({ target, input }) => Math.abs(input.value - target.rest) > 1e-6)
      .map(({ target, input }) => ({ target: target.name, value: Number(input.value) }));
  }

  #tell() {
    const moved = this.#moved();
    const names = new Set(moved.map(({ target }) => target));
    for (const [name, { row, input, output, target }] of this.#knobs) {
      row.classList.toggle("moved", names.has(name));
      output.textContent = Number(input.value).toFixed(target.maximum - target.minimum > WIDE ? 0 : 2);
    }
    for (const group of document.querySelectorAll(".shape")) {
      const count = group.querySelectorAll(".moved").length;
      group.querySelector(".count").textContent = count || "";
      group.querySelector("summary button").hidden = !count;
    }
    element("shape-count").textContent = moved.length ? `${moved.length} moved.` : "Nothing is moved.";
    element("shape-reset").disabled = element("shape-capsule").disabled = !moved.length;
    const held = element("shape-still").checked
      ? [...this.#knobs.values()].map(({ target, input }) => ({ target: target.name, value: Number(input.value) }))
      : moved;
    this.dispatchEvent(new CustomEvent("pose", { detail: held }));
  }

  #find() {
    const words = element("shape-search").value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const group of document.querySelectorAll(".shape")) {
      let found = 0;
      for (const row of group.querySelectorAll(".slider")) {
        row.hidden = !words.every((word) => row.dataset.words.includes(word));
        found += !row.hidden;
      }
      group.hidden = !found;
      if (words.length && found) group.open = true;
    }
  }
}

function knob(target) {
  const row = Object.assign(document.createElement("div"), { className: "slider" });
  const id = `knob-${target.name}`;
  const label = Object.assign(document.createElement("label"), { htmlFor: id, textContent: nameOf(target.name), title: target.name });
  const output = Object.assign(document.createElement("span"), { title: "Back to rest" });
  const input = Object.assign(document.createElement("input"), {
    type: "range", id, min: target.minimum, max: target.maximum, step: target.maximum - target.minimum > WIDE ? 1 : 0.01, value: target.rest,
  });
  input.setAttribute("aria-label", nameOf(target.name, { whole: true }));
  row.dataset.words = `${target.name} ${nameOf(target.name, { whole: true })} ${groupOf(target.name)}`.toLowerCase();
  row.append(label, output, input);
  return { target, row, input, output };
}
