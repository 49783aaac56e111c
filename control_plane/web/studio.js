// The studio: wires the photo, the sliders, the capsules and their curves to the live preview.

import { all, get, remove } from "./studio_api.js";
import { CapsuleSheet } from "./capsule_sheet.js";
import { CapsuleTool } from "./capsule_tool.js";
import { PhotoTool } from "./photo_tool.js";
import { RecordTool } from "./record_tool.js";
import { ShapeTool } from "./shape_tool.js";
import { StudioStage } from "./studio_stage.js";
import { strangers } from "./page_query.js";

const NOTE_MS = 5000;
const QUERY = ["avatar", "cid", "vad", "description"];
const SAMPLE = "This is how I sound now.";
const element = (id) => document.getElementById(id);
const video = element("avatar");
const stage = new StudioStage(video);
const photo = new PhotoTool();
const shape = new ShapeTool();
const sheet = new CapsuleSheet();
const record = new RecordTool();
const editor = new CapsuleTool();
const tabs = [...document.querySelectorAll("[role=tab]")];
let avatars = [];
let targets = [];
let noteTimer = null;

stage.addEventListener("state", ({ detail }) => {
  const words = { connecting: "Connecting", live: "Live", lost: "Reconnecting", failed: "Not available" };
  element("status").dataset.state = detail;
  element("status-text").textContent = words[detail];
  element("preview").classList.toggle("live", detail === "live");
});
stage.addEventListener("refused", ({ detail }) => {
  if (openTab() === "curves") editor.refused(detail);
  else note(detail, true);
});

photo.addEventListener("open", () => open("photo"));
photo.addEventListener("note", ({ detail }) => note(detail));
photo.addEventListener("baked", async ({ detail }) => {
  await listAvatars(detail.name, Date.now());
  open("shape");
  note(`${titled(detail.name)} is ready.`);
});
shape.addEventListener("pose", ({ detail }) => stage.hold(detail));
shape.addEventListener("capsule", ({ detail }) => {
  editor.make(detail);
  open("curves");
});
sheet.addEventListener("play", ({ detail }) => {
  if (!stage.play(detail.id, detail.lengthMs)) note("Not connected: nothing was played.", true);
  else if (detail.layer === "LAYER_VOICE" || detail.layer === "LAYER_TEMPO") stage.say(SAMPLE);
});
sheet.addEventListener("edit", ({ detail }) => edit(detail));
record.addEventListener("state", () => showStage());
record.addEventListener("note", ({ detail }) => note(detail));
record.addEventListener("play", ({ detail }) => playTaken(detail));
record.addEventListener("edit", ({ detail }) => edit(detail));
record.addEventListener("taken", async ({ detail }) => {
  await listCapsules();
  // A session that began before does not know it.
  stage.show(stage.avatar, () => playTaken(detail));
});
editor.addEventListener("play", ({ detail }) => {
  if (!stage.preview(detail)) editor.refused("Not connected: nothing was played.");
});
editor.addEventListener("saved", async ({ detail }) => {
  note(`${detail.cid} is in the library, for conversations that begin from now on.`);
  await listCapsules();
});

element("avatars").addEventListener("change", ({ target }) => choose(target.value, 0));
element("delete-avatar").addEventListener("click", async () => {
  const name = element("avatars").value;
  if (!confirm(`Delete ${titled(name)}? The photo is not kept anywhere, so this cannot be undone.`)) return;
  try {
    await remove(`api/avatars/${name}`);
    note(`${titled(name)} is deleted.`);
  } catch (error) {
    note(error.message, true);
  }
  await listAvatars("", 0);
});
element("say").addEventListener("submit", (event) => {
  event.preventDefault();
  const words = element("words").value.trim();
  if (words && stage.say(words)) {
    soundOn(true);
    element("words").value = "";
  }
});
element("sound").addEventListener("click", () => soundOn(video.muted));

for (const [index, tab] of tabs.entries()) {
  tab.addEventListener("click", () => open(nameOf(tab)));
  tab.addEventListener("keydown", ({ key }) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
    if (!step) return;
    const next = tabs[(index + step + tabs.length) % tabs.length];
    open(nameOf(next));
    next.focus();
  });
}

start();

async function start() {
  const query = new URLSearchParams(location.search);
  record.fill(Object.fromEntries(query));
  open(location.hash.slice(1) || "photo");
  try {
    ({ targets } = await get("api/library/targets"));
    editor.offer(targets);
    await Promise.all([listAvatars(query.get("avatar") ?? "", 0), listCapsules()]);
  } catch (error) {
    note(error.message, true);
  }
  const unknown = strangers(query, QUERY);
  if (unknown) note(unknown, true);
}

async function listAvatars(name, stamp) {
  ({ avatars } = await get("api/avatars"));
  element("avatars").replaceChildren(...avatars.map((avatar) => new Option(titled(avatar.name), avatar.name)));
  photo.names = new Set(avatars.filter(({ builtin }) => !builtin).map((avatar) => avatar.name));
  photo.tellReplaced();
  choose(avatars.some((avatar) => avatar.name === name) ? name : avatars[0].name, stamp);
}

async function listCapsules() {
  const expressions = await all("api/library/expressions", "expressions");
  const capsules = await all("api/library/capsules", "capsules", (first) => sheet.offer(first, expressions));
  sheet.offer(capsules, expressions);
  record.known = capsules.map(({ cid }) => cid);
}

async function edit(cid) {
  try {
    await editor.load(cid);
    open("curves");
  } catch (error) {
    note(error.message, true);
  }
}

function playTaken({ id, lengthMs }) {
  if (!stage.play(id, lengthMs)) note("Not connected: nothing was played.", true);
}

function choose(name, stamp) {
  const avatar = avatars.find((one) => one.name === name);
  element("avatars").value = name;
  element("delete-avatar").hidden = avatar.builtin;
  element("avatars").title = avatar.builtin ? "Comes with the program" : `Agreed: ${avatar.consent}`;
  sheet.avatar = [name, stamp];
  record.avatar = name;
  stage.show(name);
  shape.offer(targets, avatar.bases);
}

function open(name) {
  const wanted = tabs.some((tab) => nameOf(tab) === name) ? name : "photo";
  for (const tab of tabs) {
    const on = nameOf(tab) === wanted;
    tab.setAttribute("aria-selected", String(on));
    tab.tabIndex = on ? 0 : -1;
    element(tab.getAttribute("aria-controls")).hidden = !on;
  }
  history.replaceState(null, "", `#${wanted}`);
  if (wanted !== "record") record.leave();
  showStage();
}

// What is to be seen on the left: the avatar, the photo or the camera.
function showStage() {
  const desk = openTab() === "photo" && photo.hasPhoto;
  const booth = openTab() === "record" && record.wantsBooth;
  element("desk").hidden = !desk;
  element("booth").hidden = !booth;
  element("preview").inert = desk || booth; // under them, and not gone: a hidden video is shown no frames
}

function openTab() { return nameOf(tabs.find((tab) => tab.ariaSelected === "true")); }

function nameOf(tab) { return tab.id.replace("tab-", ""); }

function titled(name) { return name[0].toUpperCase() + name.slice(1).replaceAll("_", " "); }

function note(text, bad = false) {
  clearTimeout(noteTimer);
  element("note").textContent = text;
  element("note").classList.toggle("bad", bad);
  element("note").hidden = false;
  noteTimer = setTimeout(() => { element("note").hidden = true; }, NOTE_MS);
}

function soundOn(on) {
  video.muted = !on;
  element("sound").setAttribute("aria-pressed", String(on));
  if (on) video.play().catch(() => soundOn(false));
}
