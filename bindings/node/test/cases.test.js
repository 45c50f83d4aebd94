// Runs the language-neutral cases of tests/cases through the public API.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Admin, Cache, Client, DecisionLog, Engine, Flags, Input, Metrics, SarkError, Ticket } from "../src/index.js";

const directory = new URL("../../../tests/cases/", import.meta.url);
const MISS = Symbol("miss");
const SKIP = Symbol("skip");

const octets = (value) => (typeof value === "object" ? Buffer.from(value.hex, "hex") : value);
const parsed = (text) => (text === undefined ? undefined : JSON.parse(text));
const sendData = (target, { data, json }) => (json === undefined ? target.setData(data) : target.setDataJson(json));
const sendPatch = (target, { path, data, json }) => (json === undefined ? target.patchData(path, data) : target.patchDataJson(path, json));

/** The case's own directory. */
const directoryOf = (its) => (its.directory ??= mkdtempSync(join(tmpdir(), "sark-case-")));

/** Renamed into its place: whoever watches it never sees a half of it. */
function writeTo(directory, name, text) {
  const [path, partial] = [join(directory, name), join(directory, ".partial")];
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(partial, text);
  renameSync(partial, path);
}

/** The next event within a time, for which the binding itself does not wait. */
async function nextWithin(source, timeoutMs = 0) {
  const end = performance.now() + timeoutMs;
  let event = source.nextEvent();
  for (; event === undefined && performance.now() < end; event = source.nextEvent()) await sleep(10);
  return event;
}

/** Without what is not there. */
const said = (whole) =>
  Object.fromEntries(
    Object.entries(whole).filter(([, value]) => (typeof value === "object" && value !== null ? Object.keys(value).length > 0 : value)),
  );

const subResultsJson = (cases) =>
  Object.fromEntries(
    Object.entries(cases).map(([key, { name, fail, failure, subResults }]) => [
      key,
      said({ name, fail, failure, sub_results: subResultsJson(subResults) }),
    ]),
  );

/** A test's result as the library writes it. */
const testJson = ({ durationMs, outputDropped, subResults, output, passed, ...rest }) =>
  said({
    ...rest,
    duration: durationMs * 1e6,
    output: Buffer.from(output).toString("base64"),
    output_dropped: outputDropped,
    sub_results: subResultsJson(subResults),
  });

