// The admin API and its page, for the server that a program has already.

import { later, readBuffer, sark, errorSlot, slot, Struct } from "./native.js";
import { check, Closed, InvalidArgument } from "./error.js";
import { create, Handle, optionalPointer, pointer } from "./handle.js";

/** The library refuses larger bodies, so nothing is read beyond. */
const MAX_BODY = 64 << 10;

/** So many requests wait for the store at once, which takes one change after the other anyway: koffi's threads are few, and the program's. */
const WAITING = 2;

const CLOSED = {
  status: 503,
  headers: { "Content-Type": "application/problem+json", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff" },
  body: Buffer.from('{"detail":"the admin was closed","status":503,"title":"Service Unavailable","type":"about:blank"}'),
};

export class Admin extends Handle {
  /** Kept as long as the admin is: who is dropped logs nothing any more. */
  #flags;
  #free = WAITING;
  #queue = [];

  constructor(flags, { tokens = [], engine, cache, metrics, client, allowAnonymous = false } = {}) {
    const list = Buffer.from(JSON.stringify(tokens.map(({ name, secret, role = "write" }) => ({ name, token: secret, role }))));
    const settings = new Struct("sark_admin_options", {
      flags: pointer(flags),
      engine: optionalPointer(engine),
      cache: optionalPointer(cache),
      metrics: optionalPointer(metrics),
      client: optionalPointer(client),
      allow_anonymous: Number(allowAnonymous),
    });
    super(create(sark.sark_admin_new(list, list.length, settings.memory, slot, errorSlot)), sark.sark_admin_free, sark.sark_admin_close);
    this.#flags = flags;
  }

  async handle(method, target, headers = {}, body = "") {
    const [verb, path, fields] = [method, target, fieldLines(headers)].map((text) => Buffer.from(text, "latin1"));
    const content = Buffer.from(body);
    const [head, answer] = [sark.sark_buffer_new(), sark.sark_buffer_new()];
    // Where V8 moves nothing while another thread writes.
    const number = new Uint32Array(new ArrayBuffer(64), 0, 1);
    const error = new BigUint64Array(new ArrayBuffer(64), 0, 1);
    const request = [verb, path, fields, content].flatMap((bytes) => [bytes.length > 0 ? bytes : null, bytes.length]);
    const call = (admin) => [admin, ...request, number, head, answer, error];
    try {
      const status = waits(method, target)
        ? await this.whileOpen((admin) => this.#later(() => later(sark.sark_admin_handle, ...call(admin))))
        : sark.sark_admin_handle(...call(pointer(this)));
      errorSlot[0] = error[0];
      check(status);
      return { status: number[0], headers: fieldsOf(readBuffer(head).toString("latin1")), body: readBuffer(answer) };
    } finally {
      sark.sark_buffer_free(head);
      sark.sark_buffer_free(answer);
    }
  }

  /** Makes the call when fewer than WAITING others are under way. */
  async #later(call) {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise((resolve) => this.#queue.push(resolve));
    try {
      return await call();
    } finally {
      const next = this.#queue.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }

  handler() {
    return (request, response, next) => {
      this.#serve(request, response).catch(next ?? ((error) => response.destroy(error)));
    };
  }

  async #serve(request, response) {
    const { method, url, originalUrl = url } = request;
    const body = await bodyOf(request);
    // All fields as they came: node's own choice among several of a name is not the library's.
    const fields = request.headersDistinct ?? request.headers;
    const { status, headers: given, body: content } = await this.handle(method, targetOf(url, originalUrl), fields, body).catch(ifClosed);
    const headers = { ...given };
    // The page is below where the admin is mounted, whatever the name of that.
    if ("Location" in headers) headers.Location = `${originalUrl.split("?", 1)[0].split("/").pop()}/`;
    // Not where there is no body: 204, and HEAD, whose length would be that of the body of GET.
    if (method !== "HEAD" && status !== 204) headers["Content-Length"] = String(content.length);
    response.writeHead(status, headers);
    response.end(content);
  }
}

function ifClosed(error) {
  if (error instanceof Closed) return CLOSED;
  throw error;
}

/** Whether the answer may have to wait for the store. The rest is told from memory, also when others wait. */
function waits(method, target) {
  return method === "POST" || target.split("?", 1)[0].endsWith("/history");
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
function targetOf(url, originalUrl) {
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
  for await (const part of request.iterator({ destroyOnReturn: false })) {
    parts.push(part);
    length += part.length;
    if (length > MAX_BODY) break;
  }
  // Whoever still sends gets his answer all the same: the rest is read, and dropped.
  request.resume();
  return Buffer.concat(parts);
}
