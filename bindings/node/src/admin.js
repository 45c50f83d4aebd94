// The admin API and its page, for the server that a program has already.

import { readBuffer, sark, errorSlot, slot, Struct } from "./native.js";
import { check, InvalidArgument } from "./error.js";
import { create, Handle, optionalPointer, pointer } from "./handle.js";

/** The library refuses larger bodies, so nothing is read beyond. */
const MAX_BODY = 64 << 10;

export class Admin extends Handle {
  constructor(flags, { tokens = [], engine, cache, metrics, allowAnonymous = false } = {}) {
    const list = Buffer.from(JSON.stringify(tokens.map(({ name, secret, role = "write" }) => ({ name, token: secret, role }))));
    const settings = new Struct("sark_admin_options", {
      flags: pointer(flags),
      engine: optionalPointer(engine),
      cache: optionalPointer(cache),
      metrics: optionalPointer(metrics),
      allow_anonymous: Number(allowAnonymous),
    });
    super(create(sark.sark_admin_new(list, list.length, settings.memory, slot, errorSlot)), sark.sark_admin_free, sark.sark_admin_close);
  }

  // On a thread of koffi's: the flags' store may take its time to confirm a change.
  async handle(method, target, headers = {}, body = "") {
    const [verb, path, fields] = [method, target, fieldLines(headers)].map((text) => Buffer.from(text, "latin1"));
    const content = Buffer.from(body);
    const [head, answer] = [sark.sark_buffer_new(), sark.sark_buffer_new()];
    // Where V8 moves nothing while the other thread writes.
    const number = new Uint32Array(new ArrayBuffer(64), 0, 1);
    const error = new BigUint64Array(new ArrayBuffer(64), 0, 1);
    const request = [verb, path, fields, content].flatMap((bytes) => [bytes.length > 0 ? bytes : null, bytes.length]);
    try {
      const status = await this.whileOpen((admin) => later(sark.sark_admin_handle, admin, ...request, number, head, answer, error));
      errorSlot[0] = error[0];
      check(status);
      return { status: number[0], headers: fieldsOf(readBuffer(head).toString("latin1")), body: readBuffer(answer) };
    } finally {
      sark.sark_buffer_free(head);
      sark.sark_buffer_free(answer);
    }
  }

  handler() {
    return (request, response, next) => {
      this.#serve(request, response).catch(next ?? ((error) => response.destroy(error)));
    };
  }

  async #serve(request, response) {
    const { status, headers, body } = await this.handle(request.method, targetOf(request), request.headers, await bodyOf(request));
    response.writeHead(status, { ...headers, "Content-Length": String(body.length) });
    response.end(body);
  }
}

/** A call on a thread of koffi's, as a promise. */
function later(call, ...parameters) {
  return new Promise((resolve, reject) => {
    call.async(...parameters, (failed, status) => (failed ? reject(failed) : resolve(status)));
  });
}

function fieldLines(headers) {
  const given = Object.entries(headers).filter(([, value]) => value !== undefined);
  const lines = given.flatMap(([name, value]) => [value].flat().map((each) => `${name}: ${each}\r\n`));
  const text = lines.join("");
  if (/[^\t\r\n\x20-\x7e\x80-\xff]/.test(text)) throw new InvalidArgument("headers are no text of HTTP");
  return text;
}

function fieldsOf(lines) {
  return Object.fromEntries(lines.split("\r\n").filter(Boolean).map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]));
}

/** The path under /admin, wherever the handler is mounted. */
function targetOf({ url, originalUrl = url }) {
  const [path] = originalUrl.split("?", 1);
  // Mounted at a path that was asked for without its last slash: the answer is to ask with it.
  const below = url.startsWith("/?") || url === "/" ? (path.endsWith("/") ? url : url.slice(1)) : url;
  return `/admin${below.replace(/^\/admin(?=[/?]|$)/, "")}`;
}

/** What a parser before this handler made of the body, or the body itself. */
async function bodyOf(request) {
  if (request.body !== undefined) {
    const isBytes = typeof request.body === "string" || request.body instanceof Uint8Array;
    const hasBody = Number(request.headers["content-length"] ?? 0) > 0 || request.headers["transfer-encoding"] !== undefined;
    return hasBody ? Buffer.from(isBytes ? request.body : JSON.stringify(request.body)) : undefined;
  }
  const parts = [];
  let length = 0;
  for await (const part of request) {
    parts.push(part);
    length += part.length;
    if (length > MAX_BODY) break;
  }
  return Buffer.concat(parts);
}
