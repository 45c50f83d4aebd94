// Where an engine's policies and data come from.

import { setTimeout as sleep } from "node:timers/promises";
import { errorSlot, output, sark, slot } from "./native.js";
import { check, Closed } from "./error.js";
import { nextEvent } from "./event.js";
import { create, Handle, pointer } from "./handle.js";
import { byteLength, inputToJson, nanoseconds, text } from "./values.js";

/**
 * Milliseconds between two looks, which no thread waits for. Their timers keep the process alive: whoever awaits them may have nothing else
 * that does, and would end in the middle.
 */
const LOOK_AGAIN = 50;

export class Source extends Handle {
  constructor(engine, url, config) {
    text("url", url);
    const json = inputToJson(config) ?? null;
    const length = json === null ? 0 : byteLength(json);
    const status = sark.sark_source_new(pointer(engine), url, byteLength(url), json, length, slot, errorSlot);
    super(create(status), sark.sark_source_free, sark.sark_source_close);
  }

  /** The status may still be asked for, so that the memory goes with the object. */
  close() {
    sark.sark_source_close(pointer(this));
  }

  async wait(timeoutMs = 10_000) {
    const end = performance.now() + Number(nanoseconds("timeoutMs", timeoutMs)) / 1e6;
    for (;;) {
      try {
        check(sark.sark_source_wait(pointer(this), 0, errorSlot));
        return;
      } catch (error) {
        if (error instanceof Closed || performance.now() >= end) throw error;
      }
      await sleep(Math.min(LOOK_AGAIN, end - performance.now()));
    }
  }

  trigger() {
    check(sark.sark_source_trigger(pointer(this), errorSlot));
  }

  nextEvent() {
    return nextEvent(sark.sark_source_next, this);
  }

  async *[Symbol.asyncIterator]() {
    try {
      for (;;) {
        const event = this.nextEvent();
        if (event === undefined) await sleep(LOOK_AGAIN);
        else if (event.event === "activated") yield event;
      }
    } catch (error) {
      if (!(error instanceof Closed)) throw error;
    }
  }

  status() {
    check(sark.sark_source_status(pointer(this), output.pointer, errorSlot));
    return JSON.parse(output.text());
  }
}
