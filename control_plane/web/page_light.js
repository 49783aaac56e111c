// The colours of the page around the picture, told to the session when they change, so that the
// avatar stands in the page's light. Looks at most ten times a second. Only plain background
// colours count: pictures and gradients are not seen.

const APART_MS = 100;
const DISTANCE_PX = 16;

export class PageLight {
  #frame;
  #report;
  #pen = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  #told = "";
  #timer = null;

  // `report` gets {left, right, above, below} as 0xRRGGBB and returns whether it could be sent.
  constructor(frame, report) {
    this.#frame = frame;
    this.#report = report;
    const look = () => this.#soon();
    addEventListener("resize", look);
    addEventListener("scroll", look, { passive: true, capture: true });
    document.addEventListener("transitionend", look);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", look);
    const themes = new MutationObserver(look);
    for (const node of [document.documentElement, document.body]) themes.observe(node, { attributes: true });
  }

  // The session knows nothing yet.
  begin() {
    this.#told = "";
    this.#soon();
  }

  #soon() {
    this.#timer ??= setTimeout(() => { this.#timer = null; this.#look(); }, APART_MS);
  }

  #look() {
    const { left, right, top, bottom } = this.#frame.getBoundingClientRect();
    const middle = [(left + right) / 2, (top + bottom) / 2];
    const colours = {
      left: this.#colourAt(left - DISTANCE_PX, middle[1]),
      right: this.#colourAt(right + DISTANCE_PX, middle[1]),
      above: this.#colourAt(middle[0], top - DISTANCE_PX),
      below: this.#colourAt(middle[0], bottom + DISTANCE_PX),
    };
    const text = JSON.stringify(colours);
    if (text !== this.#told && this.#report(colours)) this.#told = text;
  }

  // What is seen there: the backgrounds from the page up to the topmost element, painted in turn.
  #colourAt(x, y) {
    const inside = (value, size) => Math.min(Math.max(value, 0), size - 1);
    const place = [inside(x, innerWidth), inside(y, innerHeight)];
    const stack = document.elementsFromPoint(...place).filter((node) => !this.#frame.contains(node));
    this.#pen.fillStyle = "Canvas";
    this.#pen.fillRect(0, 0, 1, 1);
    for (const node of [document.documentElement, ...stack.reverse()]) {
      this.#pen.fillStyle = getComputedStyle(node).backgroundColor;
      this.#pen.fillRect(0, 0, 1, 1);
    }
    const [red, green, blue] = this.#pen.getImageData(0, 0, 1, 1).data;
    return red * 65536 + green * 256 + blue;
  }
}
