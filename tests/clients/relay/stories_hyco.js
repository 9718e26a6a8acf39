// Stories of hyco-https 1.4.5, Microsoft's listener for Azure Relay, against the Relay emulator over WSS and HTTPS. It listens; the
// sender is Node's own https. One JSON line for each story. RELAY_URL and GATEWAY_URL say where the emulators are, NODE_EXTRA_CA_CERTS
// names the test authority; packages come from NODE_PATH.
"use strict";

const assert = require("assert");
const crypto = require("crypto");
const http = require("http");
const hyco = require("hyco-https");
const https = require("https");

const relay = new URL(process.env.RELAY_URL);
const PATH = "hyco";
// Its own createRelayListenUri always says port 443; an emulator has another, so the documented form is written out.
const LISTEN_URI = `wss://${relay.host}/$hc/${PATH}?sb-hc-action=listen`;
const LISTEN_KEY = "bGlzdGVuLWxpc3Rlbi1saXN0ZW4tbGlzdGVuLWxpc3Q=";
const SEND_KEY = "c2VuZC1zZW5kLXNlbmQtc2VuZC1zZW5kLXNlbmQtc2U=";
const SECRET = "gateway-secret-of-thirty-two-characters";

const sendToken = () => hyco.createRelayToken(`https://${relay.hostname}/${PATH}`, "send", SEND_KEY);
const digest = (bytes) => crypto.createHash("sha256").update(bytes).digest("hex");

/** Sends a request; {status, headers, body}. */
function send(method, path, { body, headers = {}, token = sendToken() } = {}) {
  const all = { ...headers, ...(token ? { ServiceBusAuthorization: token } : {}) };
  if (body !== undefined) all["Content-Length"] = Buffer.byteLength(body);
  return new Promise((resolve, reject) => {
    const request = https.request(
      { hostname: relay.hostname, port: relay.port, path: `/${PATH}${path}`, method, headers: all, agent: false },
      (answer) => {
        const parts = [];
        answer.on("data", (part) => parts.push(part));
        answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts) }));
        answer.on("error", reject);
      },
    );
    request.on("error", reject);
    request.end(body);
  });
}

/** The whole body of a request, as a listener gets it. */
function read(request) {
  return new Promise((resolve, reject) => {
    const parts = [];
    request.on("data", (part) => parts.push(Buffer.from(part)));
    request.on("end", () => resolve(Buffer.concat(parts)));
    request.on("error", reject);
  });
}

/** What the listener does with a request. */
async function handle(request, response) {
  const body = await read(request);
  const path = request.url.slice(`/${PATH}`.length);
  if (path.startsWith("/v1/")) return forward(request, body, response);
  if (path.startsWith("/large/")) return response.end("x".repeat(Number(path.slice(7))));
  if (path === "/nothing") {
    response.writeHead(204);
    return response.end();
  }
  response.writeHead(203, { "Content-Type": "application/json", "X-Own": "kept" });
  const told = { method: request.method, url: request.url, headers: request.headers, length: body.length, sha256: digest(body) };
  return response.end(JSON.stringify(told));
}

/** Passes a request on to the gateway, as a gateway's own listener does. */
function forward(request, body, response) {
  const gateway = new URL(process.env.GATEWAY_URL);
  const options = { hostname: gateway.hostname, port: gateway.port, path: request.url, method: request.method, headers: request.headers };
  const onward = http.request(options, async (answer) => {
    const told = await read(answer);
    const { "content-length": _, connection: __, ...headers } = answer.headers;
    response.writeHead(answer.statusCode, headers);
    response.end(told);
  });
  onward.end(body);
}

/** A listener that is connected. */
function listen(key = LISTEN_KEY) {
  return new Promise((resolve, reject) => {
    const token = () => hyco.createRelayToken(LISTEN_URI, "listen", key);
    const server = hyco.createRelayedServer({ server: LISTEN_URI, token }, (request, response) => {
      handle(request, response).catch((error) => reject(error));
    });
    server.on("listening", () => resolve(server));
    server.on("error", (event) => {
      server.closeRequested = true;
      reject(new Error(event.message));
    });
    server.listen();
  });
}

const json = (answer) => JSON.parse(answer.body.toString());

