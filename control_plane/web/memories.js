// What the avatar remembers of whoever uses this browser: asked for, shown, deleted.
//
// Nobody is remembered who has not said so. Then this browser keeps a name of random digits, which
// nobody else knows: with it the server tells what is remembered, and to nobody without it.
//
// Emits: person (the name to begin sessions with from now on; empty: none).

const KEY = "capsulecast-user"; // remembered in this browser alone
const AFTER_STORED_MS = 400; // several messages may come at once
const TELL = { day: "numeric", month: "long", year: "numeric" };

export class Memories extends EventTarget {
  #panel;
  #timer = null;
  #asked = 0;
  #sure = false;

  constructor(panel) {
    super();
    this.#panel = panel;
    this.#switch.checked = Boolean(this.person);
    this.#switch.addEventListener("change", () => (this.#switch.checked ? this.#begin() : this.#end()));
    this.#all.addEventListener("click", () => this.#forgetAll());
    this.#all.addEventListener("blur", () => this.#ask(false));
    panel.addEventListener("toggle", () => this.#show());
    this.#fit();
  }

  // What the server is to call the user; empty: they are not to be remembered.
  get person() { return localStorage.getItem(KEY) ?? ""; }

  // Something was stored, of which a memory may have been made.
  stored() {
    if (!this.#panel.open || this.#timer) return;
    this.#timer = setTimeout(() => { this.#timer = null; this.#show(); }, AFTER_STORED_MS);
  }

  get #switch() { return this.#panel.querySelector("[type=checkbox]"); }
  get #list() { return this.#panel.querySelector("ul"); }
  get #all() { return this.#panel.querySelector(".all"); }

  #begin() {
    const digits = crypto.getRandomValues(new Uint8Array(16));
    localStorage.setItem(KEY, `page-${[...digits].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`);
    this.#told();
    this.#show();
  }

  // Not to be remembered any more: what is remembered goes first, for nobody could reach it later.
  async #end() {
    if (!(await this.#try(() => call(this.person, "DELETE")))) {
      this.#switch.checked = true;
      return;
    }
    localStorage.removeItem(KEY);
    this.#told();
    this.#show();
  }

  #told() { this.dispatchEvent(new CustomEvent("person", { detail: this.person })); }

  async #show() {
    this.#fit();
    if (!this.#panel.open || !this.person) return;
    const asked = ++this.#asked;
    await this.#try(async () => {
      const { memories } = await call(this.person, "GET");
      if (asked !== this.#asked || !this.person) return;
      this.#list.replaceChildren(...memories.map((memory) => this.#item(memory)));
      this.#fit();
    });
  }

  #item({ id, text, said, createdAt }) {
    const item = document.createElement("li");
    const words = document.createElement("span");
    words.textContent = text;
    words.title = `“${said}”, ${new Date(createdAt).toLocaleDateString(undefined, TELL)}`;
    const button = document.createElement("button");
    button.type = "button";
    button.title = "Forget this";
    button.setAttribute("aria-label", `Forget: ${text}`);
    button.append(this.#panel.querySelector("template").content.cloneNode(true));
    button.addEventListener("click", () => this.#forget(item, id));
    item.append(words, button);
    return item;
  }

  async #forget(item, id) {
    const next = item.nextElementSibling ?? item.previousElementSibling;
    if (!(await this.#try(() => call(this.person, "DELETE", `/${id}`)))) return;
    const focused = item.contains(document.activeElement);
    item.remove();
    if (focused) (next?.querySelector("button") ?? this.#switch).focus();
    this.#fit();
  }

  async #forgetAll() {
    if (!this.#sure) {
      this.#ask(true);
      return;
    }
    this.#ask(false);
    if (!(await this.#try(() => call(this.person, "DELETE")))) return;
    this.#list.replaceChildren();
    this.#fit();
    this.#switch.focus();
  }

  // A second click means it.
  #ask(sure) {
    this.#sure = sure;
    this.#all.textContent = sure ? "Really forget everything?" : "Forget everything";
    this.#all.classList.toggle("sure", sure);
  }

  #fit() {
    const on = Boolean(this.person);
    if (!on) this.#list.replaceChildren();
    const some = this.#list.children.length > 0;
    this.#list.hidden = !some;
    this.#all.hidden = !some;
    this.#panel.querySelector(".empty").hidden = !on || some;
    this.#panel.querySelector(".off").hidden = on;
  }

  // Whether it worked; what did not is told.
  async #try(what) {
    const state = this.#panel.querySelector("[role=status]");
    try {
      await what();
      state.textContent = "";
      return true;
    } catch (error) {
      state.textContent = error.message;
      return false;
    }
  }
}

async function call(person, method, path = "") {
  const answer = await fetch(`api/me/memories${path}`, { method, headers: { Authorization: `Bearer ${person}` } });
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(content.error?.message ?? `The server answered ${answer.status}.`);
  return content;
}
