// What was decided, for auditors and for replay.

import { constants, errorSlot, options, output, sark, slot } from "./native.js";
import { check, Closed } from "./error.js";
import { create, Handle, optionalPointer, pointer } from "./handle.js";
import { byteLength, nanoseconds, size, text } from "./values.js";

export class DecisionLog extends Handle {
  constructor(location = "queue:", { maxWaiting, maxWaitingBytes, maxEventBytes, metrics } = {}) {
    const settings = options("sark_decision_log_options", {
      max_waiting: size("maxWaiting", maxWaiting),
      max_waiting_bytes: size("maxWaitingBytes", maxWaitingBytes),
      max_event_bytes: size("maxEventBytes", maxEventBytes),
      metrics: optionalPointer(metrics),
    });
    text("location", location);
    const status = sark.sark_decision_log_new(location, byteLength(location), settings, slot, errorSlot);
    super(create(status), sark.sark_decision_log_free, sark.sark_decision_log_close);
  }

  /** What waits may still be taken, so that the memory goes with the object. */
  close() {
    sark.sark_decision_log_close(pointer(this));
  }

  next() {
    const status = check(sark.sark_decision_log_next(pointer(this), 0, output.pointer, errorSlot));
    return status === constants.SARK_MISS ? undefined : JSON.parse(output.text());
  }

  /** What waits now, without waiting for more. */
  *[Symbol.iterator]() {
    try {
      for (let event = this.next(); event !== undefined; event = this.next()) yield event;
    } catch (error) {
      if (!(error instanceof Closed)) throw error;
    }
  }

  flush(timeoutMs = 0) {
    return check(sark.sark_decision_log_flush(pointer(this), nanoseconds("timeoutMs", timeoutMs), errorSlot)) === constants.SARK_OK;
  }

  status() {
    check(sark.sark_decision_log_status(pointer(this), output.pointer, errorSlot));
    return JSON.parse(output.text());
  }
}
