// What the language-neutral cases cannot say: how the binding behaves as JavaScript.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import * as sark from "../src/index.js";
import { Cache, Client, Engine, Flags, Input, Metrics } from "../src/index.js";

const POLICY = `package authz

default allow := false

allow if input.role == "admin"

echo := input.value
`;

function makeEngine(options) {
  const engine = new Engine(options);
  engine.loadPolicy("authz", POLICY);
  return engine;
}

test("a closed object throws Closed, and closing twice is harmless", () => {
  const engine = makeEngine();
  const [query, input, client] = [engine.prepare("authz"), new Input(engine, {}), new Client(engine)];
  const [cache, flags, metrics, update] = [new Cache(), new Flags(), new Metrics(), engine.update()];
  assert.deepEqual(query.evaluate(input), { allow: false });
  for (const thing of [query, input, client, cache, flags, metrics, update, engine]) {
    thing.close();
    thing.close();
  }
  for (const call of [
    () => engine.evaluate("authz", {}),
    () => engine.revision,
    () => engine.prepare("authz"),
    () => query.evaluate({}),
    () => query.allows({}),
    () => query.evaluateBatch([{}]),
    () => client.decide("authz", {}),
    () => cache.get("key"),
    () => cache.size,
    () => flags.isEnabled("feature", "user"),
    () => metrics.render(),
    () => update.commit(),
  ]) {
    assert.throws(call, sark.Closed);
  }
});

test("a query of a closed engine answers Closed", () => {
  const engine = makeEngine();
  const query = engine.prepare("data.authz.allow");
  engine.close();
  assert.throws(() => query.evaluate({}), sark.Closed);
  query.close();
});

test("Symbol.dispose closes", () => {
  const cache = new Cache();
  cache[Symbol.dispose]();
  assert.throws(() => cache.get("key"), { name: "Closed", status: "CLOSED" });
});

test("null, false and undefined are three answers", () => {
  const engine = makeEngine();
  assert.equal(engine.evaluate("data.authz.echo", { value: null }), null);
  assert.equal(engine.evaluate("data.authz.echo", { value: false }), false);
  assert.equal(engine.evaluate("data.authz.echo", {}), undefined);
  assert.equal(engine.evaluate("data.authz.echo"), undefined);
  engine.close();
});

test("no input is not null", () => {
  const engine = new Engine();
  engine.loadPolicy("whole", "package whole\n\nvalue := input");
  assert.equal(engine.evaluate("data.whole.value", null), null);
  assert.equal(engine.evaluate("data.whole.value"), undefined);
  assert.equal(engine.evaluateJson("data.whole.value", "null"), "null");
  assert.equal(engine.evaluateJson("data.whole.value"), undefined);
  engine.close();
});

test("errors carry status, code, message and locations", () => {
  const engine = makeEngine();
  try {
    engine.loadPolicy("broken", "package broken\n\nallow if {");
    assert.fail("a broken policy was loaded");
  } catch (error) {
    assert.ok(error instanceof sark.CompilationError && error instanceof sark.SarkError && error instanceof Error);
    assert.equal(error.status, "COMPILATION_ERROR");
    assert.equal(error.code, "rego_parse_error");
    assert.equal(error.name, "CompilationError");
    assert.ok(error.locations[0].row >= 3);
  }
  assert.throws(() => engine.evaluate("nowhere", {}), sark.PolicyNotFound);
  assert.throws(() => engine.evaluateJson("authz", '{"role": '), (error) => error instanceof sark.SerializationError && error.offset >= 0);
  engine.close();
});

test("what JSON cannot say is refused", () => {
  const engine = makeEngine();
  const circle = [];
  circle.push(circle);
  let deep = [];
  for (let level = 0; level < 100_000; level += 1) deep = [deep];
  for (const value of [circle, deep, 5n, () => 1, Symbol("s")]) {
    assert.throws(() => engine.evaluate("authz", value), sark.SerializationError);
  }
  engine.close();
});