const stories = {
  "a request and its answer go over the control channel": async () => {
    const answer = await send("GET", "/path%20a?x=1&sb-hc-id=5", { headers: { "X-Custom": "yes" } });
    const told = json(answer);
    assert.deepStrictEqual([answer.status, answer.headers["x-own"], told.method], [203, "kept", "GET"]);
    assert.deepStrictEqual([told.url, told.headers["x-custom"], told.length], [`/${PATH}/path%20a?x=1`, "yes", 0]);
    assert.match(answer.headers.via, /^1\.1 .*\.servicebus\.windows\.net$/);
    assert.strictEqual(told.headers.servicebusauthorization, undefined);
  },
  "a small body arrives whole": async () => {
    const body = "{\"text\":\"Grüße\"}";
    const told = json(await send("POST", "/", { body }));
    assert.deepStrictEqual([told.method, told.length, told.sha256], ["POST", Buffer.byteLength(body), digest(body)]);
  },
  "a request of 300 kB comes by rendezvous in fragments and arrives whole": async () => {
    const body = crypto.randomBytes(300_000);
    const told = json(await send("PUT", "/", { body }));
    assert.deepStrictEqual([told.method, told.length, told.sha256], ["PUT", body.length, digest(body)]);
  },
  "a response of 300 kB goes by rendezvous and arrives whole": async () => {
    const answer = await send("GET", "/large/300000");
    assert.deepStrictEqual([answer.status, answer.body.length], [200, 300_000]);
    assert.ok(answer.headers.via && answer.body.every((byte) => byte === 120));
  },
  "an answer without a body does not disturb the next": async () => {
    const answer = await send("GET", "/nothing");
    assert.deepStrictEqual([answer.status, answer.body.length], [204, 0]);
    assert.strictEqual((await send("GET", "/after")).status, 203);
  },
  "Authorization passes when Relay's token travels beside it, and not when it is Relay's": async () => {
    const beside = json(await send("GET", "/", { headers: { Authorization: "Bearer own" } }));
    assert.strictEqual(beside.headers.authorization, "Bearer own");
    const instead = json(await send("GET", "/", { headers: { Authorization: sendToken() }, token: null }));
    assert.strictEqual(instead.headers.authorization, undefined);
  },
  "twenty requests at a time are not mixed up": async () => {
    const numbers = [...Array(20).keys()];
    const told = await Promise.all(numbers.map((number) => send("POST", `/${number}`, { body: "x".repeat(number) })));
    told.map(json).forEach((seen, number) => assert.deepStrictEqual([seen.url, seen.length], [`/${PATH}/${number}`, number]));
  },
  "an incident is created in the gateway behind this listener and read back": async () => {
    const headers = { Authorization: `Bearer ${SECRET}`, "Content-Type": "application/json", "Idempotency-Key": "az-1-1" };
    const body = JSON.stringify({ properties: { Title: "Over Relay", Impact: "High", Urgency: "High" }, affectedComputers: ["web01"] });
    const made = await send("POST", "/v1/incidents", { body, headers });
    assert.deepStrictEqual([made.status, json(made).linked], [201, ["web01.contoso.com"]]);
    const again = await send("POST", "/v1/incidents", { body, headers });
    assert.deepStrictEqual([again.status, json(again).id, again.headers["idempotent-replayed"]], [200, json(made).id, "true"]);
    const seen = json(await send("GET", `/v1/incidents/${json(made).id}`, { headers: { Authorization: `Bearer ${SECRET}` } }));
    assert.deepStrictEqual([seen.title, seen.priority, seen.computers], ["Over Relay", 1, ["web01.contoso.com"]]);
    const refused = await send("GET", "/v1/health", { headers: { Authorization: "Bearer wrong" } });
    assert.ok(refused.status === 401 && refused.headers.via, "the gateway's own refusal has Via");
  },
  "a sender without a good token is refused by Relay itself": async () => {
    const uri = `https://${relay.hostname}/${PATH}`;
    const tokens = [
      [null, 401],
      [hyco.createRelayToken(uri, "send", "another key"), 401],
      [hyco.createRelayToken(uri, "send", SEND_KEY, -10), 401],
      [hyco.createRelayToken(uri, "listen", LISTEN_KEY), 403],
    ];
    for (const [token, status] of tokens) {
      const answer = await send("GET", "/", { token });
      assert.deepStrictEqual([answer.status, answer.headers.via], [status, undefined]);
    }
  },
  "a listener without a good token is refused": async () => {
    await assert.rejects(listen("another key"), /401/);
  },
};

async function main() {
  const tell = (story, error) => console.log(JSON.stringify({ client: "hyco-https", story, error }));
  const run = async (story, work) => {
    try {
      await work();
      tell(story, null);
    } catch (error) {
      tell(story, `${error.message}`.split("\n").slice(0, 6).join(" "));
    }
  };
  let server;
  await run("it listens", async () => {
    server = await listen();
  });
  for (const [story, work] of Object.entries(stories)) await run(story, work);
  await run("when it closes, senders get 502 without Via", async () => {
    await new Promise((resolve) => {
      server.on("close", resolve);
      server.close();
    });
    const answer = await send("GET", "/");
    assert.deepStrictEqual([answer.status, answer.headers.via], [502, undefined]);
  });
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
