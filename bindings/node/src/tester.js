// What an engine's tests came to.

import { errorSlot, options, output, sark } from "./native.js";
import { check } from "./error.js";
import { pointer } from "./handle.js";
import { byteLength, nanoseconds, text } from "./values.js";

const NANOSECONDS_PER_MILLISECOND = 1e6;

/** Runs tests; what the library writes of them. */
export function runTests(engine, { run, timeoutMs } = {}, coverage = false) {
  const settings = options("sark_test_options", {
    timeout_ns: nanoseconds("timeoutMs", timeoutMs),
    coverage: coverage ? 1 : 0,
  });
  const pattern = run === undefined ? null : text("run", run);
  const length = pattern === null ? 0 : byteLength(pattern);
  check(sark.sark_engine_run_tests(pointer(engine), pattern, length, settings, output.pointer, errorSlot));
  return JSON.parse(output.text());
}

export const testResults = (found) => found.map((one) => new TestResult(one));

const subResults = (found = {}) =>
  Object.fromEntries(
    Object.entries(found).map(([key, { name = "", fail = false, failure, sub_results: below }]) => [
      key,
      { name, fail, failure, subResults: subResults(below) },
    ]),
  );

export class TestResult {
  constructor(found) {
    this.location = found.location;
    this.package = found.package;
    this.name = found.name;
    this.durationMs = found.duration / NANOSECONDS_PER_MILLISECOND;
    this.fail = found.fail ?? false;
    this.skip = found.skip ?? false;
    this.error = found.error;
    this.failure = found.failure;
    this.output = Buffer.from(found.output ?? "", "base64").toString();
    this.outputDropped = found.output_dropped ?? 0;
    this.subResults = subResults(found.sub_results);
  }

  get passed() {
    return !this.fail && !this.skip && this.error === undefined;
  }
}
