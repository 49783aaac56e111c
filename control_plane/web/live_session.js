// One live session: the HTTP calls that make it, the WebRTC connection, and its coming back.
//
// Emits: session (what the server made), state (connecting | live | lost | failed), open (events can
// be sent from now on), sent {sequence, time}, fault (text), and every message of the `events` data
// channel under its own name: packet, mood, speech, rejection, lag, stored,
// stats, frame.

const RETRY_MS = [300, 700, 1500, 3000, 5000];
const FIRST_PICTURE_MS = 10_000;
const ANSWER_MS = 10_000;
const GATHER_MS = 1_000;
// The server's session is gone, or it has no room just now: worth another try.
const PASSING = new Set([404, 408, 409, 410, 429]);

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
  #opening = null; // aborts what the current attempt still waits for; a later attempt has its own
  #open = false;

  constructor(video, options) {
    super();
    this.#video = video;
    this.#options = options;
    addEventListener("online", () => this.#retryNow());
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) clearTimeout(this.#watchdog);
      else this.#retryNow();
    });
  }

  get id() { return this.#id; }
  get peer() { return this.#peer; }

  // Connects; after a failure that may pass it tries again by itself, ever more slowly.
  async open() {
    this.#open = true;
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#drop();
    const { signal } = this.#opening = new AbortController();
    this.#emit("state", this.#attempt ? "lost" : "connecting");
    try {
      if (!window.RTCPeerConnection) throw new AnswerError(400, "This browser has no WebRTC.");
      if (!this.#id) await this.#create(signal);
      await this.#connect(signal);
    } catch (error) {
      if (!signal.aborted) this.#failed(error);
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

  // Ends the session on the server too; `open` makes a new one.
  close() {
    this.#open = false;
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#drop();
    if (this.#id) fetch(`api/sessions/${this.#id}`, { method: "DELETE", keepalive: true }).catch(() => {});
    this.#id = null;
    this.#attempt = 0;
    this.#emit("state", "lost");
  }

  async #create(signal) {
    const session = await post("api/sessions", this.#options, signal);
    this.#id = session.id;
    this.#sequence = 0;
    this.#emit("session", session);
  }

  async #connect(signal) {
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
      if (peer.connectionState === "connected") this.#awaitPicture(peer);
    });
    await peer.setLocalDescription();
    await gathered(peer);
    const { type, sdp } = peer.localDescription;
    const answer = await post(`api/sessions/${this.#id}/offer`, { type, sdp }, signal);
    if (peer === this.#peer) await peer.setRemoteDescription(answer);
  }

  // A page in the background is shown no pictures: there a connection counts as live without one.
  #awaitPicture(peer) {
    const live = () => {
      if (peer !== this.#peer) return;
      clearTimeout(this.#watchdog);
      this.#attempt = 0;
      this.#emit("state", "live");
    };
    if (document.hidden) {
      live();
      return;
    }
    this.#video.requestVideoFrameCallback(live);
    this.#watchdog = setTimeout(() => peer === this.#peer && this.#retry(), FIRST_PICTURE_MS);
  }

  #listen(channel) {
    this.#channel = channel;
    channel.addEventListener("message", ({ data }) => {
      for (const [name, detail] of Object.entries(JSON.parse(data))) this.#emit(name, detail);
    });
    channel.addEventListener("open", () => channel === this.#channel && this.#emit("open"));
    channel.addEventListener("close", () => channel === this.#channel && this.#retry());
  }

  #drop() {
    this.#opening?.abort();
    clearTimeout(this.#watchdog);
    const peer = this.#peer;
    this.#peer = this.#channel = null;
    peer?.close();
  }

  #failed(error) {
    const refused = error instanceof AnswerError && error.status < 500;
    if (refused && !PASSING.has(error.status)) {
      this.#drop();
      this.#emit("fault", error.message);
      this.#emit("state", "failed");
      return;
    }
    if (refused && error.status !== 429) this.#id = null;
    this.#retry();
  }

  #retry() {
    if (!this.#open || this.#timer !== null) return;
    this.#drop();
    this.#emit("state", "lost");
    const pause = RETRY_MS[Math.min(this.#attempt++, RETRY_MS.length - 1)];
    this.#timer = setTimeout(() => this.open(), pause);
  }

  #retryNow() {
    if (this.#timer !== null && this.#open) this.open();
  }

  #emit(name, detail) { this.dispatchEvent(new CustomEvent(name, { detail })); }
}

class AnswerError extends Error {
  constructor(status, message) { super(message); this.status = status; }
}

async function post(path, body, signal) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
  });
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new AnswerError(answer.status, content.error?.message ?? `The server answered ${answer.status}.`);
  return content;
}

// Resolves when all ICE candidates are in the local description: the server takes no later ones.
function gathered(peer) {
  if (peer.iceGatheringState === "complete") return Promise.resolve();
  return new Promise((resolve) => {
    peer.addEventListener("icegatheringstatechange", () => peer.iceGatheringState === "complete" && resolve());
    setTimeout(resolve, GATHER_MS);
  });
}