test("arguments of the wrong type or out of range are refused", () => {
  const engine = makeEngine();
  for (const call of [
    () => engine.evaluate(5, {}),
    () => engine.loadPolicy("name", null),
    () => engine.loadPolicy("lone \ud800", "package p"),
    () => engine.evaluateJson("authz", 5),
    () => new Engine({ timeoutMs: -1 }),
    () => new Engine({ timeoutMs: NaN }),
    () => new Engine({ maxInputBytes: 0 }),
    () => new Engine({ regoVersion: "v9" }),
    () => new Engine({ regoVersion: "toString" }),
    () => new Engine({ evaluator: "opa" }),
    () => engine.query(5),
    () => engine.query("x := 1", {}, { regoVersion: "v9" }),
    () => new Client({}),
    () => new Client(engine, { cache: {} }),
    () => new Cache().get("lone \udfff"),
    () => new Flags().setRollout("feature", "50"),
    () => new Flags().setRollout("feature", 100.01),
  ]) {
    assert.throws(call, sark.InvalidArgument);
  }
  assert.equal(engine.evaluate("data.authz.allow", { role: "admin" }), true);
  engine.close();
});

test("a query gives an array of objects", () => {
  const engine = makeEngine();
  engine.setData({ roles: { ada: ["admin", "dev"] } });
  assert.deepEqual(engine.query("role := data.roles[user][_]"), [
    { role: "admin", user: "ada" },
    { role: "dev", user: "ada" },
  ]);
  assert.deepEqual(engine.query("data.authz.allow", { role: "admin" }), [{}]);
  assert.deepEqual(engine.query("input == null"), []);
  assert.deepEqual(engine.query("input == null", null), [{}]);
  assert.equal(engine.queryJson("x := input.n", '{"n":1.0}'), '[{"x":1.0}]');
  assert.deepEqual(engine.query("1 == 1 or 1 == 2", undefined, { regoVersion: "v2" }), [{}]);
  assert.throws(() => engine.query("x := 1;\n y > 3"), (error) => error instanceof sark.CompilationError && error.locations[0].row === 2);
  engine.close();
});

test("numbers stay as written in JSON", () => {
  const engine = makeEngine();
  const number = "123456789012345678901234567890";
  assert.equal(engine.evaluateJson("data.authz.echo", `{"value":${number}}`), number);
  engine.close();
});

test("text of every length and kind arrives whole", () => {
  const engine = makeEngine();
  const query = engine.prepare("data.authz.echo");
  for (const value of ["", "a\u0000b", "ключ ✓ 𝄞", "x".repeat(100_000), "é".repeat(3_000_000)]) {
    assert.equal(query.evaluate({ value }), value);
    assert.equal(engine.evaluate("data.authz.echo", { value }), value);
  }
  assert.equal(query.evaluate({ value: "small again" }), "small again");
  assert.equal(query.evaluate({ value: "lone \ud800" }), "lone \ufffd");
  engine.loadPolicy("long ✓", `package long\n\n# ${"é".repeat(200_000)}\nanswer := 42`);
  assert.deepEqual(engine.evaluate("long ✓", {}), { answer: 42 });
  engine.close();
});

test("a cache keeps any bytes, and gives bytes of one's own", () => {
  const cache = new Cache({ defaultTtlMs: Infinity });
  cache.set(Buffer.from("ff00", "hex"), Buffer.from("00ff", "hex"), { ttlMs: Infinity });
  cache.set("empty", "");
  cache.set(new Uint8Array(0), "of no bytes");
  const value = cache.get(Buffer.from("ff00", "hex"));
  assert.equal(cache.get("empty").length, 0);
  assert.equal(cache.get("").toString(), "of no bytes");
  assert.deepEqual(value, Buffer.from("00ff", "hex"));
  assert.equal(cache.get("nothing"), undefined);
  assert.equal(cache.size, 3);
  cache.close();
});

test("an object's toJSON may call sark in the middle of a call", () => {
  const engine = makeEngine();
  const query = engine.prepare("data.authz.echo");
  const nested = { value: { toJSON: () => query.evaluate({ value: "inner, and longer" }) } };
  assert.equal(query.evaluate(nested), "inner, and longer");
  engine.close();
});

