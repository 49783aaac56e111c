// Plays frames that hold colour and matte side by side as one picture with transparency, over
// whatever lies below the canvas.
//
// The left half of a frame is colour, premultiplied over black; the right half is its coverage as
// grey. Each frame the video is about to show is drawn at once: with WebGL, or pixel by pixel where
// there is none.

const NOISE = 5 / 255; // what an encoder makes of a plain black or white matte

const VERTEX = `
attribute vec2 corner;
varying vec2 at;
void main() {
  at = vec2(corner.x, -corner.y) * 0.5 + 0.5;
  gl_Position = vec4(corner, 0.0, 1.0);
}`;

// Half a texel is left out at the seam, so that neither half bleeds into the other. Ten bits of
// medium precision do not tell the pixels of wide frames apart.
const FRAGMENT = `
#ifdef GL_FRAGMENT_PRECISION_HIGH
precision highp float;
#else
precision mediump float;
#endif
varying vec2 at;
uniform sampler2D frame;
uniform float texel;
void main() {
  float x = clamp(at.x * 0.5, 0.5 * texel, 0.5 - 0.5 * texel);
  float matte = texture2D(frame, vec2(x + 0.5, at.y)).g;
  float alpha = clamp((matte - ${NOISE}) / ${1 - 2 * NOISE}, 0.0, 1.0);
  gl_FragColor = vec4(min(texture2D(frame, vec2(x, at.y)).rgb, alpha), alpha);
}`;

export class MattePlayer {
  #video;
  #canvas;
  #pen;

  constructor(video, canvas) {
    this.#video = video;
    this.#canvas = canvas;
    this.#pen = glPen(canvas) ?? pixelPen(canvas);
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => { this.#pen = glPen(canvas); });
    video.requestVideoFrameCallback(() => this.#draw());
  }

  #draw() {
    const { videoWidth, videoHeight } = this.#video;
    if (videoWidth && this.#pen) {
      const width = videoWidth / 2;
      if (this.#canvas.width !== width) this.#canvas.width = width;
      if (this.#canvas.height !== videoHeight) this.#canvas.height = videoHeight;
      this.#pen(this.#video);
    }
    this.#video.requestVideoFrameCallback(() => this.#draw());
  }
}

// Returns a function that draws a frame, or null without WebGL.
function glPen(canvas) {
  const gl = canvas.getContext("webgl", { alpha: true, premultipliedAlpha: true, antialias: false });
  if (!gl) return null;
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  gl.useProgram(program);
  gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
  gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([-1, -1, 1, -1, -1, 1, 1, 1]), gl.STATIC_DRAW);
  const corner = gl.getAttribLocation(program, "corner");
  gl.enableVertexAttribArray(corner);
  gl.vertexAttribPointer(corner, 2, gl.FLOAT, false, 0, 0);
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
  for (const [name, value] of [
    [gl.TEXTURE_MIN_FILTER, gl.LINEAR], [gl.TEXTURE_MAG_FILTER, gl.LINEAR],
    [gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE], [gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE],
  ]) gl.texParameteri(gl.TEXTURE_2D, name, value);
  const texel = gl.getUniformLocation(program, "texel");
  return (video) => {
    if (gl.isContextLost()) return;
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGB, gl.RGB, gl.UNSIGNED_BYTE, video);
    gl.uniform1f(texel, 1 / video.videoWidth);
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
  };
}

// The same without WebGL. Canvas pixels hold straight colours.
function pixelPen(canvas) {
  const pen = canvas.getContext("2d");
  const whole = new OffscreenCanvas(2, 1);
  const reader = whole.getContext("2d", { willReadFrequently: true });
  return (video) => {
    const { width, height } = canvas;
    if (whole.width !== 2 * width) whole.width = 2 * width;
    if (whole.height !== height) whole.height = height;
    reader.drawImage(video, 0, 0);
    const { data } = reader.getImageData(0, 0, 2 * width, height);
    const picture = pen.createImageData(width, height);
    for (let y = 0, to = 0; y < height; y++) {
      for (let from = y * width * 8, end = from + width * 4; from < end; from += 4, to += 4) {
        const alpha = Math.min(1, Math.max(0, (data[from + width * 4 + 1] / 255 - NOISE) / (1 - 2 * NOISE)));
        if (!alpha) continue;
        for (let channel = 0; channel < 3; channel++) picture.data[to + channel] = data[from + channel] / alpha;
        picture.data[to + 3] = 255 * alpha;
      }
    }
    pen.putImageData(picture, 0, 0);
  };
}
