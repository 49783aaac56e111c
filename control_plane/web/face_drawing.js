// A face's points over its photo. The canvas is in pixels of the photo, `unit` of which are a pixel
// of the page.

import { bounds } from "./face_points.js";
import { GROUPS } from "./landmark_groups.js";

const CURRENT = "#ffb08f";
const OTHER = "rgb(255 255 255 / 50%)";

// A face that is not the chosen one.
export function drawFrame(pen, face, unit) {
  const [left, top, right, bottom] = bounds(face);
  pen.lineWidth = 1.5 * unit;
  pen.strokeStyle = "rgb(255 255 255 / 75%)";
  pen.strokeRect(left, top, right - left, bottom - top);
}

// The chosen face, with the handles of one group: [key, x, y].
export function drawFace(pen, face, group, handles, hovered, unit) {
  drawMesh(pen, face, unit);
  for (const { lines } of GROUPS) for (const line of lines) drawLine(pen, face, line, unit, lines === group.lines || group.whole);
  for (const eye of [0, 1]) drawIris(pen, face, eye, unit, group.irises || group.whole);
  for (const [key, x, y] of handles) drawHandle(pen, x, y, group.whole ? 1.6 * unit : unit, key === hovered);
}

function drawMesh(pen, { landmarks }, unit) {
  pen.fillStyle = "rgb(255 255 255 / 38%)";
  for (let n = 0; n < landmarks.length; n += 3) pen.fillRect(landmarks[n] - unit / 2, landmarks[n + 1] - unit / 2, unit, unit);
}

function drawLine(pen, { landmarks }, line, unit, current) {
  pen.beginPath();
  for (const n of line) pen.lineTo(landmarks[3 * n], landmarks[3 * n + 1]);
  stroke(pen, unit, current);
}

function drawIris(pen, { irises }, eye, unit, current) {
  const [x, y, rimX, rimY] = irises.slice(10 * eye, 10 * eye + 4);
  pen.beginPath();
  pen.arc(x, y, Math.hypot(rimX - x, rimY - y), 0, 2 * Math.PI);
  stroke(pen, unit, current);
}

function stroke(pen, unit, current) {
  pen.lineWidth = (current ? 1.6 : 1) * unit;
  pen.strokeStyle = current ? CURRENT : OTHER;
  pen.stroke();
}

function drawHandle(pen, x, y, unit, hovered) {
  pen.beginPath();
  pen.arc(x, y, (hovered ? 6.5 : 3.6) * unit, 0, 2 * Math.PI);
  pen.fillStyle = hovered ? "#ffffff" : "#e58a66";
  pen.fill();
  pen.lineWidth = 1.2 * unit;
  pen.strokeStyle = hovered ? "#a8492a" : "rgb(60 20 5 / 65%)";
  pen.stroke();
}
