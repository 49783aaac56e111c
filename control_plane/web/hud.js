// The measurements below the picture. Everything shown is measured: here, or by the server (stages).

const REFRESH_MS = 500;

export class Hud {
  #root;
  #video;
  #session;
  #clock;
  #stored = 0;

  constructor(root, video, session, clock) {
    this.#root = root;
    this.#video = video;
    this.#session = session;
    this.#clock = clock;
    setInterval(() => this.#root.open && this.#refresh(), REFRESH_MS);
  }

  showPacket(packet) {
    if (!this.#root.open) return;
    const count = packet.blends?.length ?? 0;
    this.#set("packet", `#${packet.sequence}: ${count} capsule${count === 1 ? "" : "s"}`);
  }

  // A message is in the server's database: no crash loses it any more.
  showStored() {
    const count = ++this.#stored;
    this.#set("stored", `✓ ${count} message${count === 1 ? "" : "s"}`);
  }

  showStats({ stages = {}, capsules = [], cache, featuresOff = [] }) {
    if (!this.#root.open) return;
    this.#set("features", featuresOff.length ? featuresOff.map(spaced).join(", ") : "nothing");
    const times = ["drawList", "render", "encode"].map((stage) => stages[stage]?.p50);
    this.#set("stages", times.map((ms) => (ms === undefined ? "–" : ms.toFixed(1))).join(", ") + " ms (p50)");
    if (cache) this.#set("cache", cacheText(cache));
    // A capsule that cross-fades with itself is one to a reader.
    const active = new Map();
    for (const { cid, name, weight } of capsules) {
      active.set(cid, { cid, name, weight: weight + (active.get(cid)?.weight ?? 0) });
    }
    const tags = [...active.values()].map(({ cid, name, weight }) => {
      const tag = document.createElement("span");
      tag.title = `${cid}: ${name}`;
      tag.textContent = `${(name || cid).split(":")[0]} ${weight.toFixed(2)}`;
      return tag;
    });
    document.getElementById("hud-capsules").replaceChildren(...(tags.length ? tags : ["none: idle"]));
  }

  async #refresh() {
    const times = this.#clock.summary;
    if (times) {
      this.#set("latency", `${times.last.toFixed(0)} ms (p50 ${times.p50.toFixed(0)}, p99 ${times.p99.toFixed(0)}, n ${times.n})`);
    }
    this.#set("fps", `${this.#clock.framesPerSecond} a second`);
    this.#set("size", `${this.#video.videoWidth} × ${this.#video.videoHeight}`);
    const report = await this.#session.peer?.getStats().catch(() => null);
    report?.forEach((entry) => {
      if (entry.type !== "inbound-rtp" || entry.kind !== "video") return;
      const codec = report.get(entry.codecId);
      this.#set("codec", `${codec?.mimeType?.replace("video/", "") ?? "–"}, ${entry.framesDropped ?? 0} dropped`);
    });
  }

  #set(name, text) { document.getElementById(`hud-${name}`).textContent = text; }
}

// vectorBlending as people read it.
function spaced(name) { return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`); }

// All sessions of the server share the cache.
function cacheText({ hits, misses, evictions, residentBytes, budgetBytes, uploadMs, short }) {
  const megabytes = (bytes) => (bytes / 1e6).toFixed(0);
  const asked = hits + misses;
  const share = asked ? `${((100 * hits) / asked).toFixed(1)} % hits, ` : "";
  const room = `${megabytes(residentBytes)} of ${megabytes(budgetBytes)} MB`;
  return `${share}${evictions} evicted, ${room}, ${uploadMs.toFixed(0)} ms of uploads${short ? ", too small" : ""}`;
}