/** A function for each call. `its` holds the case's objects, one of each noun, and the last revision that it asked for. */
const calls = {
  sleep: (its, { ms }) => sleep(ms),
  "files.write": (its, texts) => Object.entries(texts).forEach(([name, text]) => writeTo(directoryOf(its), name, text)),

  "metrics.new": (its) => void (its.metrics = new Metrics()),
  "metrics.render": (its) => its.metrics.render(),
  "metrics.render_openmetrics": (its) => its.metrics.renderOpenMetrics(),

  "engine.new": (its, args) => {
    its.engine = new Engine({
      regoVersion: args.rego_version,
      timeoutMs: args.timeout_ms,
      maxInputBytes: args.max_input_bytes,
      maxPolicyBytes: args.max_policy_bytes,
      maxDataBytes: args.max_data_bytes,
      metrics: its.metrics,
      evaluator: args.evaluator,
      strict: args.strict,
      printStatements: args.print_statements,
      schemaAnnotations: args.schema_annotations,
    });
  },
  "engine.load_policy": (its, { name, rego, rego_version: regoVersion }) => void its.engine.loadPolicy(name, rego, { regoVersion }),
  "engine.remove_policy": (its, { name }) => its.engine.removePolicy(name),
  "engine.has_policy": (its, { name }) => its.engine.hasPolicy(name),
  "engine.clear_policies": (its) => its.engine.clearPolicies(),
  "engine.sources": (its) => its.engine.sources(),
  "engine.capabilities": (its) => its.engine.capabilities(),
  "engine.inspect": (its) => its.engine.inspect(),
  "engine.run_tests": (its, { run, timeout_ms: timeoutMs, coverage }) => {
    if (!coverage) return its.engine.runTests({ run, timeoutMs }).map(testJson);
    const report = its.engine.coverTests({ run, timeoutMs });
    return { ...report, results: report.results.map(testJson) };
  },
  "engine.next": (its, { timeout_ms: timeoutMs }) => nextWithin(its.engine, timeoutMs),
  "engine.policy_names": (its) => its.engine.policyNames(),
  "engine.revision": (its) => its.engine.revision,
  "engine.close": (its) => its.engine.close(),
  "engine.set_data": (its, args) => void sendData(its.engine, args),
  "engine.set_schema": (its, { path, schema, json }) =>
    void (json === undefined ? its.engine.setSchema(path, schema) : its.engine.setSchemaJson(path, json)),
  "engine.patch_data": (its, args) => void sendPatch(its.engine, args),
  "engine.allow_net": (its, { hosts, ca_file: caFile, timeout_ms: timeoutMs }) => its.engine.allowNet(hosts, { caFile, timeoutMs }),
  "engine.set_runtime": (its, { runtime }) => its.engine.setRuntime(runtime),
  "engine.evaluate": (its, { policy, input, json, strict, timeout_ms: timeoutMs, time_ns: at, seed }) => {
    const timeNs = at === undefined ? undefined : BigInt(at);
    return json === undefined
      ? its.engine.evaluate(policy, input, { strict, timeoutMs, timeNs, seed })
      : parsed(its.engine.evaluateJson(policy, json, { strict, timeoutMs, timeNs, seed }));
  },
  "engine.evaluate_json": (its, { policy, input, json, strict, timeout_ms: timeoutMs }) =>
    its.engine.evaluateJson(policy, json ?? JSON.stringify(input), { strict, timeoutMs }),
  "engine.explain": (its, { policy, input, explain, events, strict, timeout_ms: timeoutMs }) => {
    const { result, lines, events: steps } = its.engine[events ? "trace" : "explain"](policy, input, { explain, strict, timeoutMs });
    return { explanation: steps ?? lines, ...(result === undefined ? {} : { result }) };
  },
  "engine.query": (its, { query, input, json, strict, timeout_ms: timeoutMs, rego_version: regoVersion }) =>
    json === undefined
      ? its.engine.query(query, input, { strict, timeoutMs, regoVersion })
      : parsed(its.engine.queryJson(query, json, { strict, timeoutMs, regoVersion })),
  "engine.query_json": (its, { query, input, json, strict, timeout_ms: timeoutMs, rego_version: regoVersion }) =>
    its.engine.queryJson(query, json ?? JSON.stringify(input), { strict, timeoutMs, regoVersion }),
  "engine.prepare": (its, { policy }) => void (its.query = its.engine.prepare(policy)),

  "query.evaluate": (its, { input, json }) => (json === undefined ? its.query.evaluate(input) : parsed(its.query.evaluateJson(json))),
  "query.allows": (its, { input, json }) => (json === undefined ? its.query.allows(input) : its.query.allowsJson(json)),
  "query.evaluate_input": (its) => its.query.evaluate(its.input),
  "query.evaluate_batch": (its, { inputs }) => its.query.evaluateBatch(inputs),
  "query.close": (its) => its.query.close(),
  "input.parse": (its, { input, json }) =>
    void (its.input = json === undefined ? new Input(its.engine, input) : Input.fromJson(its.engine, json)),
  "input.close": (its) => its.input.close(),

  "update.new": (its) => void (its.update = its.engine.update()),
  "update.load_policy": (its, { name, rego, rego_version: regoVersion }) => its.update.loadPolicy(name, rego, { regoVersion }),
  "update.remove_policy": (its, { name }) => its.update.removePolicy(name),
  "update.clear_policies": (its) => its.update.clearPolicies(),
  "update.set_data": (its, args) => sendData(its.update, args),
  "update.patch_data": (its, args) => sendPatch(its.update, args),
  "update.commit": (its, { expected }) => void its.update.commit(expected === "last" ? its.revision : undefined),

  "cache.new": (its, args) => {
    its.cache = new Cache({
      maxEntries: args.max_entries,
      maxBytes: args.max_bytes,
      defaultTtlMs: args.default_ttl_ms,
      metrics: its.metrics,
    });
  },
  "cache.get": (its, { key }) => its.cache.get(octets(key)) ?? MISS,
  "cache.set": (its, { key, value, ttl_ms: ttlMs }) => its.cache.set(octets(key), octets(value), { ttlMs }),
  "cache.remove": (its, { key }) => its.cache.remove(octets(key)),
  "cache.clear": (its) => its.cache.clear(),
  "cache.len": (its) => its.cache.size,
  "cache.bytes": (its) => its.cache.bytes,
  "cache.cleanup_expired": (its) => its.cache.cleanupExpired(),
  "cache.stats": (its) => its.cache.stats(),
  "cache.close": (its) => its.cache.close(),

  "flags.new": (its, { url }) => void (its.flags = new Flags(url, { metrics: its.metrics })),
  "flags.bucket": (its, { feature, user }) => Flags.bucket(feature, user === undefined ? "" : octets(user)),
  "flags.is_enabled": (its, { feature, user }) => its.flags.isEnabled(feature, user === undefined ? undefined : octets(user)),
  "flags.set_rollout": (its, { feature, percentage, ...by }) => its.flags.setRollout(feature, percentage === "NaN" ? NaN : percentage, by),
  "flags.rollout": (its, { feature }) => its.flags.rollout(feature),
  "flags.rollback": (its, { feature, ...by }) => its.flags.rollback(feature, by),
  "flags.rollback_all": (its, by) => its.flags.rollbackAll(by),
  "flags.history": (its, options) => its.flags.history(options),
  "flags.status": (its) => its.flags.status(),
  "flags.force": (its, { side }) => its.flags.force(side),
  "flags.list": (its) => its.flags.list(),
  "flags.close": (its) => its.flags.close(),

  "admin.new": (its, { tokens, allow_anonymous: allowAnonymous }) => {
    const list = tokens?.map(({ name, token, role }) => ({ name, secret: token, role }));
    its.admin = new Admin(its.flags, { tokens: list, allowAnonymous, engine: its.engine, cache: its.cache, metrics: its.metrics, client: its.client });
  },
  "admin.handle": async (its, { method, target, headers = "", body }) => {
    const fields = Object.fromEntries(headers.split("\r\n").filter(Boolean).map((line) => line.split(": ")));
    const answer = await its.admin.handle(method, target, fields, body);
    return { ...answer, body: jsonOrText(answer.body.toString()) };
  },
  "admin.close": (its) => its.admin.close(),
  "client.new": (its, { cache, flags, opa_url: url, feature, mode, shadow_rate: rate, decision_log: log }) => {
    const opaUrl = url === "$OPA" ? process.env.SARK_TEST_OPA_URL : url;
    if (url !== undefined && !opaUrl) return SKIP;
    its.client = new Client(its.engine, {
      cache: cache ? its.cache : undefined,
      flags: flags ? its.flags : undefined,
      opaUrl,
      feature,
      metrics: its.metrics,
      decisionLog: log ? its.decisionLog : undefined,
      mode: mode === "remote_first" ? "remoteFirst" : mode,
      shadow: rate === undefined ? undefined : { rate: rate / 100 },
    });
    return undefined;
  },
  "client.status": (its) => its.client.status(),
  "client.set_mask": (its, { pointers }) => its.client.setMask(pointers),
  "client.next": (its) => its.client.nextEvent(),
  "client.decide": (its, { policy, input, json, user }) => {
    const settings = user === undefined ? undefined : { user: octets(user) };
    return json === undefined ? its.client.decide(policy, input, settings) : its.client.decideJson(policy, json, settings);
  },
  "client.begin": (its, { policy, input, status, body, fail }) => {
    const begun = its.client.begin(policy, input);
    if (!(begun instanceof Ticket)) return begun;
    if (fail !== undefined) return begun.fail(fail);
    return status === undefined ? begun.run() : begun.complete(status, body);
  },
  "client.replay": (its, { log }) => its.client.replay(log),
  "client.close": (its) => its.client.close(),

  "decision_log.new": (its, { location, max_waiting: maxWaiting }) => void (its.decisionLog = new DecisionLog(location, { maxWaiting, metrics: its.metrics })),
  "decision_log.next": (its) => its.decisionLog.next(),
  "decision_log.flush": (its, { timeout_ms: timeoutMs }) => its.decisionLog.flush(timeoutMs),
  "decision_log.status": (its) => its.decisionLog.status(),
  "decision_log.close": (its) => its.decisionLog.close(),

  "source.new": (its, { url, config }) => void (its.source = its.engine.follow(url.replace("${dir}", directoryOf(its)), config)),
  "source.wait": (its, { timeout_ms: timeoutMs }) => its.source.wait(timeoutMs),
  "source.trigger": (its) => its.source.trigger(),
  "source.next": (its, { timeout_ms: timeoutMs }) => nextWithin(its.source, timeoutMs),
  "source.status": (its) => its.source.status(),
  "source.close": (its) => its.source.close(),
};

