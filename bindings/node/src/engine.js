// Policies and data, and decisions from them.

import { errorSlot, options, output, sark, slot, Struct } from "./native.js";
import { check, checkPredicate } from "./error.js";
import { nextEvent } from "./event.js";
import { create, Handle, optionalPointer, pointer } from "./handle.js";
import { Query, evaluateOptions } from "./query.js";
import { explain } from "./explain.js";
import { Source } from "./source.js";
import { runTests, testResults } from "./tester.js";
import { Update } from "./update.js";
import { byteLength, Argument, evaluatorNumber, inputToJson, nanoseconds, rego, size, text, toJson } from "./values.js";

const json = new Argument("json", 1 << 16);
const revisionInfo = new Struct("sark_revision_info");

/** The revision that the last call wrote. */
function revised(status) {
  check(status);
  return revisionInfo.read().revision;
}

export class Engine extends Handle {
  constructor({ regoVersion = "v1", timeoutMs, maxInputBytes, maxPolicyBytes, maxDataBytes, metrics, evaluator, strict, printStatements, schemaAnnotations } = {}) {
    const settings = options("sark_engine_options", {
      rego_version: rego(regoVersion),
      timeout_ns: nanoseconds("timeoutMs", timeoutMs),
      max_input_bytes: size("maxInputBytes", maxInputBytes),
      max_policy_bytes: size("maxPolicyBytes", maxPolicyBytes),
      max_data_bytes: size("maxDataBytes", maxDataBytes),
      metrics: optionalPointer(metrics),
      evaluator: evaluatorNumber(evaluator),
      strict: strict ? 1 : 0,
      print_statements: printStatements ? 1 : 0,
      schema_annotations: schemaAnnotations ? 1 : 0,
    });
    super(create(sark.sark_engine_new(settings, slot, errorSlot)), sark.sark_engine_free, sark.sark_engine_close);
  }

  loadPolicy(name, source, { regoVersion } = {}) {
    text("name", name);
    text("rego", source);
    const settings = options("sark_load_options", { rego_version: rego(regoVersion) });
    return revised(
      sark.sark_engine_load_policy(
        pointer(this), name, byteLength(name), source, byteLength(source), settings, revisionInfo.memory, errorSlot,
      ),
    );
  }

  loadPolicies(policies, settings) {
    const update = this.update();
    try {
      for (const [name, source] of Object.entries(policies)) update.loadPolicy(name, source, settings);
      return update.commit();
    } finally {
      update.close();
    }
  }

  removePolicy(name) {
    check(sark.sark_engine_remove_policy(pointer(this), text("name", name), byteLength(name), errorSlot));
  }

  clearPolicies() {
    check(sark.sark_engine_clear_policies(pointer(this), errorSlot));
  }

  hasPolicy(name) {
    return checkPredicate(sark.sark_engine_has_policy(pointer(this), text("name", name), byteLength(name), errorSlot));
  }

  sources() {
    check(sark.sark_engine_sources(pointer(this), output.pointer, errorSlot));
    return JSON.parse(output.text());
  }

  inspect() {
    check(sark.sark_engine_inspect(pointer(this), output.pointer, errorSlot));
    return JSON.parse(output.text());
  }

  capabilities() {
    check(sark.sark_engine_capabilities(pointer(this), output.pointer, errorSlot));
    return JSON.parse(output.text());
  }

  runTests(settings) {
    return testResults(runTests(this, settings));
  }

  coverTests(settings) {
    const { results, coverage } = runTests(this, settings, true);
    return { results: testResults(results), coverage };
  }

  nextEvent() {
    return nextEvent(sark.sark_engine_next, this);
  }

  policyNames() {
    check(sark.sark_engine_policy_names(pointer(this), output.pointer, errorSlot));
    return JSON.parse(output.text());
  }

  setData(data) {
    return this.setDataJson(toJson(data));
  }

  setDataJson(document) {
    const bytes = json.takeJson(document);
    return revised(sark.sark_engine_set_data(pointer(this), bytes, json.length, null, revisionInfo.memory, errorSlot));
  }

  patchData(path, data) {
    return this.patchDataJson(path, toJson(data));
  }

  patchDataJson(path, document) {
    text("path", path);
    const bytes = json.takeJson(document);
    return revised(
      sark.sark_engine_patch_data(
        pointer(this), path, byteLength(path), bytes, json.length, null, revisionInfo.memory, errorSlot,
      ),
    );
  }

  setSchema(path, schema) {
    return this.setSchemaJson(path, schema === undefined ? undefined : toJson(schema));
  }

  setSchemaJson(path, document) {
    text("path", path);
    const bytes = document === undefined ? null : json.takeJson(document);
    const length = document === undefined ? 0 : json.length;
    return revised(
      sark.sark_engine_set_schema(pointer(this), path, byteLength(path), bytes, length, revisionInfo.memory, errorSlot),
    );
  }

  allowNet(hosts, { caFile, timeoutMs, maxResponseBytes, maxCacheBytes } = {}) {
    const settings = options("sark_network_options", {
      timeout_ns: nanoseconds("timeoutMs", timeoutMs),
      max_response_bytes: size("maxResponseBytes", maxResponseBytes),
      max_cache_bytes: size("maxCacheBytes", maxCacheBytes),
    });
    if (caFile !== undefined) text("caFile", caFile);
    const bytes = json.takeJson(toJson(hosts));
    const file = caFile ?? null;
    check(
      sark.sark_engine_allow_net(
        pointer(this), bytes, json.length, file, caFile === undefined ? 0 : byteLength(caFile), settings, errorSlot,
      ),
    );
  }

  setRuntime(runtime) {
    const bytes = json.takeJson(toJson(runtime));
    check(sark.sark_engine_set_runtime(pointer(this), bytes, json.length, errorSlot));
  }

  follow(url, config) {
    return new Source(this, url, config);
  }

  get revision() {
    check(sark.sark_engine_revision(pointer(this), output.pointer, errorSlot));
    return output.text();
  }

  evaluate(policyOrPath, input, settings) {
    const answer = this.evaluateJson(policyOrPath, inputToJson(input), settings);
    return answer === undefined ? undefined : JSON.parse(answer);
  }

  evaluateJson(policyOrPath, input, settings) {
    text("policyOrPath", policyOrPath);
    const limits = evaluateOptions(settings);
    const bytes = json.takeJson(input);
    const status = sark.sark_engine_evaluate(
      pointer(this), policyOrPath, byteLength(policyOrPath), bytes, json.length, limits, null, output.pointer, errorSlot,
    );
    return check(status) > 0 ? undefined : output.text();
  }

  explain(policyOrPath, input, settings) {
    const { explanation: lines, result } = explain(this, policyOrPath, input, settings, true);
    return { result, lines };
  }

  trace(policyOrPath, input, settings) {
    const { explanation: events, result } = explain(this, policyOrPath, input, settings, false);
    return { result, events };
  }

  query(query, input, settings) {
    return JSON.parse(this.queryJson(query, inputToJson(input), settings));
  }

  queryJson(query, input, settings) {
    text("query", query);
    const limits = evaluateOptions(settings);
    const bytes = json.takeJson(input);
    check(
      sark.sark_engine_query(
        pointer(this), query, byteLength(query), bytes, json.length, limits, null, output.pointer, errorSlot,
      ),
    );
    return output.text();
  }

  prepare(policyOrPath) {
    return new Query(this, policyOrPath);
  }

  update() {
    return new Update(this);
  }
}
