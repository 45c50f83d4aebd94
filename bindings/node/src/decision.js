// What a client answers.

import { constants, readText, sark } from "./native.js";

const NANOSECONDS_PER_MILLISECOND = 1e6;

/** What a client answers. See index.d.ts for the fields. */
export class Decision {
  constructor(pointer, info) {
    const isUndefined = sark.sark_decision_status(pointer) === constants.SARK_UNDEFINED;
    this.result = isUndefined ? undefined : JSON.parse(readText(sark.sark_decision_result(pointer)));
    this.allowed = sark.sark_decision_allowed(pointer);
    this.implementation = readText(sark.sark_decision_implementation(pointer));
    this.cached = sark.sark_decision_cached(pointer);
    this.fallback = readText(sark.sark_decision_fallback(pointer));
    this.durationMs = milliseconds(sark.sark_decision_duration_ns(pointer));
    this.revision = readText(sark.sark_decision_revision(pointer));
    this.id = readText(sark.sark_decision_id(pointer));
    this.phases = Object.freeze({
      flagsMs: milliseconds(info.flag_ns),
      cacheMs: milliseconds(info.cache_ns),
      readMs: milliseconds(info.read_ns),
      evaluateMs: milliseconds(info.evaluate_ns),
      remoteMs: milliseconds(info.remote_ns),
    });
    Object.freeze(this);
  }
}

const milliseconds = (nanoseconds) => Number(nanoseconds) / NANOSECONDS_PER_MILLISECOND;
