// How a decision came about.

import { errorSlot, options, output, sark } from "./native.js";
import { check } from "./error.js";
import { pointer } from "./handle.js";
import { Argument, byteLength, explainNumber, inputToJson, nanoseconds, text } from "./values.js";

const json = new Argument("json", 1 << 16);

/** What the library tells of a decision: `explanation` and `result`. */
export function explain(engine, policyOrPath, input, { explain, timeoutMs, strict = false } = {}, pretty) {
  text("policyOrPath", policyOrPath);
  const settings = options("sark_explain_options", {
    explain: explainNumber(explain),
    pretty: pretty ? 1 : 0,
    strict_builtin_errors: strict ? 1 : 0,
    timeout_ns: nanoseconds("timeoutMs", timeoutMs),
  });
  const bytes = json.takeJson(inputToJson(input));
  check(
    sark.sark_engine_explain(
      pointer(engine), policyOrPath, byteLength(policyOrPath), bytes, json.length, settings, null, output.pointer, errorSlot,
    ),
  );
  return JSON.parse(output.text());
}
