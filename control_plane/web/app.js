// The page: wires the live session to the conversation, the emotion pad and the measurements.

import { Conversation } from "./conversation.js";
import { EmotionPad } from "./emotion_pad.js";
import { Hud } from "./hud.js";
import { Judging } from "./judging.js";
import { LiveSession } from "./live_session.js";
import { MattePlayer } from "./matte_player.js";
import { Memories } from "./memories.js";
import { MoodReasons } from "./mood_reasons.js";
import { PageLight } from "./page_light.js";
import { strangers } from "./page_query.js";
import { PictureClock } from "./picture_clock.js";
import { ViewerContext } from "./viewer_context.js";

const CONSENT = "capsulecast-training-consent"; // remembered in this browser alone
let soundChosen = false;
const element = (id) => document.getElementById(id);
const video = element("avatar");
const TEXTS = ["avatar", "size", "personality", "background", "watermark"];
const NUMBERS = ["fps", "seed"];
const SWITCHES = ["probe", "reply", "label"];
const FEATURES = { blending: "vectorBlending", context: "context", light: "lightProbe", visemes: "visemes" };
const query = new URLSearchParams(location.search);
const memories = new Memories(element("memories"));
const options = sessionOptions(query);
const session = new LiveSession(video, options);
const clock = new PictureClock(video);
const hud = new Hud(element("hud"), video, session, clock);
const reasons = new MoodReasons(element("why"), session);
const conversation = new Conversation(element("log"), element("composer"), element("message"));
const judging = new Judging(element("judging"), () => session.id);
const pad = new EmotionPad(element("emotion"));
const light = new PageLight(video.parentElement, (colours) => session.send({ light: colours }));
const context = new ViewerContext(element("message"), element("log"), (name) =>
  session.send({ ui: { context: name } }));

session.addEventListener("state", ({ detail }) => {
  const words = { connecting: "Connecting", live: "Live", lost: "Reconnecting", failed: "Not available" };
  element("status").dataset.state = detail;
  element("status-text").textContent = words[detail];
  video.parentElement.classList.toggle("live", detail === "live");
  if (detail === "live") {
    light.begin();
    return;
  }
  clock.reset();
  conversation.speechLost();
});
session.addEventListener("open", () => light.begin()); // before or after the first picture
session.addEventListener("session", ({ detail }) => {
  judging.begin();
  const name = detail.options?.avatar ?? "avatar";
  element("name").textContent = name[0].toUpperCase() + name.slice(1);
  const { width, height } = detail.options.size;
  video.parentElement.style.setProperty("--aspect", width / height);
  document.querySelector(".label").hidden = detail.options.label; // the picture has it
  element("quality").value = detail.options.quality;
  showPersonality(detail.options.personality);
  if (detail.options.background === "transparent") showClear();
});
session.addEventListener("sent", ({ detail }) => clock.eventSent(detail.sequence, detail.time));
session.addEventListener("frame", ({ detail }) => clock.eventDrawn(detail));
session.addEventListener("packet", ({ detail }) => {
  hud.showPacket(detail);
  if (detail.label) element("mood-label").textContent = detail.label;
  pad.showMood(detail.mood ?? {});
  reasons.update();
});
session.addEventListener("mood", ({ detail }) => {
  reasons.update();
  element("mood-label").textContent = detail.label || "neutral";
  pad.showMood(detail.mood ?? {});
});
session.addEventListener("speech", ({ detail }) => {
  conversation.showSpeech(detail);
  if (detail.state === "SPEECH_STATE_STARTED") context.replyArrived(detail.text ?? "");
});
session.addEventListener("stored", () => { hud.showStored(); memories.stored(); });
session.addEventListener("stats", ({ detail }) => hud.showStats(detail));
session.addEventListener("rejection", ({ detail }) => conversation.note(detail.message, true));
session.addEventListener("fault", ({ detail }) => conversation.note(detail, true));

conversation.addEventListener("reply", () => judging.replied());
conversation.addEventListener("speaking", ({ detail }) => {
  if (!detail && document.activeElement === element("stop")) element("message").focus();
  element("stop").hidden = !detail;
});
conversation.addEventListener("message", ({ detail }) => {
  context.messageSent();
  if (!session.send({ chat: { role: "CHAT_ROLE_USER", text: detail } })) {
    conversation.note("Not connected: the message was not sent.", true);
  }
});
pad.addEventListener("emotion", ({ detail }) => session.send({ emotion: { vad: detail } }));
element("expression").addEventListener("change", ({ target }) => {
  if (target.value) session.send({ expression: { id: target.value } });
  target.value = "";
});

element("quality").addEventListener("change", ({ target }) => {
  options.quality = target.value; // a session that is made anew keeps it
  session.send({ quality: { quality: target.value } });
});
element("personality").addEventListener("change", ({ target }) => {
  options.personality = target.value; // a personality is for life: this takes another session
  session.close();
  session.open();
});

element("consent").checked = options.client.consent;
element("consent").addEventListener("change", ({ target }) => {
  options.client.consent = target.checked; // of a conversation as a whole: this takes another one
  localStorage.setItem(CONSENT, target.checked ? "yes" : "no");
  session.close();
  session.open();
});

