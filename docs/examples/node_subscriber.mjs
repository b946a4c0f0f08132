// Follow the promotions of every cadre, from the first one on. Needs Node 20; first: npm install
//
//   node node_subscriber.mjs STATE.json [--run DATA/run.json] [--subject SUBJECT] [--once]
//
// Without --run the log is found by NATS_URL, NATS_USER and NATS_PASSWORD. STATE.json is this
// subscriber's memory: how far it has read, and what it has learnt. Prints one line per event.

import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { DeliverPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";

const STREAM = "HISTORY";
const PROMOTIONS = "history.*.cadre.*.promoted";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    run: { type: "string" },
    subject: { type: "string", default: PROMOTIONS },
    once: { type: "boolean", default: false },
  },
});
const [path] = positionals;
if (!path) throw new Error("usage: node node_subscriber.mjs STATE.json [--run run.json] [--once]");

const state = existsSync(path)
  ? JSON.parse(readFileSync(path, "utf8"))
  : { position: 0, events: {} };

// The position and what was learnt are kept together, in one step: then no event is lost.
function save() {
  writeFileSync(`${path}.new`, JSON.stringify(state));
  renameSync(`${path}.new`, path);
}

// A personal field arrives sealed, or forgotten; nobody but the services can open it.
function shown(value) {
  if (value?.sealed) return "(sealed)";
  if (value?.forgotten) return "(forgotten)";
  return typeof value === "object" ? "…" : String(value);
}

// Learn one event. To learn it again changes nothing: its id is known.
function take(message) {
  const body = message.json();
  const id = message.headers.get("ce-id");
  state.position = message.seq;
  state.signature = message.headers.get("ce-signature");
  if (id in state.events) return;
  state.events[id] = { effective_on: body.effective_on, superseded_by: null };
  const line = [message.seq, body.effective_on];
  line.push(message.headers.get("ce-type"), message.headers.get("ce-subject"));
  for (const [name, value] of Object.entries(body)) {
    const told = ["type", "effective_on", "cadre_id", "supersedes"].includes(name);
    if (!told && value !== null) line.push(`${name}=${shown(value)}`);
  }
  if (body.supersedes) {
    line.push(`corrects=${body.supersedes}`);
    const wrong = state.events[body.supersedes];
    if (wrong) wrong.superseded_by = id;
  }
  console.log(line.join(" "));
}

function credentials() {
  if (!options.run) {
    const { NATS_URL: url, NATS_USER: user, NATS_PASSWORD: password } = process.env;
    return { url, user, password };
  }
  const { nats } = JSON.parse(readFileSync(options.run, "utf8"));
  return { url: nats.url, ...nats.credentials.subscriber };
}

const { url, user, password } = credentials();
const client = await connect({
  servers: url,
  user,
  pass: password,
  inboxPrefix: `_INBOX_${user}`, // the only inbox this user may read
  maxReconnectAttempts: -1,
});

// The log must hold, where we are, the event that we read there. One put back from an older copy
// has another, or none: whoever read on would miss events.
const manager = await jetstreamManager(client, { checkAPI: false });
async function mustBeKnown() {
  if (!state.position || !state.signature) return;
  const held = await manager.streams
    .getMessage(STREAM, { seq: state.position })
    .catch((error) => (error.code === 10037 ? null : Promise.reject(error)));
  if (held?.header.get("ce-signature") === state.signature) return;
  const told = `position ${state.position} is not what was read there: the log is another branch`;
  console.error(`${told}; ask its operator, see subscribers.md`);
  process.exit(1);
}
await mustBeKnown();

// On every new connection it is looked at again, before anything that comes over it is taken.
let known = Promise.resolve();
(async () => {
  for await (const status of client.status()) {
    if (status.type === "reconnect") known = mustBeKnown();
  }
})();

// An ordered consumer: nothing to acknowledge; what is lost on the way is asked for again.
const consumer = await jetstream(client).consumers.get(STREAM, {
  filter_subjects: [options.subject],
  deliver_policy: DeliverPolicy.StartSequence,
  opt_start_seq: state.position + 1,
});

if (options.once) {
  let { num_pending: left } = await consumer.info();
  while (left > 0) {
    for await (const message of await consumer.fetch({ max_messages: 100, expires: 1000 })) {
      take(message);
      left = message.info.pending;
    }
    save();
  }
  await client.close();
} else {
  for await (const message of await consumer.consume()) {
    await known;
    take(message);
    save();
  }
}
