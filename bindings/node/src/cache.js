// A bounded cache with expiry.

import { errorSlot, options, output, sark, slot, Struct } from "./native.js";
import { check } from "./error.js";
import { create, Handle, optionalPointer, pointer } from "./handle.js";
import { Argument, nanoseconds, size } from "./values.js";

const keys = new Argument("key", 1 << 12);
const values = new Argument("value", 1 << 16);

/** The number that the last call wrote. */
function counted(status) {
  check(status);
  return Number(slot[0]);
}

export class Cache extends Handle {
  constructor({ maxEntries, maxBytes, defaultTtlMs, sweepIntervalMs, metrics } = {}) {
    const settings = options("sark_cache_options", {
      max_entries: size("maxEntries", maxEntries),
      max_bytes: size("maxBytes", maxBytes),
      default_ttl_ns: nanoseconds("defaultTtlMs", defaultTtlMs),
      sweep_interval_ns: nanoseconds("sweepIntervalMs", sweepIntervalMs),
      metrics: optionalPointer(metrics),
    });
    super(create(sark.sark_cache_new(settings, slot, errorSlot)), sark.sark_cache_free, sark.sark_cache_close);
  }

  get(key) {
    const bytes = keys.take(key);
    const status = sark.sark_cache_get(pointer(this), bytes, keys.length, output.pointer, errorSlot);
    return check(status) > 0 ? undefined : output.copy();
  }

  set(key, value, { ttlMs } = {}) {
    const settings = ttlMs === undefined ? null : new Struct("sark_cache_set_options", { ttl_ns: nanoseconds("ttlMs", ttlMs) }).memory;
    const keyBytes = keys.take(key);
    const valueBytes = values.take(value);
    check(
      sark.sark_cache_set(pointer(this), keyBytes, keys.length, valueBytes, values.length, settings, null, errorSlot),
    );
  }

  remove(key) {
    const bytes = keys.take(key);
    return check(sark.sark_cache_remove(pointer(this), bytes, keys.length, errorSlot)) === 0;
  }

  clear() {
    check(sark.sark_cache_clear(pointer(this), errorSlot));
  }

  get size() {
    return counted(sark.sark_cache_len(pointer(this), slot, errorSlot));
  }

  get bytes() {
    return counted(sark.sark_cache_bytes(pointer(this), slot, errorSlot));
  }

  cleanupExpired() {
    return counted(sark.sark_cache_cleanup_expired(pointer(this), slot, errorSlot));
  }

  stats() {
    check(sark.sark_cache_stats(pointer(this), output.pointer, errorSlot));
    return JSON.parse(output.text());
  }
}
