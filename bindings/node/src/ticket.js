// A decision in two steps, so that the event loop goes on meanwhile.

import { constants, errorSlot, later, readText, sark, slot } from "./native.js";
import { DecideInfo, Decision } from "./decision.js";
import { check, InvalidArgument } from "./error.js";
import { create, Handle, pointer } from "./handle.js";

const FAILURES = { connection: constants.SARK_FAIL_CONNECTION, timeout: constants.SARK_FAIL_TIMEOUT };

/** What is left to do for a decision. See index.d.ts. */
export class Ticket extends Handle {
  constructor(address) {
    super(address, sark.sark_ticket_free);
    this.url = readText(sark.sark_ticket_url(address)) || undefined;
    const lines = readText(sark.sark_ticket_headers(address)).split("\r\n").filter(Boolean);
    this.headers = Object.fromEntries(lines.map((line) => line.split(": ", 2)));
    this.body = readText(sark.sark_ticket_body(address));
  }

  get timeoutMs() {
    const left = BigInt(sark.sark_ticket_timeout_ns(pointer(this)));
    return left === constants.SARK_NO_TIMEOUT ? Infinity : Number(left) / 1e6;
  }

  complete(status, body = "") {
    const bytes = Buffer.from(body);
    const info = new DecideInfo();
    const address = bytes.length > 0 ? bytes : null;
    return take(create(sark.sark_ticket_complete(pointer(this), status, address, bytes.length, info.memory, slot, errorSlot)), info);
  }

  fail(why) {
    if (!Object.hasOwn(FAILURES, why)) throw new InvalidArgument(`why is ${String(why)}: "connection" or "timeout" wanted`);
    const info = new DecideInfo();
    return take(create(sark.sark_ticket_fail(pointer(this), FAILURES[why], info.memory, slot, errorSlot)), info);
  }

  async run() {
    const info = new DecideInfo();
    // Of its own, where V8 moves nothing while another thread writes.
    const [decision, error] = [0, 1].map(() => new BigUint64Array(new ArrayBuffer(64), 0, 1));
    const call = (ticket) => later(sark.sark_ticket_run, ticket, info.memory, decision, error);
    const status = await this.whileOpen(call);
    errorSlot[0] = error[0];
    check(status);
    return take(decision[0], info);
  }
}

/** A decision, which is freed. */
export function take(address, info) {
  try {
    return new Decision(address, info);
  } finally {
    sark.sark_decision_free(address);
  }
}
