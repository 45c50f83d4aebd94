// Conversions between JavaScript's values and what the library takes and gives.

import { constants } from "./native.js";
import { InvalidArgument, SerializationError } from "./error.js";

/** A value as JSON text. */
export function toJson(value) {
  let text;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw new SerializationError(`not a JSON value: ${error.message}`, { cause: error });
  }
  if (text === undefined) throw new SerializationError(`not a JSON value: ${typeof value}`);
  return text;
}

/** An input as JSON text; undefined where it is left out. */
export const inputToJson = (value) => (value === undefined ? undefined : toJson(value));

/** Text that has to be a string. (A lone surrogate has no UTF-8, and replacing it would make different names the same.) */
export function text(name, value) {
  if (typeof value !== "string") throw new InvalidArgument(`${name} is not a string`);
  if (!value.isWellFormed()) throw new InvalidArgument(`${name} is not Unicode text`);
  return value;
}

/** The bytes of UTF-8 that a string takes. */
export const byteLength = (string) => Buffer.byteLength(string, "utf8");

/** Memory for the bytes of one argument. Text is encoded into it, and bytes are passed as they are. */
export class Argument {
  #memory;
  #encoder = new TextEncoder();

  constructor(name, capacity) {
    this.name = name;
    this.#memory = new Uint8Array(capacity);
    /** The number of bytes that `take` found. */
    this.length = 0;
  }

  /** The bytes of JSON text; null where it is left out. Lone surrogates become U+FFFD, as in OPA. */
  takeJson(value) {
    return typeof value === "string" ? this.#encode(value) : this.#pass(value);
  }

  /** The bytes of text, or any bytes; null where they are left out. */
  take(value) {
    return typeof value === "string" ? this.#encode(text(this.name, value)) : this.#pass(value);
  }

  #encode(string) {
    if (string.length * 3 > this.#memory.length) {
      const bytes = Buffer.from(string, "utf8");
      this.length = bytes.length;
      return bytes;
    }
    this.length = this.#encoder.encodeInto(string, this.#memory).written;
    return this.#memory;
  }

  #pass(bytes) {
    if (bytes === undefined) {
      this.length = 0;
      return null;
    }
    if (!(bytes instanceof Uint8Array)) throw new InvalidArgument(`${this.name} is neither a string nor a Uint8Array`);
    this.length = bytes.length;
    // A view of no bytes may have no address, and NULL means "left out".
    return bytes.length > 0 ? bytes : this.#memory;
  }
}

/** A percentage in steps of 0.01, as the library wants it; 0 where it is left out. */
export function hundredths(name, percentage = 0) {
  const steps = Math.round(percentage * 100);
  if (!(steps >= 0 && steps <= 10_000) || Math.abs(percentage * 100 - steps) > 1e-9) {
    throw new InvalidArgument(`${name} is ${percentage}: a percentage from 0 to 100 in steps of 0.01 wanted`);
  }
  return steps;
}

const NANOSECONDS_PER_MILLISECOND = 1e6;
const NEVER = constants.SARK_NO_TIMEOUT;

/** A duration for the library: 0 means its default (undefined here), Infinity means "none", and 0 is the shortest there is. */
export function nanoseconds(name, milliseconds) {
  if (milliseconds === undefined) return 0n;
  if (typeof milliseconds !== "number" || !(milliseconds >= 0)) {
    throw new InvalidArgument(`${name} is ${String(milliseconds)}: milliseconds from 0 on wanted`);
  }
  const wanted = Math.max(1, Math.round(milliseconds * NANOSECONDS_PER_MILLISECOND));
  return wanted >= Number(NEVER) ? NEVER : BigInt(wanted);
}

/** A whole number of so many bits, as a bigint: a number or a bigint. */
export function integer(name, value, bits, signed = true) {
  const wanted = Number.isSafeInteger(value) ? BigInt(value) : value;
  const fits = typeof wanted === "bigint" && (signed ? BigInt.asIntN(bits, wanted) : BigInt.asUintN(bits, wanted)) === wanted;
  if (!fits) throw new InvalidArgument(`${name} is ${String(value)}: a whole number of ${bits} bits${signed ? "" : " from 0 on"} wanted`);
  return wanted;
}

/** A size or a count for the library, where 0 means its default (undefined here). */
export function size(name, value) {
  if (value === undefined) return 0;
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgument(`${name} is ${String(value)}: a whole number from 1 on wanted`);
  return value;
}

const REGO_VERSIONS = { v0: constants.SARK_REGO_V0, v1: constants.SARK_REGO_V1, v2: constants.SARK_REGO_V2 };
const EVALUATORS = { sark: constants.SARK_EVALUATOR_SARK, regorus: constants.SARK_EVALUATOR_REGORUS };
const EXPLAIN = {
  notes: constants.SARK_EXPLAIN_NOTES,
  fails: constants.SARK_EXPLAIN_FAILS,
  full: constants.SARK_EXPLAIN_FULL,
  debug: constants.SARK_EXPLAIN_DEBUG,
};

/** The library's number for a Rego version, where 0 means its default (undefined here). */
export const rego = (version) => oneOf("regoVersion", REGO_VERSIONS, version);

/** The library's number for an evaluator, where 0 means its default (undefined here). */
export const evaluatorNumber = (name) => oneOf("evaluator", EVALUATORS, name);

export const explainNumber = (name) => oneOf("explain", EXPLAIN, name);

function oneOf(name, numbers, value) {
  if (value === undefined) return 0;
  if (!Object.hasOwn(numbers, value)) {
    const wanted = Object.keys(numbers).map((each) => `"${each}"`).join(", ");
    throw new InvalidArgument(`${name} is ${String(value)}: one of ${wanted} wanted`);
  }
  return numbers[value];
}