/** What a call gave: its value, or the error that it threw. */
async function attempt(its, { call, args = {} }) {
  try {
    return await calls[call](its, args);
  } catch (error) {
    if (error instanceof SarkError) return error;
    throw error;
  }
}

const checks = {
  value: (expected, actual) => assert.deepEqual(actual, Buffer.isBuffer(actual) ? Buffer.from(octets(expected)) : expected),
  like: (expected, actual) => assert.deepEqual(alike(actual, expected), expected),
  undefined: (_, actual) => assert.equal(actual, undefined),
  miss: (_, actual) => assert.equal(actual, MISS),
  values: (expected, actual, its) => {
    assert.equal(actual.length, expected.length);
    expected.forEach((each, number) => check(each, actual[number], its));
  },
  changed: (expected, actual, its) => assert.equal(actual !== its.revision, expected),
  contains: (expected, actual) => {
    const lines = new Set(actual.split("\n"));
    for (const line of expected) assert.ok(lines.has(line), `no line ${line} in\n${actual}`);
  },
  decision: ({ undefined: isUndefined, ...fields }, actual) => {
    if (isUndefined !== undefined) assert.equal(actual.result === undefined, isUndefined);
    for (const [field, expected] of Object.entries(fields)) assert.deepEqual(actual[field], expected, field);
  },
};

