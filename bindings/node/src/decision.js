// What a client answers.

import { constants, layout, readText, sark, Struct } from "./native.js";

const NANOSECONDS_PER_MILLISECOND = 1e6;

const IMPLEMENTATIONS = { [constants.SARK_IMPLEMENTATION_RUST]: "rust", [constants.SARK_IMPLEMENTATION_HTTP]: "http" };
const FALLBACKS = {
  [constants.SARK_FALLBACK_NONE]: "",
  [constants.SARK_FALLBACK_EVALUATION]: "evaluation",
  [constants.SARK_FALLBACK_SERIALIZATION]: "serialization",
  [constants.SARK_FALLBACK_LIMIT]: "limit",
  [constants.SARK_FALLBACK_INTERNAL]: "internal",
  [constants.SARK_FALLBACK_UNSUPPORTED]: "unsupported",
  [constants.SARK_FALLBACK_UNAVAILABLE]: "unavailable",
};

const at = layout("sark_decide_info");

/** Where a call that decides writes how it came about: read field by field, since decoding the struct takes as long as deciding. */
export class DecideInfo extends Struct {
  #words = new Uint32Array(this.memory.buffer, this.memory.byteOffset, at.size / 4);

  constructor() {
    super("sark_decide_info");
  }

  /** A number of 32 bits. */
  word(field) {
    return this.#words[at[field] / 4];
  }

  milliseconds(field) {
    const low = at[field] / 4;
    return (this.#words[low] + this.#words[low + 1] * 2 ** 32) / NANOSECONDS_PER_MILLISECOND;
  }

  text(field) {
    const start = at[field];
    return this.memory.latin1Slice(start, this.memory.indexOf(0, start));
  }
}

/** What a client answers. See index.d.ts for the fields. */
export class Decision {
  constructor(pointer, info) {
    const isUndefined = info.word("status") === constants.SARK_UNDEFINED;
    this.result = isUndefined ? undefined : JSON.parse(readText(sark.sark_decision_result(pointer)));
    this.allowed = info.word("allowed") !== 0;
    this.implementation = IMPLEMENTATIONS[info.word("implementation")];
    this.cached = info.word("cached") !== 0;
    this.fallback = FALLBACKS[info.word("fallback")];
    this.durationMs = info.milliseconds("duration_ns");
    this.revision = info.text("revision");
    this.id = info.text("id");
    this.phases = Object.freeze({
      flagsMs: info.milliseconds("flag_ns"),
      cacheMs: info.milliseconds("cache_ns"),
      readMs: info.milliseconds("read_ns"),
      evaluateMs: info.milliseconds("evaluate_ns"),
      remoteMs: info.milliseconds("remote_ns"),
    });
    Object.freeze(this);
  }
}
