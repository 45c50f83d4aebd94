// One class for each status of the library, all under SarkError.

import { constants, errorSlot, readText, sark } from "./native.js";

/** Any failure of sark. See index.d.ts for the fields. */
export class SarkError extends Error {
  static status = "INTERNAL_ERROR";

  constructor(message, { code = "", locations = [], offset, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = new.target.status;
    this.code = code;
    this.locations = locations;
    this.offset = offset;
  }

  get name() {
    return this.constructor.name;
  }
}

export class InvalidArgument extends SarkError {
  static status = "INVALID_ARGUMENT";
}
export class PolicyNotFound extends SarkError {
  static status = "POLICY_NOT_FOUND";
}
export class CompilationError extends SarkError {
  static status = "COMPILATION_ERROR";
}
export class EvaluationError extends SarkError {
  static status = "EVALUATION_ERROR";
}
export class SerializationError extends SarkError {
  static status = "SERIALIZATION_ERROR";
}
export class LimitExceeded extends SarkError {
  static status = "LIMIT_EXCEEDED";
}
export class Unavailable extends SarkError {
  static status = "UNAVAILABLE";
}
export class Unsupported extends SarkError {
  static status = "UNSUPPORTED";
}
export class Conflict extends SarkError {
  static status = "CONFLICT";
}
export class TooLarge extends SarkError {
  static status = "TOO_LARGE";
}
export class Cancelled extends SarkError {
  static status = "CANCELLED";
}
export class Closed extends SarkError {
  static status = "CLOSED";
}
export class InternalError extends SarkError {
  static status = "INTERNAL_ERROR";
}

const classes = new Map(
  [
    InvalidArgument, PolicyNotFound, CompilationError, EvaluationError, SerializationError, LimitExceeded, Unavailable, Unsupported,
    Conflict, TooLarge, Cancelled, Closed, InternalError,
  ].map((kind) => [kind.status, kind]),
);

/** The error that the library describes as JSON. */
export function errorFromJson(text) {
  const { status, code, message } = JSON.parse(text);
  return makeError(status, code, message, text);
}

/** The error for a status of the library; `details` is JSON with the places and the offset. */
function makeError(status, code, message, details) {
  const { offset, errors = [] } = JSON.parse(details);
  const Kind = classes.get(status) ?? InternalError;
  const locations = errors
    .filter((each) => each.location)
    .map((each) => ({ ...each.location, code: each.code ?? "", message: each.message ?? "", line: each.line ?? "" }));
  return new Kind(message, { code, locations, offset });
}

/** The error that the last call wrote to the error slot; null where it wrote none. */
function takeError() {
  const pointer = errorSlot[0];
  if (pointer === 0n) return null;
  try {
    return makeError(
      readText(sark.sark_status_name(sark.sark_error_status(pointer))),
      readText(sark.sark_error_code(pointer)),
      readText(sark.sark_error_message(pointer)),
      readText(sark.sark_error_json(pointer)),
    );
  } finally {
    sark.sark_error_free(pointer);
  }
}

/** The status of a call that did not fail; throws the error of one that did. */
export function check(status) {
  if (status < constants.SARK_OK) throw takeError() ?? new InternalError(`status ${status} without an error`);
  return status;
}

/** The answer of a predicate; throws its error. */
export function checkPredicate(answer) {
  const error = takeError();
  if (error !== null) throw error;
  return answer;
}
