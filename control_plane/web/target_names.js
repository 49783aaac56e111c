// Targets as people read them: their names in words, and the groups they come in.

const WORDS = {
  "camera.x": "Move sideways", "camera.y": "Move up and down", "camera.zoom": "Zoom", "camera.roll": "Tilt",
  "light.exposure": "Exposure", "light.temperature": "Warmth", "light.contrast": "Contrast",
  "light.key_x": "Lamp from the side", "light.key_y": "Lamp from above", "light.key": "Lamp",
  "tempo.rate": "Tempo",
};
const GROUPS = [
  ["Eyes", /^eye/],
  ["Brows", /^brow/],
  ["Mouth", /^mouth/],
  ["Jaw and tongue", /^(jaw|tongue)/],
  ["Cheeks and nose", /^(cheek|nose|blush)/],
  ["Head and body", /^(head|body|shoulder|breath)/],
  ["Left hand", /^handLeft/],
  ["Right hand", /^handRight/],
  ["Camera", /^camera/],
  ["Light", /^light/],
  ["Voice", /^voice/],
  ["Tempo", /^tempo/],
];

// Such as "Smile left" of "mouthSmileLeft" in its group, or "Mouth smile left" by itself.
export function nameOf(target, { whole = false } = {}) {
  if (WORDS[target]) return WORDS[target];
  const words = target.replace(/_st$|_db$|_hz$/, "").replace(/[._]/g, " ").replace(/([A-Z])/g, " $1").toLowerCase().replace(/\s+/g, " ").trim();
  const short = whole ? words : words.replace(/^(hand (left|right)|eye|brow|mouth|voice) (?=.)/, "");
  return short[0].toUpperCase() + short.slice(1);
}

export function groupOf(target) { return GROUPS.find(([, pattern]) => pattern.test(target))?.[0] ?? "Others"; }

export const GROUP_NAMES = [...GROUPS.map(([name]) => name), "Others"];

// The same movement of the other side; null: it has none.
export function otherSide(target) {
  if (/Left|Right/.test(target)) return target.replace(/Left|Right/, (side) => (side === "Left" ? "Right" : "Left"));
  return null;
}
