// A prepared query.

import { errorSlot, layout, options, output, sark, slot } from "./native.js";
import { check, checkPredicate, errorFromJson } from "./error.js";
import { create, Handle, pointer } from "./handle.js";
import { Input } from "./input.js";
import { Argument, byteLength, inputToJson, integer, nanoseconds, rego, text, toJson } from "./values.js";

const json = new Argument("json", 1 << 16);
const RESULT = layout("sark_batch_result");

/** The library's options of an evaluation. */
export function evaluateOptions(settings) {
  if (settings === undefined) return null;
  const { timeoutMs, strict = false, timeNs = 0n, seed = 0n, regoVersion } = settings;
  return options("sark_evaluate_options", {
    timeout_ns: nanoseconds("timeoutMs", timeoutMs),
    strict_builtin_errors: strict ? 1 : 0,
    rego_version: rego(regoVersion),
    time_ns: integer("timeNs", timeNs, 64),
    seed: integer("seed", seed, 64, false),
  });
}

export class Query extends Handle {
  constructor(engine, policyOrPath) {
    text("policyOrPath", policyOrPath);
    const status = sark.sark_engine_prepare(
      pointer(engine), policyOrPath, byteLength(policyOrPath), null, null, slot, errorSlot,
    );
    super(create(status), sark.sark_query_free, sark.sark_query_close);
  }

  evaluate(input, settings) {
    const answer = this.evaluateJson(input instanceof Input ? input : inputToJson(input), settings);
    return answer === undefined ? undefined : JSON.parse(answer);
  }

  evaluateJson(input, settings) {
    const limits = evaluateOptions(settings);
    return check(this.#evaluate(input, limits)) > 0 ? undefined : output.text();
  }

  #evaluate(input, limits) {
    if (input instanceof Input) {
      return sark.sark_query_evaluate_input(pointer(this), pointer(input), limits, null, output.pointer, errorSlot);
    }
    const bytes = json.takeJson(input);
    return sark.sark_query_evaluate(pointer(this), bytes, json.length, limits, null, output.pointer, errorSlot);
  }

  allows(input, settings) {
    return this.allowsJson(inputToJson(input), settings);
  }

  allowsJson(input, settings) {
    const limits = evaluateOptions(settings);
    const bytes = json.takeJson(input);
    return checkPredicate(sark.sark_query_allows(pointer(this), bytes, json.length, limits, null, errorSlot));
  }

  evaluateBatch(inputs, settings) {
    const documents = Array.from(inputs, (input) => Buffer.from(toJson(input), "utf8"));
    const limits = evaluateOptions(settings);
    const results = Buffer.alloc(RESULT.size * Math.max(1, documents.length));
    const packed = Buffer.concat([...documents, Buffer.alloc(1)]);
    check(
      sark.sark_query_evaluate_batch(
        pointer(this), packed, packed.length - 1, offsetsOf(documents), documents.length, limits, null, results, output.pointer,
        errorSlot,
      ),
    );
    const answers = output.copy();
    return documents.map((_, number) => batchAnswer(results, number * RESULT.size, answers));
  }
}

/** Where each document begins in the packed ones, and where the last one ends. */
function offsetsOf(documents) {
  const offsets = new BigUint64Array(documents.length + 1);
  let end = 0;
  documents.forEach((document, number) => {
    end += document.length;
    offsets[number + 1] = BigInt(end);
  });
  return offsets;
}

function batchAnswer(results, at, answers) {
  const status = results.readInt32LE(at + RESULT.status);
  const offset = Number(results.readBigUInt64LE(at + RESULT.offset));
  const answer = answers.toString("utf8", offset, offset + Number(results.readBigUInt64LE(at + RESULT.length)));
  if (status < 0) return errorFromJson(answer);
  return status > 0 ? undefined : JSON.parse(answer);
}
