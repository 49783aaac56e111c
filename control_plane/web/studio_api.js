// What the studio asks of the server over HTTP. An answer that is an error is thrown as a Refusal,
// whose message is the server's own words.

const EARLY = 500;

export class Refusal extends Error {
  constructor(status, message) { super(message); this.status = status; }
}

export async function get(path) { return read(await reach(path)); }

export async function post(path, body, signal) { return read(await send(path, body, signal)); }

export async function remove(path) { return read(await reach(path, { method: "DELETE" })); }

// All items of a list, page by page; small pages, so that live sessions hardly wait for them.
// A list of thousands is handed to `early` after its first pages.
export async function all(path, name, early) {
  const found = [];
  let token = "";
  do {
    const page = await get(`${path}?pageSize=100&pageToken=${encodeURIComponent(token)}`);
    found.push(...page[name] ?? []);
    token = page.nextPageToken;
    if (token && found.length === EARLY) early?.([...found]);
  } while (token);
  return found;
}

// Makes an avatar: calls `told` with every progress, and returns the avatar. Aborting cancels it.
export async function bake(order, told, signal) {
  return (await follow("api/avatars", order, told, signal, "the avatar was ready")).avatar;
}

// Makes a capsule of a recording, in the same way; returns what came of it.
export async function importTake(order, told, signal) {
  return (await follow("api/library/capsules:importTake", order, told, signal, "the capsule was ready")).imported;
}

async function follow(path, order, told, signal, before) {
  const answer = await send(path, order, signal);
  if (!answer.ok) await read(answer);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  let last = { error: { message: `The server went away before ${before}.` } };
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const events = (text + value).split("\n\n");
    text = events.pop();
    for (const event of events) {
      const content = JSON.parse(event.replace(/^data: /, ""));
      if (content.progress) told(content.progress);
      else last = content;
    }
  }
  if (last.error) throw new Refusal(400, last.error.message);
  return last;
}

// A file as the API takes bytes.
export function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(new Refusal(400, "This file cannot be read."));
    reader.readAsDataURL(file);
  });
}

function send(path, body, signal) {
  return reach(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal,
  });
}

async function reach(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(503, "The server cannot be reached.");
  }
}

async function read(answer) {
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refusal(answer.status, content.error?.message ?? `The server answered ${answer.status}.`);
  return content;
}
