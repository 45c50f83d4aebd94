// The library's functions, made from the generated declarations (native/sark.json), and the memory that calls write to.
//
// JavaScript runs on one thread and every call here is synchronous, so one buffer and one slot of each kind serve all calls:
// an answer is read before the next call can begin. (Each worker thread has its own copy of this module.)

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import koffi from "koffi";

const declarations = JSON.parse(readFileSync(new URL("../native/sark.json", import.meta.url), "utf8"));
const library = koffi.load(fileURLToPath(new URL("../native/libsark.so.0", import.meta.url)));

/** The constants of the header, by name; numbers beyond 2^53 are bigints. */
export const constants = Object.fromEntries(
  Object.entries(declarations.constants).map(([name, value]) => [name, typeof value === "string" ? BigInt(value) : value]),
);

// Types have no names: names are global in koffi, and a process may hold two copies of this package.
const structs = Object.fromEntries(
  Object.entries(declarations.structs).map(([name, fields]) => [
    name,
    koffi.struct(Object.fromEntries(fields.map((field) => [field.name, fieldType(field)]))),
  ]),
);

function fieldType({ type, length }) {
  if (length !== undefined) return koffi.array(type, length, "String");
  return type.endsWith("*") ? "void *" : type;
}

// Text is passed as a string, which koffi turns into UTF-8. Every other pointer is an address or a typed array.
function valueType(type) {
  if (type === "const char *") return "str";
  if (type.endsWith("*")) return "void *";
  return structs[type] ?? type;
}

/** The functions of the header, by name. */
export const sark = Object.fromEntries(
  declarations.functions.map(({ name, returns, params }) => [
    name,
    library.func(name, valueType(returns), params.map((param) => valueType(param.type))),
  ]),
);

/**
 * The same function with addresses as numbers instead of pointers, which koffi converts in half the time. For a call that is made on each
 * request.
 */
export function byAddress(name) {
  const { returns, params } = declarations.functions.find((each) => each.name === name);
  return library.func(name, returns, params.map((param) => (param.type.endsWith("*") ? "uint64_t" : param.type)));
}

/** Makes a call on another thread; its status. */
export function later(call, ...parameters) {
  return new Promise((resolve, reject) => {
    call.async(...parameters, (failed, status) => (failed ? reject(failed) : resolve(status)));
  });
}

/** The address of a typed array over memory that V8 does not move: that of an ArrayBuffer. */
export const addressOf = (array) => Number(koffi.address(array));

if (sark.sark_abi_version() !== constants.SARK_ABI_VERSION) {
  throw new Error("sark: the declarations and the library beside them are of different versions");
}

/** A struct of the header, in memory that can be passed to a function. */
export class Struct {
  #type;

  constructor(name, fields = {}) {
    this.#type = structs[name];
    this.memory = Buffer.from(new ArrayBuffer(koffi.sizeof(this.#type)));
    koffi.encode(this.memory, this.#type, { struct_size: this.memory.length, ...fields });
  }

  /** The fields, as an object. */
  read() {
    return koffi.decode(this.memory, this.#type);
  }
}

/** The memory of a struct of options; null where all of them have their defaults. */
export function options(name, fields) {
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value));
  return Object.keys(given).length > 0 ? new Struct(name, given).memory : null;
}

/** Where each field of a struct lies, and the struct's size: for arrays of structs. */
export function layout(name) {
  const offsets = declarations.structs[name].map((field) => [field.name, koffi.offsetof(structs[name], field.name)]);
  return { size: koffi.sizeof(structs[name]), ...Object.fromEntries(offsets) };
}

/** Where a function writes an address or a 64-bit number. */
export const slot = new BigUint64Array(1);

/** Where a function writes its error: the last argument of every fallible call. */
export const errorSlot = new BigUint64Array(new ArrayBuffer(64), 0, 1);

/** Its address. */
export const errorAddress = addressOf(errorSlot);

/** A borrowed sark_str as a string. */
export function readText({ data, length }) {
  return length > 0 ? koffi.decode.string(data, length) : "";
}

/** A buffer beyond this size is given back instead of being kept for the next call. */
const KEPT_BYTES = 1n << 20n;
const EMPTY = Buffer.alloc(0);

/** A sark_buffer, read in place: its three fields, and its bytes, through views that last as long as the memory stays. */
class Output {
  #fields;
  #address = 0n;
  #capacity = 0n;
  #bytes = EMPTY;

  constructor() {
    this.#make();
  }

  #make() {
    this.pointer = sark.sark_buffer_new();
    this.#fields = new BigUint64Array(koffi.view(this.pointer, koffi.sizeof(structs.sark_buffer)));
  }

  #look() {
    const [address, , capacity] = [this.#fields[0], this.#fields[1], this.#fields[2]];
    if (address !== this.#address || capacity !== this.#capacity) {
      this.#address = address;
      this.#capacity = capacity;
      this.#bytes = capacity > 0n ? Buffer.from(koffi.view(address, Number(capacity))) : EMPTY;
    }
    return this.#bytes;
  }

  #release() {
    if (this.#capacity <= KEPT_BYTES) return;
    this.#bytes = EMPTY;
    this.#address = this.#capacity = 0n;
    sark.sark_buffer_free(this.pointer);
    this.#make();
  }

  /** What the last call wrote, as a string. */
  text() {
    const text = this.#look().toString("utf8", 0, Number(this.#fields[1]));
    this.#release();
    return text;
  }

  /** What the last call wrote, as bytes of one's own. */
  copy() {
    const bytes = Buffer.from(this.#look().subarray(0, Number(this.#fields[1])));
    this.#release();
    return bytes;
  }
}

/** A copy of what a buffer holds, for calls that do not share `output` since they end later. */
export function readBuffer(buffer) {
  const [address, length] = new BigUint64Array(koffi.view(buffer, koffi.sizeof(structs.sark_buffer)));
  return length > 0n ? Buffer.from(Buffer.from(koffi.view(address, Number(length)))) : Buffer.alloc(0);
}

/** The buffer that every call writes to. */
export const output = new Output();
