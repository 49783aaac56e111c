// Refusals speak of the command line's flags, as the server words them; the page has controls instead.

const CONTROLS = [
  [/--allow-small bakes it as it is, less sharp/g, "\u201cTake a small face as well\u201d below takes it as it is, less sharp"],
  [/choose one with --face N/g, "choose one under \u201cWhose face?\u201d"],
  [/, or give --landmarks/g, ", or place the points by hand"],
  [/ has (\S+) already; --force replaces it/g, " has $1 already; \u201cReplace it\u201d does so"],
  [/such as --consent /g, "such as "],
];

// The same refusal in words of the page.
export function onPage(text) { return CONTROLS.reduce((told, [flag, control]) => told.replace(flag, control), text); }