memories.addEventListener("person", ({ detail }) => {
  options.client.user = detail; // of a conversation as a whole, too
  session.close();
  session.open();
});

element("stop").addEventListener("click", () => session.send({ interrupt: {} }));
element("sound").addEventListener("click", () => {
  soundChosen = true;
  soundOn(video.muted);
});
// Browsers start sound only after the viewer has touched the page.
for (const touch of ["pointerdown", "keydown"]) {
  addEventListener(touch, ({ target }) => {
    if (!soundChosen && !target.closest?.("#sound")) soundOn(true);
    soundChosen = true;
  }, { once: true });
}
addEventListener("keydown", (event) => {
  if (event.key === "Escape") session.send({ interrupt: {} });
});
addEventListener("pagehide", () => session.close());
addEventListener("pageshow", ({ persisted }) => persisted && session.open());

const unknown = strangers(query, [...TEXTS, "quality", ...NUMBERS, ...SWITCHES, ...Object.keys(FEATURES)]);
if (unknown) conversation.note(unknown, true);
fillExpressions();
fillPersonalities();
fillScenes();
session.open();
// Where there is room, typing can begin at once; on a small screen the avatar comes first.
if (matchMedia("(min-width: 861px)").matches) element("message").focus({ preventScroll: true });

// Options of the session, from the address: ?size=512x512&fps=60&seed=1&avatar=mira&personality=friendly&background=blur&label=1&watermark=demo&quality=half&probe=1
function sessionOptions(query) {
  const options = { client: clientSystem() };
  for (const name of TEXTS) if (query.get(name)) options[name] = query.get(name);
  if (query.get("quality")) options.quality = `QUALITY_${query.get("quality").toUpperCase()}`;
  for (const name of NUMBERS) if (query.get(name)) options[name] = Number(query.get(name));
  for (const name of SWITCHES) if (query.get(name)) options[name] = query.get(name) !== "0";
  // &blending=0&context=0&light=0&visemes=0: what to do without, to see what it is worth
  for (const [name, feature] of Object.entries(FEATURES)) {
    if (query.get(name)) options.features = { ...options.features, [feature]: query.get(name) !== "0" };
  }
  return options;
}

// What the server may know of this machine, and whether what is said may be used for training.
function clientSystem() {
  return {
    user: memories.person,
    platform: "web",
    initiator: "page",
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone ?? "",
    browser: navigator.userAgent.slice(0, 400),
    resolution: `${screen.width}x${screen.height}`,
    consent: localStorage.getItem(CONSENT) === "yes",
  };
}

// Lays the avatar over the page: its frames hold colour and matte.
function showClear() {
  const canvas = element("clear-avatar");
  if (!canvas.hidden) return; // the session was made anew
  canvas.hidden = false;
  video.parentElement.classList.add("clear");
  new MattePlayer(video, canvas);
}

function soundOn(on) {
  video.muted = !on;
  element("sound").setAttribute("aria-pressed", String(on));
  if (on) video.play().catch(() => soundOn(false));
}

// Expressions, which are played and over, and profiles, which are held.
async function fillExpressions() {
  const [expressions, profiles] = await Promise.all(["expressions", "profiles"].map(async (kind) => {
    const answer = await fetch(`api/library/${kind}?pageSize=1000`);
    return answer.ok ? (await answer.json())[kind] ?? [] : [];
  }));
  element("expression").append(
    optionGroup("Played once", expressions.map(({ id, name, description }) => [id, name, description])),
    optionGroup("Held", profiles.map(({ name, description }) => [name, name, description])),
  );
}

function optionGroup(label, rows) {
  const group = document.createElement("optgroup");
  group.label = label;
  group.append(...rows.map(([id, name, description]) => {
    const option = new Option(name.replaceAll("_", " "), id);
    option.title = description;
    return option;
  }));
  return group;
}

async function fillPersonalities() {
  const answer = await fetch("api/personalities");
  if (!answer.ok) return;
  const { personalities = [] } = await answer.json();
  const chosen = element("personality").value;
  element("personality").replaceChildren(...personalities.map(({ name, description }) => {
    const option = new Option(name.replaceAll("_", " "), name);
    option.title = description;
    return option;
  }));
  if (chosen) showPersonality(chosen);
}

// The session may be there before the list is.
function showPersonality(name) {
  const select = element("personality");
  if (![...select.options].some(({ value }) => value === name)) select.add(new Option(name, name));
  select.value = name;
}

// A button for each thing that can happen around the avatar, such as confetti.
async function fillScenes() {
  const answer = await fetch("api/library/capsules?pageSize=1000&layer=LAYER_ENVIRONMENT");
  if (!answer.ok) return;
  const { capsules = [] } = await answer.json();
  element("scenes").hidden = !capsules.length;
  element("scenes").append(...capsules.map(({ cid, description }) => {
    const button = document.createElement("button");
    button.type = "button";
    button.title = description;
    button.textContent = description.split(":")[0];
    button.addEventListener("click", () => session.send({ expression: { id: cid } }));
    return button;
  }));
}
