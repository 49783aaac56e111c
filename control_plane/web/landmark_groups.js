// Which of the face mesh's 468 points lie on what a person knows by name, as lines to draw.

const RIGHT_EYE = [33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246, 33];
const LEFT_EYE = [263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466, 263];
const OUTER_LIPS = [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185, 61];
const INNER_LIPS = [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191, 78];
const BROWS = [
  [70, 63, 105, 66, 107, 55, 65, 52, 53, 46, 70],
  [300, 293, 334, 296, 336, 285, 295, 282, 283, 276, 300],
];
const OVAL = [
  10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152,
  148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109, 10,
];
const NOSE = [[168, 6, 197, 195, 5, 4, 1], [98, 97, 2, 326, 327], [129, 98], [358, 327]];

// The corners of the eyes and the chin: by these the whole face is laid over the photo.
export const [RIGHT_CORNER, LEFT_CORNER, CHIN] = [33, 263, 152];

// name, then lines of points; `irises` has those that are no points of the mesh, `whole` moves all.
export const GROUPS = [
  { name: "Eyelids", lines: [RIGHT_EYE, LEFT_EYE] },
  { name: "Irises", lines: [], irises: true },
  { name: "Lips", lines: [OUTER_LIPS, INNER_LIPS] },
  { name: "Brows", lines: BROWS },
  { name: "Jaw and hairline", lines: [OVAL] },
  { name: "Nose", lines: NOSE },
  { name: "Whole face", lines: [], whole: true },
];
