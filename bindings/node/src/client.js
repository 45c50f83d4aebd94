// One call for a decision: local, cached or remote, as the flags say.

import { errorSlot, options, sark, slot, Struct } from "./native.js";
import { Decision } from "./decision.js";
import { create, Handle, optionalPointer, pointer } from "./handle.js";
import { Argument, byteLength, inputToJson, nanoseconds, size, text } from "./values.js";

const json = new Argument("json", 1 << 16);
const users = new Argument("user", 1 << 12);
const info = new Struct("sark_decide_info");

/** Text that may be left out. */
const optionalText = (name, value) => (value === undefined ? null : text(name, value));
const optionalLength = (value) => (value === null ? 0 : byteLength(value));

export class Client extends Handle {
  // The library keeps its own; without this one, nobody would log what happens to them.
  #flags;

  constructor(
    engine, { cache, flags, opaUrl, feature, timeoutMs, cacheTtlMs, maxAnswerBytes, maxConcurrentFallbacks, metrics } = {},
  ) {
    const settings = options("sark_client_options", {
      timeout_ns: nanoseconds("timeoutMs", timeoutMs),
      cache_ttl_ns: nanoseconds("cacheTtlMs", cacheTtlMs),
      max_answer_bytes: size("maxAnswerBytes", maxAnswerBytes),
      max_concurrent_fallbacks: size("maxConcurrentFallbacks", maxConcurrentFallbacks),
      metrics: optionalPointer(metrics),
    });
    const url = optionalText("opaUrl", opaUrl);
    const name = optionalText("feature", feature);
    const status = sark.sark_client_new(
      pointer(engine), optionalPointer(cache), optionalPointer(flags), url, optionalLength(url), name, optionalLength(name), settings,
      slot, errorSlot,
    );
    super(create(status), sark.sark_client_free, sark.sark_client_close);
    this.#flags = flags;
  }

  decide(policy, input, settings) {
    return this.decideJson(policy, inputToJson(input), settings);
  }

  decideJson(policy, input, { user, timeoutMs } = {}) {
    text("policy", policy);
    const limits = options("sark_decide_options", { timeout_ns: nanoseconds("timeoutMs", timeoutMs) });
    const bytes = json.takeJson(input);
    const userBytes = users.take(user);
    const decision = create(
      sark.sark_client_decide(
        pointer(this), policy, byteLength(policy), bytes, json.length, userBytes, users.length, limits, info.memory, slot, errorSlot,
      ),
    );
    try {
      return new Decision(decision, info.read());
    } finally {
      sark.sark_decision_free(decision);
    }
  }
}
