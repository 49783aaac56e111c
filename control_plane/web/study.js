// A participant's way through a study: consent, one trial after another, thanks. Who they are lies
// in a cookie that this page cannot read.

import { Refusal, get, post, remove } from "./studio_api.js";
import { Film } from "./study_film.js";
import { Rating, radios } from "./study_rating.js";

const name = location.pathname.split("/").filter(Boolean).pop();
const api = `../api/studies/${encodeURIComponent(name)}`;
const part = Object.fromEntries(
  ["head", "waiting", "welcome", "trial", "thanks", "stopped"].map((id) => [id, document.getElementById(id)]),
);
const $ = (id) => document.getElementById(id);

let trial = null;
let films = [];
let ratings = {};

function show(...shown) {
  for (const [id, element] of Object.entries(part)) element.hidden = !shown.includes(id);
  scrollTo(0, 0);
}

async function start() {
  show("waiting");
  try {
    const invitation = await get(api);
    if (invitation.takingPart) return turn(await get(`${api}/trial`));
    if (!invitation.open) return stop("This study is not open at the moment. Thank you for your interest.");
    const count = invitation.trials;
    $("how-many").textContent = count === 1 ? "1 step" : `${count} steps`;
    $("instructions").textContent = invitation.instructions;
    $("instructions").hidden = !invitation.instructions;
    show("welcome");
  } catch (error) {
    fail(error);
  }
}

function stop(text) {
  $("stopped-text").textContent = text;
  show("stopped");
  $("stopped-title").focus();
}

function fail(error) {
  if (!(error instanceof Refusal)) throw error;
  stop([400, 404].includes(error.status) ? "There is no such study. Please check the address you were given." : error.message);
}

function refuse(id, error) {
  if (!(error instanceof Refusal)) throw error;
  $(id).textContent = error.message;
  $(id).hidden = false;
}

// Goes on with a trial, or to the end.
function turn(next) {
  for (const film of films) film.stop();
  ({ trial } = next);
  $("progress").max = next.count;
  $("progress").value = trial ? trial.number - 1 : next.count;
  if (!trial) {
    show("thanks");
    $("thanks-title").focus();
    return;
  }
  $("progress-text").textContent = `${trial.number} of ${next.count}`;
  build();
  show("head", "trial");
  $("trial-title").focus();
}

function build() {
  const pair = trial.sides.length > 1;
  ratings = {};
  films = [];
  const columns = trial.sides.map((side, index) => {
    const letter = "AB"[index];
    const label = pair ? `film ${letter}` : "the film";
    const rating = new Rating(side, pair ? `Film ${letter}` : "The film", trial.emotions, check);
    const film = new Film(`${api}/trials/${trial.id}/${side}.mp4`, label, () => { rating.unlock(); check(); });
    films.push(film);
    ratings[side] = rating;
    const column = document.createElement("section");
    column.className = "column";
    column.setAttribute("aria-label", pair ? `Film ${letter}` : "The film");
    if (pair) column.dataset.letter = letter;
    column.append(film.element, rating.element);
    return column;
  });
  $("films").replaceChildren(...columns);
  $("films").classList.toggle("pair", pair);
  $("trial-title").textContent = pair ? "Watch both films" : "Watch the film";
  $("preference").hidden = !pair;
  $("preference-options").replaceChildren(
    ...radios("preferred", ["left", "none", "right"], ["Film A", "Neither", "Film B"]),
  );
  $("comment").value = "";
  $("trial-refusal").hidden = true;
  check();
}

function preferred() { return document.querySelector("[name=preferred]:checked")?.value ?? ""; }

// Says what is missing yet; true: nothing.
function check() {
  const unseen = films.filter((film) => !film.seen).length;
  const open = Object.values(ratings).reduce((sum, rating) => sum + rating.missing, 0)
    + Number(trial.sides.length > 1 && !preferred());
  $("preference").disabled = unseen > 0;
  $("send").disabled = unseen > 0 || open > 0;
  $("missing").textContent = unseen
    ? (films.length > 1 ? "Watch both films to their end." : "Watch the film to its end.")
    : open ? (open === 1 ? "1 question is open." : `${open} questions are open.`) : "";
  return !unseen && !open;
}

$("agree").addEventListener("change", () => { $("begin").disabled = !$("agree").checked; });

$("begin").addEventListener("click", async () => {
  $("begin").disabled = true;
  try {
    turn(await post(`${api}/participants`, { consent: true }));
  } catch (error) {
    refuse("welcome-refusal", error);
    $("begin").disabled = false;
  }
});

$("preference").addEventListener("change", check);

$("trial").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!check()) return;
  $("send").disabled = true;
  const answers = Object.fromEntries(Object.entries(ratings).map(([side, rating]) => [side, rating.answer]));
  const better = preferred();
  const body = { ...answers, preferred: better === "none" ? "" : better, comment: $("comment").value.trim() };
  try {
    turn(await post(`${api}/trials/${trial.id}`, body));
  } catch (error) {
    // Another tab has answered it, or forgot who this is: go on from where that is.
    if ([401, 404, 409].includes(error.status)) return start();
    refuse("trial-refusal", error);
    check();
  }
});

$("another").addEventListener("click", async () => {
  await remove(`${api}/participants`).catch(fail);
  $("agree").checked = false;
  start();
});

$("again").addEventListener("click", start);

start();
