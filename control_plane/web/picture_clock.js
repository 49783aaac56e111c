// Measures event -> picture: from `send` on the data channel to the moment at which the browser is
// to show the first video frame that was drawn after the event. The server names that frame by its
// RTP timestamp; requestVideoFrameCallback tells the RTP timestamp of every frame shown. Only this
// page's clock is read.

const KEEP = 100;
const MAX_WAITING = 64;

export class PictureClock {
  #sent = new Map();
  #drawn = [];
  #shown = [];
  #times = [];
  #frames = [];

  constructor(video) {
    const onFrame = (now, metadata) => {
      this.#frames.push(now);
      while (this.#frames[0] < now - 1000) this.#frames.shift();
      this.#shown.push({ rtp: metadata.rtpTimestamp, time: metadata.expectedDisplayTime });
      if (this.#shown.length > MAX_WAITING) this.#shown.shift();
      this.#match();
      video.requestVideoFrameCallback(onFrame);
    };
    video.requestVideoFrameCallback(onFrame);
  }

  get framesPerSecond() { return this.#frames.length; }

  // A new connection counts RTP time from elsewhere.
  reset() {
    this.#sent.clear();
    this.#drawn = [];
    this.#shown = [];
  }

  // {last, p50, p99, n} in ms; null before the first.
  get summary() {
    if (!this.#times.length) return null;
    const sorted = [...this.#times].sort((a, b) => a - b);
    const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
    return { last: this.#times.at(-1), p50: at(0.5), p99: at(0.99), n: sorted.length };
  }

  eventSent(sequence, time) {
    this.#sent.set(sequence, time);
    if (this.#sent.size > MAX_WAITING) this.#sent.delete(this.#sent.keys().next().value);
  }

  // The server drew the event into the frame of that RTP timestamp.
  eventDrawn({ eventSequence, rtpTimestamp }) {
    this.#drawn.push({ sequence: Number(eventSequence), rtp: rtpTimestamp });
    if (this.#drawn.length > MAX_WAITING) this.#drawn.shift();
    this.#match();
  }

  #match() {
    this.#drawn = this.#drawn.filter(({ sequence, rtp }) => {
      const frame = this.#shown.find((shown) => notBefore(shown.rtp, rtp));
      if (!frame) return true;
      const start = this.#sent.get(sequence);
      if (start !== undefined) this.#times.push(frame.time - start);
      if (this.#times.length > KEEP) this.#times.shift();
      this.#sent.delete(sequence);
      return false;
    });
  }
}

// RTP timestamps wrap at 2^32.
function notBefore(shown, drawn) { return ((shown - drawn) >>> 0) < 0x80000000; }
