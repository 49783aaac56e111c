// All capsules and expressions as a contact sheet: each with a picture of the avatar at its height,
// which the server draws when it comes into view. A card plays what it shows.
//
// Emits: play ({id, lengthMs, layer}), edit (cid).

const LAYERS = [
  ["EXPRESSION", "Expressions"], ["LAYER_FACE", "Faces"], ["LAYER_HAND", "Hands"], ["LAYER_BODY", "Body"],
  ["LAYER_VOICE", "Voices"], ["LAYER_CAMERA", "Camera"], ["LAYER_LIGHT", "Light"], ["LAYER_TEMPO", "Tempo"],
  ["LAYER_ENVIRONMENT", "Around"],
];
const UNSEEN = new Set(["LAYER_VOICE", "LAYER_TEMPO"]);
const EXPRESSION_MS = 2500;
const SIDE_PX = 192;
const PLAYING_MS = 900;
const CARDS = 120;
const element = (id) => document.getElementById(id);

export class CapsuleSheet extends EventTarget {
  #items = [];
  #layer = LAYERS[0][0];
  #avatar = "";
  #stamp = 0;
  #left = []; // what is found, but has no card yet
  #end = new IntersectionObserver((seen) => {
    if (!seen.some(({ isIntersecting }) => isIntersecting)) return;
    this.#end.disconnect();
    this.#more();
  });

  constructor() {
    super();
    const buttons = LAYERS.map(([layer, name]) => {
      const button = Object.assign(document.createElement("button"), { type: "button", role: "radio", textContent: name });
      button.ariaChecked = String(layer === this.#layer);
      button.addEventListener("click", () => {
        this.#layer = layer;
        for (const other of buttons) other.ariaChecked = String(other === button);
        this.#show();
      });
      return button;
    });
    element("layers").append(...buttons);
    element("capsule-search").addEventListener("input", () => this.#show());
  }

  // What there is: capsules and expressions as the API lists them.
  offer(capsules, expressions) {
    const lengths = new Map(capsules.map(({ cid, durationMs }) => [cid, durationMs]));
    this.#items = [
      ...expressions.map(({ id, name, description, cids, bar, barReason }) => ({
        id, title: name.replaceAll("_", " "), description, layer: "EXPRESSION", editable: false,
        barred: barWords(bar, barReason),
        lengthMs: Math.max(EXPRESSION_MS, ...cids.map((cid) => lengths.get(cid) ?? 0)),
      })),
      ...capsules.map(({ cid, description, layer, durationMs, targets, bar, barReason }) => ({
        id: cid, title: description, description, layer, lengthMs: durationMs, editable: targets.length > 0,
        barred: barWords(bar, barReason),
      })),
    ];
    this.#show();
  }

  // Who is shown; `stamp` differs for another of the same name, so that its pictures are asked for.
  set avatar([name, stamp]) {
    this.#avatar = name;
    this.#stamp = stamp;
    this.#show();
  }

  #show() {
    const words = element("capsule-search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const matches = ({ id, title, description }) => words.every((word) => `${id} ${title} ${description}`.toLowerCase().includes(word));
    // A search goes through all layers; those of the chosen one come first.
    const wanted = this.#items.filter((item) => (words.length || item.layer === this.#layer) && matches(item));
    const found = [...wanted.filter(({ layer }) => layer === this.#layer), ...wanted.filter(({ layer }) => layer !== this.#layer)];
    element("capsule-count").textContent = `${found.length}`;
    element("layers").classList.toggle("all", words.length > 0);
    this.#left = found;
    this.#end.disconnect();
    element("sheet").replaceChildren();
    this.#more();
  }

  // Cards are made as far as the sheet is scrolled: a library may hold ten thousand.
  #more() {
    element("sheet").append(...this.#left.splice(0, CARDS).map((item) => this.#card(item)));
    if (this.#left.length) this.#end.observe(element("sheet").lastElementChild);
  }

  #card(item) {
    const place = document.createElement("li");
    const card = Object.assign(document.createElement("button"), { type: "button", className: "card", title: item.description });
    const title = Object.assign(document.createElement("b"), { textContent: item.title });
    const layer = item.layer === this.#layer ? "" : ` \u00b7 ${LAYERS.find(([name]) => name === item.layer)?.[1]}`;
    const id = Object.assign(document.createElement("small"), { textContent: `${item.id}${layer}` });
    card.append(this.#picture(item), title, id);
    if (item.barred) {
      card.disabled = true;
      card.append(Object.assign(document.createElement("small"), { className: "barred", textContent: item.barred }));
    }
    card.addEventListener("click", () => {
      card.classList.add("playing");
      setTimeout(() => card.classList.remove("playing"), PLAYING_MS);
      this.dispatchEvent(new CustomEvent("play", { detail: item }));
    });
    place.append(card);
    if (item.editable) {
      const edit = Object.assign(document.createElement("button"), { type: "button", className: "edit", textContent: "Curves" });
      edit.setAttribute("aria-label", `Edit the curves of ${item.title}`);
      edit.addEventListener("click", () => this.dispatchEvent(new CustomEvent("edit", { detail: item.id })));
      place.append(edit);
    }
    return place;
  }

  #picture({ id, layer }) {
    if (!UNSEEN.has(layer) && this.#avatar) {
      const picture = Object.assign(document.createElement("img"), { loading: "lazy", decoding: "async", alt: "", width: SIDE_PX, height: SIDE_PX });
      picture.src = `api/avatars/${this.#avatar}/capsules/${id}.png?side=${SIDE_PX}&of=${this.#stamp}`;
      return picture;
    }
    const blank = Object.assign(document.createElement("span"), { className: "blank" });
    blank.innerHTML = layer === "LAYER_VOICE"
      ? '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M4 10.5v3M8 7.5v9M12 5v14M16 8.5v7M20 10.5v3"/></svg>'
      : '<svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="13" r="7"/><path d="M12 13l3-3M10 3h4"/></svg>';
    return blank;
  }
}

// Why something may not be played; empty: it may be.
function barWords(bar, reason) {
  if (bar === "BAR_REVOKED") return reason ? `revoked: ${reason}` : "revoked";
  return { BAR_LIBRARY: "revoked by its file", BAR_WHITELIST: "not on the whitelist" }[bar] ?? "";
}
