// Decide the gateway's requests with sark, from Node.
//
// Usage: demo_node.mjs POLICY_DIR DATA_JSON REQUESTS_JSONL ACI_DIR OUT_FILE    (see demo.py)

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, parse } from "node:path";
import { Engine, SarkError } from "sark-policy";

const read = (...path) => readFileSync(join(...path), "utf8");

function loadPolicies(engine, directory) {
  const files = readdirSync(directory).filter((file) => file.endsWith(".rego"));
  engine.loadPolicies(Object.fromEntries(files.map((file) => [parse(file).name, read(directory, file)])));
}

/** A request's decision as a line. */
function decide(query, request) {
  try {
    return query.evaluateJson(request) ?? "undefined";
  } catch (error) {
    if (error instanceof SarkError) return `error ${error.status}`;
    throw error;
  }
}

/** Every request's decision, and the seconds that deciding took. */
function decideAll(policies, data, requests) {
  const engine = new Engine();
  loadPolicies(engine, policies);
  engine.setDataJson(read(data));
  const query = engine.prepare("data.gateway.decision");
  const started = performance.now();
  const lines = requests.map((request) => decide(query, request));
  const seconds = (performance.now() - started) / 1000;
  query.close();
  engine.close();
  return { lines, seconds };
}

/** Azure's confidential container policy, which is written in Rego v0. */
function decideAci(directory) {
  const engine = new Engine({ regoVersion: "v0" });
  loadPolicies(engine, directory);
  engine.setDataJson(read(directory, "data.json"));
  const answer = engine.evaluate("data.framework.mount_overlay", JSON.parse(read(directory, "input.json")));
  engine.close();
  return answer;
}

const [policies, data, requestsFile, aci, output] = process.argv.slice(2);
const requests = read(requestsFile).trimEnd().split("\n");
const { lines, seconds } = decideAll(policies, data, requests);
writeFileSync(output, lines.map((line) => `${line}\n`).join(""));

const errors = lines.filter((line) => line.startsWith("error ")).length;
const undefinedOnes = lines.filter((line) => line === "undefined").length;
const allowed = lines.filter((line) => line.startsWith("{") && JSON.parse(line).allow === true).length;
console.log(
  JSON.stringify({
    language: "node",
    decisions: lines.length,
    allowed,
    denied: lines.length - allowed - undefinedOnes - errors,
    undefined: undefinedOnes,
    errors,
    seconds,
    aci: decideAci(aci),
  }),
);
