// How loud what a video element plays is, on the page's clock.

const WORKLET = `registerProcessor("loudness", class extends AudioWorkletProcessor {
  process([input]) {
    const channel = input[0];
    if (channel) {
      let sum = 0;
      for (const sample of channel) sum += sample * sample;
      this.port.postMessage([currentTime, Math.sqrt(sum / channel.length)]);
    }
    return true;
  }
})`;

// Calls onLevel(time in ms of performance's clock at which it is heard, root mean square) every 128 samples.
export async function listen(video, onLevel) {
  const context = new AudioContext();
  await context.audioWorklet.addModule(URL.createObjectURL(new Blob([WORKLET], { type: "text/javascript" })));
  const meter = new AudioWorkletNode(context, "loudness");
  context.createMediaStreamSource(video.srcObject).connect(meter);
  meter.port.onmessage = ({ data: [time, level] }) => {
    const { contextTime, performanceTime } = context.getOutputTimestamp();
    onLevel(performanceTime + (time - contextTime) * 1000, level);
  };
}
