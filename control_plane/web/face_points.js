// Moves the points of a face: {landmarks, irises, eyeContours}, flat, in pixels of the photo.

import { CHIN, LEFT_CORNER, RIGHT_CORNER } from "./landmark_groups.js";

export function copy(face) {
  return { ...face, landmarks: [...face.landmarks], irises: [...face.irises], eyeContours: [...face.eyeContours] };
}

// Left, top, right and bottom.
export function bounds({ landmarks }) {
  const xs = landmarks.filter((_, n) => n % 3 === 0);
  const ys = landmarks.filter((_, n) => n % 3 === 1);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

// Moves the points about (x, y), the less the farther away they are.
export function carry(points, size, [x, y], dx, dy, reach) {
  for (let n = 0; n < points.length; n += size) {
    const share = Math.exp(-0.5 * ((points[n] - x) ** 2 + (points[n + 1] - y) ** 2) / reach ** 2);
    points[n] += share * dx;
    points[n + 1] += share * dy;
  }
}

// The centre moves the iris that begins at `start`; a point on its rim makes it larger or smaller.
export function moveIris(irises, start, point, dx, dy) {
  if (point === 0) {
    for (let n = start; n < start + 10; n += 2) {
      irises[n] += dx;
      irises[n + 1] += dy;
    }
    return;
  }
  const [x, y] = irises.slice(start, start + 2);
  const [rimX, rimY] = [irises[start + 2 * point] - x, irises[start + 2 * point + 1] - y];
  const factor = Math.min(3, Math.max(0.3, Math.hypot(rimX + dx, rimY + dy) / Math.hypot(rimX, rimY)));
  for (let n = start + 2; n < start + 10; n += 2) {
    irises[n] = x + factor * (irises[n] - x);
    irises[n + 1] = y + factor * (irises[n + 1] - y);
  }
}

// Lays the whole face anew with one of three points moved: a corner of an eye turns and scales it
// about the other; the chin makes it longer or shorter and slants it, with the eyes where they are.
export function lay(face, point, dx, dy) {
  const at = (n) => [face.landmarks[3 * n], face.landmarks[3 * n + 1]];
  const map = point === CHIN ? slanted(at(RIGHT_CORNER), at(LEFT_CORNER), at(CHIN), dx, dy) : turned(at(point === RIGHT_CORNER ? LEFT_CORNER : RIGHT_CORNER), at(point), dx, dy);
  for (const [points, size] of [[face.landmarks, 3], [face.irises, 2], [face.eyeContours, 2]]) {
    for (let n = 0; n < points.length; n += size) {
      [points[n], points[n + 1]] = map(points[n], points[n + 1]);
      if (size === 3) points[n + 2] *= map.scale;
    }
  }
  face.widthPx = (face.widthPx ?? 1) * map.scale;
}

// A similarity that keeps one point and moves another.
function turned([x, y], [movedX, movedY], dx, dy) {
  const [a, b] = [movedX - x, movedY - y];
  const length = a * a + b * b;
  const [c, d] = [a + dx, b + dy];
  const [cos, sin] = [(a * c + b * d) / length, (a * d - b * c) / length];
  const map = (px, py) => [x + cos * (px - x) - sin * (py - y), y + sin * (px - x) + cos * (py - y)];
  map.scale = Math.hypot(cos, sin);
  return map;
}

// An affine map that keeps the line between two points and moves a third.
function slanted([x, y], [otherX, otherY], [chinX, chinY], dx, dy) {
  const apart = Math.hypot(otherX - x, otherY - y);
  const [downX, downY] = [-(otherY - y) / apart, (otherX - x) / apart];
  const depth = (chinX - x) * downX + (chinY - y) * downY;
  const map = (px, py) => {
    const share = ((px - x) * downX + (py - y) * downY) / depth;
    return [px + share * dx, py + share * dy];
  };
  map.scale = 1;
  return map;
}
