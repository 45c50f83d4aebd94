// One decision in Node: medians and 99th percentiles in nanoseconds as JSON. Usage: decide.mjs POLICY INPUT PORT
import { readFileSync } from "node:fs";
import http from "node:http";
import { Cache, Client, Engine } from "sark-policy";

const LOCAL = 10_000, REMOTE = 1000;
const [policy, input, port] = [readFileSync(process.argv[2], "utf8"), JSON.parse(readFileSync(process.argv[3], "utf8")), process.argv[4]];

function summary(times) {
  times.sort((a, b) => a - b);
  return [times[times.length >> 1], times[Math.floor(times.length * 0.99)]];
}
function check(answer) {
  if (answer !== true) throw new Error(`not allowed: ${answer}`);
}
function measure(decide) {
  const times = [];
  for (let number = -1000; number < LOCAL; number += 1) {
    const start = process.hrtime.bigint();
    const answer = decide();
    if (number >= 0) times.push(Number(process.hrtime.bigint() - start));
    check(answer);
  }
  return summary(times);
}
async function measureRemote(ask) {
  const times = [];
  for (let number = -100; number < REMOTE; number += 1) {
    const start = process.hrtime.bigint();
    const answer = await ask();
    if (number >= 0) times.push(Number(process.hrtime.bigint() - start));
    check(answer);
  }
  return summary(times);
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const headers = { "Content-Type": "application/json" };
const byHttp = () =>
  new Promise((resolve, reject) => {
    const request = http.request({ host: "127.0.0.1", port, method: "POST", path: "/v1/data/authz/allow", agent, headers }, (response) => {
      const parts = [];
      response.on("data", (part) => parts.push(part)).on("end", () => resolve(JSON.parse(Buffer.concat(parts)).result));
    });
    request.on("error", reject).end(JSON.stringify({ input }));
  });
const byFetch = async () =>
  (await (await fetch(`http://127.0.0.1:${port}/v1/data/authz/allow`, { method: "POST", headers, body: JSON.stringify({ input }) })).json()).result;

const engine = new Engine();
engine.loadPolicy("authz", policy);
const client = new Client(engine), cached = new Client(engine, { cache: new Cache() });
const settings = { user: "ada" };
const figures = {
  decide: measure(() => client.decide("data.authz.allow", input, settings).allowed),
  cached: measure(() => cached.decide("data.authz.allow", input, settings).allowed),
  http: await measureRemote(byHttp),
  fetch: await measureRemote(byFetch),
};
console.log(JSON.stringify(figures));
process.exit(0);
