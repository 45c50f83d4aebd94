// What every object that the library makes has in common.

import { slot } from "./native.js";
import { check, Closed, InvalidArgument } from "./error.js";

// Node 20 has the symbol; other runtimes of that age may not.
if (Symbol.dispose === undefined) Object.defineProperty(Symbol, "dispose", { value: Symbol("Symbol.dispose") });

/** Frees what was dropped without `close`. */
const registry = new FinalizationRegistry(({ free, pointer }) => free(pointer));

/** The object that a call wrote to the slot. */
export function create(status) {
  check(status);
  return slot[0];
}

export class Handle {
  #pointer;
  #close;
  #free;
  #calls = 0;

  /** `close` may be left out where the library has none: freeing is closing then. */
  constructor(pointer, free, close) {
    this.#pointer = pointer;
    this.#free = free;
    this.#close = close;
    registry.register(this, { free, pointer }, this);
  }

  /** The handle's address, for a call. */
  static pointer(handle) {
    if (typeof handle !== "object" || handle === null || !(#pointer in handle)) throw new InvalidArgument("not an object of sark");
    if (handle.#pointer === null) throw new Closed(`the ${handle.constructor.name.toLowerCase()} is closed`);
    return handle.#pointer;
  }

  /** The same, for one that may be left out. */
  static optionalPointer(handle) {
    return handle === undefined ? null : Handle.pointer(handle);
  }

  // No call can be under way on this thread, so what is closed can be freed at once, unless one is under way on another (`whileOpen`).
  // What was made from this handle keeps the library's object alive, closed, and answers CLOSED.
  close() {
    if (this.#pointer === null) return;
    const pointer = this.#pointer;
    this.#pointer = null;
    registry.unregister(this);
    this.#close?.(pointer);
    if (this.#calls === 0) this.#free(pointer);
  }

  /** Makes a call on another thread, during which the handle is not freed. */
  async whileOpen(call) {
    const pointer = Handle.pointer(this);
    this.#calls += 1;
    try {
      return await call(pointer);
    } finally {
      this.#calls -= 1;
      if (this.#calls === 0 && this.#pointer === null) this.#free(pointer);
    }
  }

  [Symbol.dispose]() {
    this.close();
  }
}

export const { pointer, optionalPointer } = Handle;
