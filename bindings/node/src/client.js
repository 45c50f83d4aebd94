// One call for a decision: local, cached or remote, as the flags say.

import { constants, errorSlot, options, output, sark, slot } from "./native.js";
import { DecideInfo } from "./decision.js";
import { check, InvalidArgument } from "./error.js";
import { logTo, nextEvent } from "./event.js";
import { create, Handle, optionalPointer, pointer } from "./handle.js";
import { take, Ticket } from "./ticket.js";
import { Argument, byteLength, hundredths, inputToJson, nanoseconds, size, text } from "./values.js";

const json = new Argument("json", 1 << 16);
const users = new Argument("user", 1 << 12);
const info = new DecideInfo();
const ticketSlot = new BigUint64Array(1);

/** Text that may be left out. */
const optionalText = (name, value) => (value === undefined ? null : text(name, value));
const optionalLength = (value) => (value === null ? 0 : byteLength(value));

const MODES = {
  dial: constants.SARK_MODE_DIAL,
  local: constants.SARK_MODE_LOCAL,
  remote: constants.SARK_MODE_REMOTE,
  remoteFirst: constants.SARK_MODE_REMOTE_FIRST,
};

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{16})([0-9a-f]{16})-([0-9a-f]{16})-([0-9a-f]{2})/i;

/** The fields of a W3C traceparent; none where it is not one. */
function trace(traceparent) {
  const [, high, low, parent, flags] = TRACEPARENT.exec(traceparent) ?? [];
  if (high === undefined) return {};
  const [trace_id_high, trace_id_low, trace_parent_id] = [high, low, parent].map((digits) => BigInt(`0x${digits}`));
  return { trace_id_high, trace_id_low, trace_parent_id, trace_flags: Number.parseInt(flags, 16) };
}

function limitsOf(timeoutMs, traceparent) {
  const fields = traceparent === undefined ? {} : trace(traceparent);
  return options("sark_decide_options", { timeout_ns: nanoseconds("timeoutMs", timeoutMs), ...fields });
}

export class Client extends Handle {
  // The library keeps its own; without this one, nobody would log what happens to them.
  #flags;

  constructor(engine, given = {}) {
    const { cache, flags, opaUrl, feature, timeoutMs, cacheTtlMs, maxAnswerBytes, maxConcurrentFallbacks, metrics, decisionLog } = given;
    const { mode = "dial", shadow = {}, guard = {}, logger } = given;
    if (!Object.hasOwn(MODES, mode)) throw new InvalidArgument(`mode is ${String(mode)}: one of ${Object.keys(MODES).join(", ")} wanted`);
    const settings = options("sark_client_options", {
      timeout_ns: nanoseconds("timeoutMs", timeoutMs),
      cache_ttl_ns: nanoseconds("cacheTtlMs", cacheTtlMs),
      max_answer_bytes: size("maxAnswerBytes", maxAnswerBytes),
      max_concurrent_fallbacks: size("maxConcurrentFallbacks", maxConcurrentFallbacks),
      metrics: optionalPointer(metrics),
      mode: MODES[mode],
      shadow_rate: hundredths("shadow.rate", shadow.rate),
      shadow_max_waiting: size("shadow.maxWaiting", shadow.maxWaiting),
      shadow_keep_inputs: shadow.keepInputs ? 1 : 0,
      guard_window_ns: nanoseconds("guard.windowMs", guard.windowMs),
      guard_p95_ns: nanoseconds("guard.p95Ms", guard.p95Ms),
      guard_error_rate: hundredths("guard.errorRate", guard.errorRate),
      guard_differing: size("guard.differing", guard.differing),
      guard_min_decisions: size("guard.minDecisions", guard.minDecisions),
      decision_log: optionalPointer(decisionLog),
    });
    const url = optionalText("opaUrl", opaUrl);
    const name = optionalText("feature", feature);
    const status = sark.sark_client_new(
      pointer(engine), optionalPointer(cache), optionalPointer(flags), url, optionalLength(url), name, optionalLength(name), settings,
      slot, errorSlot,
    );
    super(create(status), sark.sark_client_free, sark.sark_client_close);
    this.#flags = flags;
    if (logger !== undefined) logTo(this, logger);
  }

  status() {
    check(sark.sark_client_status(pointer(this), output.pointer, errorSlot));
    return JSON.parse(output.text());
  }

  setMask(pointers) {
    const bytes = json.takeJson(inputToJson([...pointers]));
    check(sark.sark_client_set_mask(pointer(this), bytes, json.length, errorSlot));
  }

  replay(log) {
    const bytes = json.takeJson(log);
    check(sark.sark_client_replay(pointer(this), bytes, json.length, output.pointer, errorSlot));
    return JSON.parse(output.text());
  }

  nextEvent() {
    return nextEvent(sark.sark_client_next, this);
  }

  decide(policy, input, settings) {
    return this.decideJson(policy, inputToJson(input), settings);
  }

  decideJson(policy, input, settings) {
    const question = this.#question(policy, input, settings);
    return take(create(sark.sark_client_decide(...question, info.memory, slot, errorSlot)), info);
  }

  begin(policy, input, settings) {
    const question = this.#question(policy, inputToJson(input), settings);
    const status = check(sark.sark_client_begin(...question, info.memory, slot, ticketSlot, errorSlot));
    return status === constants.SARK_PENDING ? new Ticket(ticketSlot[0]) : take(slot[0], info);
  }

  async decideAsync(policy, input, settings) {
    const begun = this.begin(policy, input, settings);
    if (!(begun instanceof Ticket)) return begun;
    try {
      return await begun.run();
    } finally {
      begun.close();
    }
  }

  #question(policy, input, { user, timeoutMs, traceparent } = {}) {
    text("policy", policy);
    const limits = timeoutMs === undefined && traceparent === undefined ? null : limitsOf(timeoutMs, traceparent);
    const bytes = json.takeJson(input);
    const userBytes = users.take(user);
    return [pointer(this), policy, byteLength(policy), bytes, json.length, userBytes, users.length, limits];
  }
}
