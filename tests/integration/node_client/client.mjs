// A client in another language, from the .proto files alone: makes a session, sends events over
// Converse and SendEvent, watches packets, is refused once, and ends the session.
//
// node client.mjs HOST:PORT PROTO_FOLDER    Prints what it saw as one line of JSON.

import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";

const [address, folder] = process.argv.slice(2);
const definition = loader.loadSync("capsulecast/v1/session_service.proto", {
  includeDirs: [folder], longs: Number, enums: String, defaults: true, oneofs: true,
});
const { SessionService } = grpc.loadPackageDefinition(definition).capsulecast.v1;
const client = new SessionService(address, grpc.credentials.createInsecure());
const deadline = () => ({ deadline: Date.now() + 10_000 });

const call = (method, request) => new Promise((resolve, reject) =>
  client[method](request, deadline(), (error, answer) => (error ? reject(error) : resolve(answer))));

const chat = (sequence, text) => ({ sequence, chat: { role: "CHAT_ROLE_USER", text } });

// The size on the wire, measured with the client's own serialiser.
const sizeOf = (packet) => SessionService.service.WatchPackets.responseSerialize({ packet }).length;

const { session } = await call("CreateSession", { options: { size: { width: 256, height: 256 } } });

const watched = [];
const watching = client.WatchPackets({ sessionId: session.id }, deadline());
watching.on("error", () => {});
watching.on("data", ({ packet }) => watched.push(packet));
const watchingEnded = new Promise((resolve) => watching.once("end", resolve));
await new Promise((resolve) => watching.once("metadata", resolve));

const converse = client.Converse(deadline());
const answers = [];
const enough = new Promise((resolve, reject) => {
  converse.on("error", reject);
  converse.on("data", (answer) => {
    answers.push(answer);
    if (answers.some(({ rejection }) => rejection) && answers.some(({ packet }) => packet?.speakText)) resolve();
  });
});
converse.write({ sessionId: session.id, event: { sequence: 1, emotion: { vad: { valence: 7 } } } });
converse.write({ event: chat(2, "Really? That is wonderful!") });
await enough;
converse.end();

const sent = await call("SendEvent", { sessionId: session.id, event: chat(3, "And now?") });
const refused = await call("SendEvent", { sessionId: session.id, event: chat(4, "") }).catch((error) => error);
const ended = await call("EndSession", { sessionId: session.id });
await watchingEnded;

console.log(JSON.stringify({
  fps: session.options.fps,
  kinds: answers.map(({ kind }) => kind),
  rejection: answers.find(({ rejection }) => rejection).rejection,
  spoken: answers.find(({ packet }) => packet?.speakText).packet.speakText,
  eventSequence: sent.packet.eventSequence,
  refused: { code: refused.code, details: refused.details },
  state: ended.session.state,
  packets: watched.length,
  blends: watched.flatMap(({ blends }) => blends.map(({ cid }) => cid)),
  largestBytes: Math.max(...watched.map(sizeOf)),
}));
client.close();
