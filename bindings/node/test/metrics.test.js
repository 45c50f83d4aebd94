// Metrics of several processes, and in prom-client's registry.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import client from "prom-client";
import { Cache, Engine, Flags, InvalidArgument, Metrics, Unavailable } from "../src/index.js";

function busy(metrics) {
  const engine = new Engine({ metrics });
  engine.loadPolicy("p", "package p\n\nx := 1\n\ny := 1\n\ny := 2");
  for (let times = 0; times < 3; times++) engine.evaluate("data.p.x");
  assert.throws(() => engine.evaluate("data.p.y"));
  const cache = new Cache({ metrics });
  cache.set("k", "v");
  cache.get("k");
  cache.get("none");
  new Flags("memory:", { metrics }).setRollout('a "feature"\\\n', 12.5);
  return engine;
}

/** Lines of samples and types, the labels of each in order, numbers as numbers. */
function facts(text) {
  const inOrder = (labels) => labels.match(/\w+="(?:[^"\\]|\\.)*"/g).map((label) => label.replace(/^le="(.*)"$/, (_, le) => `le=${Number(le)}`)).sort();
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.replace(/\{(.*)\} /, (_, labels) => `{${inOrder(labels)}} `).replace(/ ([\d.e-]+)$/, (_, number) => ` ${Number(number)}`))
    .sort();
}

test("prom-client shows what sark renders, in both formats, beside the application's own", async () => {
  const metrics = new Metrics();
  const engine = busy(metrics);
  const registry = new client.Registry();
  metrics.registerWith(registry);
  assert.deepEqual(facts(await registry.metrics()), facts(metrics.render()));
  new client.Counter({ name: "own_total", help: "The application's.", registers: [registry] }).inc();
  engine.evaluate("data.p.x");
  // What is new since is there at the next scrape but one at the latest.
  new Flags(`file:${join(tmpdir(), `sark-${process.pid}.json`)}`, { metrics }).close();
  await registry.metrics();
  await new Promise(setImmediate);
  const text = await registry.metrics();
  assert.match(text, /^opa_evaluations_total\{implementation="rust"\} 4$/m);
  assert.match(text, /^own_total 1$/m);
  assert.equal((await registry.getSingleMetric("opa_evaluation_duration_seconds").get()).values.length, 2 * 28);
});

test("prom-client's OpenMetrics is sark's, but for units", async () => {
  const metrics = new Metrics();
  busy(metrics);
  const registry = new client.Registry(client.Registry.OPENMETRICS_CONTENT_TYPE);
  metrics.registerWith(registry);
  const ours = metrics.renderOpenMetrics().replace(/^# UNIT .*\n/gm, "");
  assert.deepEqual(facts(await registry.metrics()), facts(ours));
  metrics.close();
  // One look serves all that is asked at once.
  await new Promise(setImmediate);
  await assert.rejects(registry.metrics(), { name: "Closed" });
});

test("processes with one directory add up", () => {
  const folder = mkdtempSync(join(tmpdir(), "sark-metrics-"));
  const directory = join(folder, "metrics");
  const script = `
    import { Engine, Metrics } from ${JSON.stringify(new URL("../src/index.js", import.meta.url).href)};
    const engine = new Engine({ metrics: new Metrics({ directory: ${JSON.stringify(directory)} }) });
    engine.loadPolicy("p", "package p\\n\\nx := 1");
    for (let times = 0; times < 5; times++) engine.evaluate("data.p.x");
    process.kill(process.pid, "SIGKILL");`;
  const metrics = new Metrics({ directory });
  for (let processes = 0; processes < 2; processes++) {
    assert.throws(() => execFileSync(process.execPath, ["--input-type=module", "-e", script], { stdio: "inherit" }), { signal: "SIGKILL" });
  }
  assert.match(metrics.render(), /^opa_evaluations_total\{implementation="rust"\} 10$/m);
  assert.equal(readdirSync(directory).length, 3);
  metrics.close();
  rmSync(folder, { recursive: true });
});

test("a directory that cannot be used is refused", () => {
  assert.throws(() => new Metrics({ directory: "/dev/null/metrics" }), Unavailable);
  assert.throws(() => new Metrics({ directory: "" }), InvalidArgument);
  assert.throws(() => new Metrics({ directory: 7 }), InvalidArgument);
});
