// One live session: the HTTP calls that make it, the WebRTC connection, and its coming back.
//
// Emits: session (what the server made), state (connecting | live | lost), sent {sequence, time},
// fault (text), and every message of the `events` data channel under its own name: packet, mood,
// speech, rejection, stats, frame.

const RETRY_MS = [300, 700, 1500, 3000, 5000];
const FIRST_PICTURE_MS = 10_000;

export class LiveSession extends EventTarget {
  #video;
  #options;
  #id = null;
  #peer = null;
  #channel = null;
  #sequence = 0;
  #attempt = 0;
  #timer = null;
  #watchdog = null;
  #closed = false;

  constructor(video, options) {
    super();
    this.#video = video;
    this.#options = options;
    addEventListener("online", () => this.#retryNow());
    document.addEventListener("visibilitychange", () => document.hidden || this.#retryNow());
  }

  get id() { return this.#id; }
  get peer() { return this.#peer; }

  // Connects; after a failure it tries again by itself, for ever, ever more slowly.
  async open() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#emit("state", this.#attempt ? "lost" : "connecting");
    try {
      if (!this.#id) await this.#create();
      await this.#connect();
    } catch (error) {
      if (error instanceof AnswerError && error.status < 500 && error.status !== 404 && !this.#attempt) {
        this.#emit("fault", error.message);
      }
      if (error instanceof AnswerError && [404, 409, 410].includes(error.status)) this.#id = null;
      this.#retry();
    }
  }

  // Sends one event; false where there is no connection (the event is not kept).
  send(kind) {
    if (this.#channel?.readyState !== "open") return false;
    const sequence = ++this.#sequence;
    this.#channel.send(JSON.stringify({ event: { sequence, ...kind } }));
    this.#emit("sent", { sequence, time: performance.now() });
    return true;
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#drop();
    if (this.#id) fetch(`api/sessions/${this.#id}`, { method: "DELETE", keepalive: true }).catch(() => {});
    this.#id = null;
  }

  async #create() {
    const session = await post("api/sessions", this.#options);
    this.#id = session.id;
    this.#emit("session", session);
    this.#sequence = 0;
  }

  async #connect() {
    this.#drop();
    const peer = this.#peer = new RTCPeerConnection();
    const stream = new MediaStream();
    peer.addTransceiver("video", { direction: "recvonly" });
    peer.addTransceiver("audio", { direction: "recvonly" });
    this.#listen(peer.createDataChannel("events", { ordered: true }));
    peer.addEventListener("track", ({ track, receiver }) => {
      receiver.jitterBufferTarget = 0;
      stream.addTrack(track);
      this.#video.srcObject = stream;
    });
    peer.addEventListener("connectionstatechange", () => {
      if (peer !== this.#peer) return;
      if (["failed", "closed", "disconnected"].includes(peer.connectionState)) this.#retry();
    });
    this.#video.requestVideoFrameCallback(() => {
      if (peer !== this.#peer) return;
      clearTimeout(this.#watchdog);
      this.#attempt = 0;
      this.#emit("state", "live");
    });
    this.#watchdog = setTimeout(() => this.#retry(), FIRST_PICTURE_MS);
    await peer.setLocalDescription();
    await gathered(peer);
    const { type, sdp } = peer.localDescription;
    await peer.setRemoteDescription(await post(`api/sessions/${this.#id}/offer`, { type, sdp }));
  }

  #listen(channel) {
    this.#channel = channel;
    channel.addEventListener("message", ({ data }) => {
      for (const [name, detail] of Object.entries(JSON.parse(data))) this.#emit(name, detail);
    });
    channel.addEventListener("close", () => channel === this.#channel && this.#retry());
  }

  #drop() {
    clearTimeout(this.#watchdog);
    const peer = this.#peer;
    this.#peer = this.#channel = null;
    peer?.close();
  }

  #retry() {
    if (this.#closed || this.#timer !== null) return;
    this.#drop();
    this.#emit("state", "lost");
    const pause = RETRY_MS[Math.min(this.#attempt++, RETRY_MS.length - 1)];
    this.#timer = setTimeout(() => this.open(), pause);
  }

  #retryNow() {
    if (this.#timer !== null && !this.#closed) this.open();
  }

  #emit(name, detail) { this.dispatchEvent(new CustomEvent(name, { detail })); }
}

class AnswerError extends Error {
  constructor(status, message) { super(message); this.status = status; }
}

async function post(path, body) {
  const answer = await fetch(path, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  });
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new AnswerError(answer.status, content.error?.message ?? `the server answered ${answer.status}`);
  return content;
}

// Resolves when all ICE candidates are in the local description: the server takes no later ones.
function gathered(peer) {
  if (peer.iceGatheringState === "complete") return Promise.resolve();
  return new Promise((resolve) => {
    peer.addEventListener("icegatheringstatechange", () => peer.iceGatheringState === "complete" && resolve());
    setTimeout(resolve, 1000);
  });
}
