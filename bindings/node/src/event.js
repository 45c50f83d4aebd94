// What happens inside the library, given to a logger.

import { constants, errorSlot, output } from "./native.js";
import { check, Closed } from "./error.js";
import { pointer } from "./handle.js";

/** How often what happened is given to the logger, in milliseconds. */
const LOG_AGAIN = 250;

/** The next thing that happened to a handle, by its call; undefined where nothing did. */
export function nextEvent(call, handle) {
  const status = check(call(pointer(handle), 0, output.pointer, errorSlot));
  return status === constants.SARK_MISS ? undefined : JSON.parse(output.text());
}

/** Gives what happened so far to a logger. */
export function drain(source, logger) {
  for (let event = source.nextEvent(); event !== undefined; event = source.nextEvent()) {
    const write = { info: "info", warning: "warn" }[event.level] ?? "error";
    logger[write](event.message, { event: event.event, ...event.fields });
  }
}

/** Gives what happens to a logger, by a timer that keeps neither the process nor the source alive. */
export function logTo(source, logger) {
  const weak = new WeakRef(source);
  const timer = setInterval(() => {
    try {
      const alive = weak.deref();
      if (alive === undefined) clearInterval(timer);
      else drain(alive, logger);
    } catch (error) {
      if (!(error instanceof Closed)) throw error;
      clearInterval(timer);
    }
  }, LOG_AGAIN);
  timer.unref();
  drain(source, logger);
}