test("an update is all or nothing", () => {
  const engine = makeEngine();
  const before = engine.revision;
  assert.throws(() => engine.loadPolicies({ good: "package good", bad: "package bad\n\nx if {" }), sark.CompilationError);
  assert.equal(engine.revision, before);
  assert.deepEqual(engine.policyNames(), ["authz"]);
  const update = engine.update();
  update.setData({ name: "Ada" });
  engine.patchData("/other", 1);
  assert.throws(() => update.commit(before), sark.Conflict);
  assert.equal(update.commit(), engine.revision);
  engine.close();
});

test("a batch gives errors as values", () => {
  const engine = new Engine();
  engine.loadPolicy("p", "package p\n\nq := input.n\n\nq := 2 if input.n == 1");
  const query = engine.prepare("data.p.q");
  const [first, second, third, fourth] = query.evaluateBatch([{ n: 5 }, {}, { n: 1 }, { n: null }]);
  assert.equal(first, 5);
  assert.equal(second, undefined);
  assert.ok(third instanceof sark.EvaluationError);
  assert.equal(fourth, null);
  assert.deepEqual(query.evaluateBatch([]), []);
  engine.close();
});

test("a decision says how it came about", () => {
  const engine = makeEngine();
  const client = new Client(engine, { cache: new Cache(), metrics: new Metrics() });
  const decision = client.decide("authz", { role: "admin" });
  assert.equal(decision.allowed, true);
  assert.deepEqual(decision.result, { allow: true });
  assert.deepEqual([decision.implementation, decision.fallback, decision.revision], ["rust", "", engine.revision]);
  assert.ok(decision.durationMs > 0 && decision.phases.evaluateMs >= 0);
  assert.throws(() => {
    decision.allowed = false;
  }, TypeError);
  assert.equal(client.decide("data.authz.nothing", {}, { user: "ada" }).result, undefined);
  engine.close();
});

test("dropped objects are freed by the garbage collector", () => {
  const program = `
    import { Cache, Engine } from ${JSON.stringify(new URL("../src/index.js", import.meta.url).href)};
    import { setImmediate as turn } from "node:timers/promises";
    const value = Buffer.alloc(1 << 20);
    for (let round = 0; round < 300; round += 1) {
      new Cache().set("key", value);
      new Engine().prepare("data.nothing");
      if (round % 20 === 0) { globalThis.gc(); await turn(); }
    }
    console.log(process.memoryUsage().rss < (200 << 20) ? "freed" : process.memoryUsage().rss);
  `;
  const done = spawnSync(process.execPath, ["--expose-gc", "--input-type=module", "--eval", program], { encoding: "utf8", timeout: 60_000 });
  assert.deepEqual([done.status, done.stdout.trim(), done.stderr], [0, "freed", ""]);
});

test("worker threads have their own", async () => {
  const program = `
    const { parentPort } = require("node:worker_threads");
    import(${JSON.stringify(new URL("../src/index.js", import.meta.url).href)}).then(({ Engine }) => {
      const engine = new Engine();
      engine.loadPolicy("p", "package p\\n\\nx := input.n * 2");
      parentPort.postMessage(engine.evaluate("data.p.x", { n: 21 }));
      engine.close();
    });
  `;
  const answers = await Promise.all(
    [1, 2].map(() => new Promise((resolve, reject) => new Worker(program, { eval: true }).once("message", resolve).once("error", reject))),
  );
  assert.deepEqual(answers, [42, 42]);
});

test("every export is declared, and the other way round", () => {
  const declarations = readFileSync(fileURLToPath(new URL("../src/index.d.ts", import.meta.url)), "utf8");
  const declared = [...declarations.matchAll(/^export (?:class|const) (\w+)/gm)].map(([, name]) => name);
  assert.deepEqual(Object.keys(sark).sort(), declared.sort());
  assert.match(sark.version, /^\d+\.\d+\.\d+/);
});
