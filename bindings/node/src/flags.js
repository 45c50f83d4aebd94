// Who takes the local path: features rolled out to a percentage of the users.

import { addressOf, byAddress, constants, errorAddress, errorSlot, options, output, sark, slot } from "./native.js";
import { check, checkPredicate, InvalidArgument } from "./error.js";
import { drain, logTo, nextEvent } from "./event.js";
import { create, Handle, optionalPointer, pointer } from "./handle.js";
import { Argument, byteLength, nanoseconds, size, text } from "./values.js";

const users = new Argument("user", 1 << 12);
const bucketSlot = new Uint32Array(1);
const percentageSlot = new Float64Array(1);

const SIDES = { local: constants.SARK_FORCE_LOCAL, remote: constants.SARK_FORCE_REMOTE };

const isEnabled = byAddress("sark_flags_is_enabled");

/** Where a user of ASCII is written, which most are: letter by letter takes half the time of an encoder. */
const ascii = new Uint8Array(new ArrayBuffer(256));
const asciiAddress = addressOf(ascii);

/** Writes the user, and tells whether it is ASCII that fits. */
function isAscii(user) {
  if (user.length > ascii.length) return false;
  for (let place = 0; place < user.length; place += 1) {
    const code = user.charCodeAt(place);
    if (code > 127) return false;
    ascii[place] = code;
  }
  return true;
}

/** The UTF-8 of features that were asked for; beyond so many, all are encoded anew. */
const names = new Map();
const MAX_NAMES = 256;

function nameOf(feature) {
  const known = names.get(feature);
  if (known !== undefined) return known;
  const bytes = new TextEncoder().encode(text("feature", feature));
  // Longer than V8 keeps among its own objects, so that it does not move.
  const memory = new Uint8Array(new ArrayBuffer(Math.max(64, bytes.length)));
  memory.set(bytes);
  const name = { memory, address: addressOf(memory), length: bytes.length };
  if (names.size >= MAX_NAMES) names.clear();
  names.set(feature, name);
  return name;
}

export class Flags extends Handle {
  #logger;
  #address;

  constructor(url = "memory:", { metrics, maxAgeMs, logger } = {}) {
    const maxAge = nanoseconds("maxAgeMs", maxAgeMs);
    const settings = options("sark_flags_options", { metrics: optionalPointer(metrics), max_age_ns: maxAge });
    text("url", url);
    super(create(sark.sark_flags_new(url, byteLength(url), settings, slot, errorSlot)), sark.sark_flags_free, sark.sark_flags_close);
    this.#address = Number(pointer(this));
    this.#logger = logger;
    if (logger !== undefined) logTo(this, logger);
  }

  #log() {
    if (this.#logger !== undefined) drain(this, this.#logger);
  }

  isEnabled(feature, user) {
    // The check that it is open, which the number would not make.
    pointer(this);
    const name = nameOf(feature);
    if (typeof user === "string" && isAscii(user)) {
      return checkPredicate(isEnabled(this.#address, name.address, name.length, asciiAddress, user.length, errorAddress));
    }
    const bytes = users.take(user);
    return checkPredicate(sark.sark_flags_is_enabled(pointer(this), feature, name.length, bytes, users.length, errorSlot));
  }

  static bucket(feature, user) {
    text("feature", feature);
    const bytes = users.take(user);
    check(sark.sark_flags_bucket(feature, byteLength(feature), bytes, users.length, bucketSlot, errorSlot));
    return bucketSlot[0];
  }

  setRollout(feature, percentage, { who, why } = {}) {
    text("feature", feature);
    if (typeof percentage !== "number") throw new InvalidArgument("percentage is not a number");
    const by = [...optionalText("who", who), ...optionalText("why", why)];
    check(sark.sark_flags_set_rollout_by(pointer(this), feature, byteLength(feature), percentage, ...by, output.pointer, errorSlot));
    const change = JSON.parse(output.text());
    this.#log();
    return change;
  }

  rollout(feature) {
    text("feature", feature);
    check(sark.sark_flags_rollout(pointer(this), feature, byteLength(feature), percentageSlot, errorSlot));
    return percentageSlot[0];
  }

  rollback(feature, by) {
    return this.#rollBack([text("feature", feature), byteLength(feature)], by)[0];
  }

  rollbackAll(by) {
    return this.#rollBack(optionalText("feature", undefined), by);
  }

  #rollBack(feature, { who, why } = {}) {
    const by = [...optionalText("who", who), ...optionalText("why", why)];
    check(sark.sark_flags_rollback_by(pointer(this), ...feature, ...by, output.pointer, errorSlot));
    const changes = JSON.parse(output.text());
    this.#log();
    return changes;
  }

  history({ feature, most } = {}) {
    const name = optionalText("feature", feature);
    check(sark.sark_flags_history(pointer(this), ...name, size("most", most), output.pointer, errorSlot));
    return JSON.parse(output.text());
  }

  status() {
    check(sark.sark_flags_status(pointer(this), output.pointer, errorSlot));
    return JSON.parse(output.text());
  }

  force(side) {
    if (side !== undefined && !Object.hasOwn(SIDES, side)) {
      throw new InvalidArgument(`side is ${String(side)}: "local", "remote" or undefined wanted`);
    }
    check(sark.sark_flags_force(pointer(this), side === undefined ? constants.SARK_FORCE_NONE : SIDES[side], errorSlot));
    this.#log();
  }

  nextEvent() {
    return nextEvent(sark.sark_flags_next, this);
  }

  list() {
    check(sark.sark_flags_list(pointer(this), output.pointer, errorSlot));
    return JSON.parse(output.text());
  }
}

/** The two arguments of text that may be left out. */
function optionalText(name, value) {
  return value === undefined ? [null, 0] : [text(name, value), byteLength(value)];
}
