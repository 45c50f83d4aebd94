// Who takes the local path: features rolled out to a percentage of the users.

import { errorSlot, options, output, sark, slot } from "./native.js";
import { check, checkPredicate, InvalidArgument } from "./error.js";
import { create, Handle, optionalPointer, pointer } from "./handle.js";
import { Argument, byteLength, text } from "./values.js";

const users = new Argument("user", 1 << 12);
const bucketSlot = new Uint32Array(1);
const percentageSlot = new Float64Array(1);

export class Flags extends Handle {
  constructor(url = "memory:", { metrics } = {}) {
    const settings = options("sark_flags_options", { metrics: optionalPointer(metrics) });
    text("url", url);
    super(create(sark.sark_flags_new(url, byteLength(url), settings, slot, errorSlot)), sark.sark_flags_free, sark.sark_flags_close);
  }

  isEnabled(feature, user) {
    text("feature", feature);
    const bytes = users.take(user);
    return checkPredicate(
      sark.sark_flags_is_enabled(pointer(this), feature, byteLength(feature), bytes, users.length, errorSlot),
    );
  }

  static bucket(feature, user) {
    text("feature", feature);
    const bytes = users.take(user);
    check(sark.sark_flags_bucket(feature, byteLength(feature), bytes, users.length, bucketSlot, errorSlot));
    return bucketSlot[0];
  }

  setRollout(feature, percentage) {
    text("feature", feature);
    if (typeof percentage !== "number") throw new InvalidArgument("percentage is not a number");
    check(sark.sark_flags_set_rollout(pointer(this), feature, byteLength(feature), percentage, errorSlot));
  }

  rollout(feature) {
    text("feature", feature);
    check(sark.sark_flags_rollout(pointer(this), feature, byteLength(feature), percentageSlot, errorSlot));
    return percentageSlot[0];
  }

  rollback(feature) {
    check(sark.sark_flags_rollback(pointer(this), text("feature", feature), byteLength(feature), errorSlot));
  }

  rollbackAll() {
    check(sark.sark_flags_rollback_all(pointer(this), errorSlot));
  }

  list() {
    check(sark.sark_flags_list(pointer(this), output.pointer, errorSlot));
    return JSON.parse(output.text());
  }
}