function jsonOrText(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The value, its objects without the members that the model lacks. */
function alike(value, model) {
  if (Array.isArray(value) && Array.isArray(model)) return value.map((each, number) => alike(each, model[number]));
  if (value === null || typeof value !== "object" || model === null || typeof model !== "object") return value;
  const members = Object.keys(value).filter((name) => Object.hasOwn(model, name));
  return Object.fromEntries(members.map((name) => [name, alike(value[name], model[name])]));
}

function check(expect, actual, its) {
  if (expect.error !== undefined) return checkError(expect, actual);
  if (actual instanceof SarkError) throw actual;
  for (const [kind, expected] of Object.entries(expect)) checks[kind](expected, actual, its);
  return undefined;
}

function checkError({ error: status, code, message, row, col, offset }, actual) {
  assert.ok(actual instanceof SarkError, `${String(actual)} instead of ${status}`);
  assert.equal(actual.status, status, actual.message);
  if (code !== undefined) assert.equal(actual.code, code);
  if (message !== undefined) assert.ok(actual.message.includes(message), actual.message);
  if (row !== undefined) assert.equal(actual.locations[0].row, row);
  if (col !== undefined) assert.equal(actual.locations[0].col, col);
  if (offset !== undefined) assert.equal(actual.offset, offset);
}

async function run({ steps }, context) {
  const its = {};
  try {
    for (const [number, step] of steps.entries()) {
      const actual = await attempt(its, step);
      if (actual === SKIP) return context.skip("SARK_TEST_OPA_URL is not set");
      try {
        check(step.expect ?? {}, actual, its);
      } catch (error) {
        throw new Error(`step ${number + 1}, ${JSON.stringify(step)}: ${error.message}`, { cause: error });
      }
      if (step.call === "engine.revision" && typeof actual === "string") its.revision = actual;
    }
  } finally {
    for (const thing of Object.values(its)) thing?.close?.();
    if (its.directory !== undefined) rmSync(its.directory, { recursive: true });
  }
  return undefined;
}

const documents = readdirSync(directory)
  .filter((file) => file.endsWith(".json"))
  .map((file) => [file.replace(/\.json$/, ""), JSON.parse(readFileSync(new URL(file, directory), "utf8"))]);

for (const [stem, { cases }] of documents) {
  for (const each of cases) test(`${stem}: ${each.name}`, (context) => run(each, context));
}

test("there are cases", () => assert.ok(documents.flatMap(([, { cases }]) => cases).length >= 20, "tests/cases is empty"));
