// Shows /openapi.json and lets every operation be tried. No library, nothing from elsewhere.

const description = await (await fetch("openapi.json")).json();
const schemas = description.components.schemas;
const EXAMPLES = {
  SessionOptions: { size: { width: 512, height: 512 }, fps: 30, personality: "friendly" },
  Event: { sequence: 1, chat: { role: "CHAT_ROLE_USER", text: "Really? That is wonderful!" } },
  SessionDescription: { type: "offer", sdp: "v=0 ..." },
};

function node(tag, text = "", ...children) {
  const made = document.createElement(tag);
  made.textContent = text;
  made.append(...children);
  return made;
}

// Text in which `code` is shown as code.
function prose(tag, text = "") {
  const parts = text.split("`").map((part, index) => (index % 2 ? node("code", part) : part));
  return node(tag, "", ...parts);
}

const nameOf = (schema) => schema?.$ref?.split("/").at(-1);

function typeOf(schema) {
  if (schema.$ref) return nameOf(schema);
  if (schema.oneOf) return schema.oneOf.map(typeOf).join(" or ");
  if (schema.enum) return schema.enum.join(" | ");
  if (schema.type === "array") return `${typeOf(schema.items)}[]`;
  return [schema.type ?? "anything"].flat().join(" or ") + (schema.format ? ` (${schema.format})` : "");
}

function fields(schema) {
  const table = node("table");
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    table.append(node("tr", "", node("td", "", node("code", name)), node("td", typeOf(field))));
  }
  return table;
}

function operation(path, method, details) {
  const summary = node("summary", "", node("code", method.toUpperCase()), node("code", ` ${path} `),
    prose("span", (details.description ?? "").split("\n")[0]));
  summary.firstChild.className = "method";
  const box = node("details", "", summary);
  for (const text of (details.description ?? "").split("\n\n").slice(1)) box.append(prose("p", text));
  const inputs = (details.parameters ?? []).map((parameter) => {
    const input = node("input");
    const label = node("label", `${parameter.name} (${parameter.in}) ${parameter.description ?? ""}`, input);
    box.append(label);
    return { parameter, input };
  });
  const wanted = nameOf(details.requestBody?.content["application/json"].schema);
  const body = wanted && node("textarea", JSON.stringify(EXAMPLES[wanted], null, 2));
  if (body) box.append(node("label", `Body: ${wanted}`, body));
  const success = Object.values(details.responses)[0];
  const answered = nameOf(success?.content?.["application/json"]?.schema);
  if (answered) box.append(node("p", `Answers with ${answered}.`));
  const button = node("button", "Try it");
  const output = node("pre");
  output.hidden = true;
  button.addEventListener("click", () => attempt(path, method, inputs, body, output));
  box.append(button, output);
  return box;
}

async function attempt(path, method, inputs, body, output) {
  const query = new URLSearchParams();
  const headers = body ? { "Content-Type": "application/json" } : {};
  for (const { parameter, input } of inputs) {
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    else if (input.value && parameter.in === "query") query.set(parameter.name, input.value);
    else if (input.value) headers[parameter.name] = input.value;
  }
  const url = path.slice(1) + (query.size ? `?${query}` : "");
  const answer = await fetch(url, { method: method.toUpperCase(), headers, body: body?.value });
  const text = await answer.text();
  output.hidden = false;
  try {
    output.textContent = `${answer.status}\n${JSON.stringify(JSON.parse(text), null, 2)}`;
  } catch {
    output.textContent = `${answer.status}\n${text}`;
  }
}

document.getElementById("title").textContent = `${description.info.title} API ${description.info.version}`;
document.getElementById("description").replaceWith(
  ...description.info.description.trim().split("\n\n").map((text) => prose("p", text)));
const byTag = new Map();
for (const [path, methods] of Object.entries(description.paths)) {
  for (const [method, details] of Object.entries(methods)) {
    const tag = details.tags?.[0] ?? "other";
    byTag.set(tag, [...(byTag.get(tag) ?? []), operation(path, method, details)]);
  }
}
for (const [tag, boxes] of byTag) document.getElementById("operations").append(node("h2", tag), ...boxes);
for (const [name, schema] of Object.entries(schemas)) {
  document.getElementById("schemas").append(
    node("details", "", node("summary", "", node("code", name)),
      ...(schema.description ? [prose("p", schema.description)] : []), fields(schema)));
}
