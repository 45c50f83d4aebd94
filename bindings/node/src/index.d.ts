/// <reference lib="esnext.disposable" />

import type { IncomingMessage, ServerResponse } from "node:http";

/**
 * sark: a policy decision point inside your process. Rego is decided as OPA decides it, without a server.
 *
 * ```js
 * import { Engine } from "sark-policy";
 *
 * const engine = new Engine();
 * engine.loadPolicy("authz", 'package authz\n\nallow if input.role == "admin"');
 * engine.evaluate("data.authz.allow", { role: "admin" }); // true
 * engine.close();
 * ```
 *
 * A document that nothing defines is `undefined`. Every failure is a `SarkError`, and no error is ever an "allow".
 * All calls are synchronous. Durations are milliseconds (`Infinity` for none), sizes are bytes.
 * Where a method takes or gives a value, its twin that ends in `Json` takes or gives JSON text instead: numbers that JavaScript
 * cannot hold stay as they are written.
 *
 * Objects are closed by `close()` or `using`, and freed at the latest when the garbage collector finds them unused. They belong
 * to one thread; a worker makes its own, and closes them before it ends.
 */

/** JSON text as a string or in UTF-8. */
export type Json = string | Uint8Array;

/** Bytes; a string stands for its UTF-8. */
export type Octets = string | Uint8Array;

export type RegoVersion = "v0" | "v1" | "v2";

/** "sark" decides as OPA decides; "regorus" is a second opinion, where the library has it. */
export type Evaluator = "sark" | "regorus";

/** What every object has in common. */
export interface Closable extends Disposable {
  /** Close and free. Later calls throw `Closed`, here and on what was made from this object; closing twice is harmless. */
  close(): void;
  [Symbol.dispose](): void;
}

/** Where in a policy an error is. Rows and columns count from 1. */
export interface Location {
  readonly file: string;
  readonly row: number;
  readonly col: number;
  readonly code: string;
  readonly message: string;
  readonly line: string;
}

/** Any failure of sark. */
export class SarkError extends Error {
  /** The status's name in the library, such as "POLICY_NOT_FOUND". */
  readonly status: string;
  /** OPA's own code where there is one, such as "rego_parse_error"; else "". */
  readonly code: string;
  /** For a policy that does not compile, or an evaluation that failed at a known place. */
  readonly locations: readonly Location[];
  /** For malformed JSON: the offset in bytes. */
  readonly offset: number | undefined;
}

/** An argument outside its range, or of the wrong type. */
export class InvalidArgument extends SarkError {}
/** No policy of this name is loaded. (A path that nothing defines is `undefined`, not an error.) */
export class PolicyNotFound extends SarkError {}
/** A policy does not parse or compile; `locations` says where. What was loaded before stays in force. */
export class CompilationError extends SarkError {}
/** The policy's evaluation failed, such as by a conflict of two rules; `code` is OPA's. */
export class EvaluationError extends SarkError {}
/** Malformed JSON, or a value that JSON cannot say. */
export class SerializationError extends SarkError {}
/** A limit was reached: deadline, memory, depth or size. */
export class LimitExceeded extends SarkError {}
/** A store or the remote OPA cannot be reached. */
export class Unavailable extends SarkError {}
/** The policy or the call needs what this build does not have. */
export class Unsupported extends SarkError {}
/** The state moved on (an update's expected revision), or a document is in the way of the one to be written. */
export class Conflict extends SarkError {}
/** A cache entry that fits no budget. */
export class TooLarge extends SarkError {}
/** The call was cancelled. */
export class Cancelled extends SarkError {}
/** The object, or one that it needs, was closed. */
export class Closed extends SarkError {}
/** A fault in sark itself. The object stays usable. */
export class InternalError extends SarkError {}

export interface EvaluateOptions {
  /** Milliseconds; left out, the engine's. */
  timeoutMs?: number;
  /** Errors of builtins are errors, instead of making their expression undefined. */
  strict?: boolean;
  /** What `time.now_ns` gives, in nanoseconds since 1970; left out, the time that it is. */
  timeNs?: bigint | number;
  /** What `rand.intn` and `uuid.rfc4122` draw from: equal seeds draw the same. Left out, the system's randomness. */
  seed?: bigint | number;
}

export interface QueryOptions extends EvaluateOptions {
  /** The language of the query's text; left out, the engine's. */
  regoVersion?: RegoVersion;
}

export interface NetworkOptions {
  /** A PEM file of certificates to trust; left out, whom the machine trusts. */
  caFile?: string;
  /** Milliseconds that one request takes at most; 5,000 where left out. */
  timeoutMs?: number;
  /** The largest answer, after decompressing; 16 MiB where left out. */
  maxResponseBytes?: number;
  /** The most that answers take which one evaluation leaves to later ones; 64 MiB where left out. */
  maxCacheBytes?: number;
}

export interface LoadOptions {
  /** The language of the policy; left out, the engine's. */
  regoVersion?: RegoVersion;
}

export interface EngineOptions {
  /** The language of policies and queries that do not say; "v1" where left out. */
  regoVersion?: RegoVersion;
  /** Milliseconds for an evaluation. */
  timeoutMs?: number;
  maxInputBytes?: number;
  maxPolicyBytes?: number;
  maxDataBytes?: number;
  /** Where this engine's calls are counted. */
  metrics?: Metrics;
  /** Who evaluates; "sark" where left out. Throws Unsupported where the library lacks it. */
  evaluator?: Evaluator;
  /** OPA's strict mode: what is unused, shadows or is deprecated does not compile. False where left out. */
  strict?: boolean;
  /** Whether `print` in policies is compiled: each line is an event, which `Engine.nextEvent` gives. */
  printStatements?: boolean;
  /** Whether types are checked by the schemas that annotations hold, and by those that they name and `Engine.setSchema` put there. */
  schemaAnnotations?: boolean;
}

export interface ExplainOptions {
  /**
   * How much is told: "notes" (the calls of `trace`) and "fails" (the expressions without a solution), each with what led there; "full"
   * (every step, the default); "debug" (which terms were made equal as well).
   */
  explain?: "notes" | "fails" | "full" | "debug";
  /** Milliseconds; the engine's where left out, Infinity for none. */
  timeoutMs?: number;
  /** Whether errors of builtins are errors, instead of making their expression undefined. */
  strict?: boolean;
}

/** A step on the way to a decision, in the shape of OPA's; `location` is sark's. */
export interface TraceEvent {
  readonly op: "enter" | "exit" | "eval" | "redo" | "fail" | "duplicate" | "note" | "index" | "unify";
  readonly query_id: number;
  readonly parent_id: number;
  readonly type: "body" | "expr" | "rule" | "";
  /** OPA's JSON of the syntax tree; null for a note. */
  readonly node: unknown;
  readonly locals: readonly { readonly key: unknown; readonly value: unknown }[];
  readonly message?: string;
  readonly location?: { readonly file: string; readonly row: number; readonly col: number };
}

export interface TestOptions {
  /** A regular expression in Go's syntax: only tests run in whose name with its package, "data.a.test_b", it matches. */
  run?: string;
  /** Milliseconds for one test; 5,000 where left out, Infinity for none. */
  timeoutMs?: number;
}

/** A place in a policy. Rows and columns count from 1. */
export interface TestPlace {
  readonly file: string;
  readonly row: number;
  readonly col: number;
}

/** The expression that kept a test, or a case of it, from a value. */
export interface TestFailure {
  readonly location: TestPlace;
  readonly text: string;
}

/** A case of a test, `test_a[note]`. */
export interface SubResult {
  readonly name: string;
  readonly fail: boolean;
  readonly failure: TestFailure | undefined;
  readonly subResults: Readonly<Record<string, SubResult>>;
}

/** What a test came to. */
export interface TestResult {
  readonly location: TestPlace;
  /** Such as "data.a". */
  readonly package: string;
  /** Such as "test_b"; "test_b#01" for the second of the name. */
  readonly name: string;
  readonly durationMs: number;
  /** Neither failed nor skipped, and no error. */
  readonly passed: boolean;
  readonly fail: boolean;
  readonly skip: boolean;
  /** What its evaluation ended with: OPA's code, such as "eval_conflict_error", or "eval_cancel_error" where the time was over. */
  readonly error: { readonly code: string; readonly message: string; readonly location?: TestPlace } | undefined;
  readonly failure: TestFailure | undefined;
  /** What it printed, a line for each call. */
  readonly output: string;
  /** How many bytes it printed beyond 1 MiB. */
  readonly outputDropped: number;
  readonly subResults: Readonly<Record<string, SubResult>>;
}

/** A part of a policy. `kinds` says why it was not covered, where that is known. */
export interface CoverageRange {
  readonly start: { readonly row: number; readonly col: number };
  readonly end: { readonly row: number; readonly col: number };
  readonly kinds?: readonly ("index_excluded" | "early_exit")[];
}

/** What tests covered, in the shape of `opa test --coverage`. */
export interface Coverage {
  /** By the policies' names. What is empty or 0 is left out. */
  readonly files: Readonly<
    Record<
      string,
      {
        readonly covered?: readonly CoverageRange[];
        readonly not_covered?: readonly CoverageRange[];
        readonly covered_lines?: number;
        readonly not_covered_lines?: number;
        readonly coverage?: number;
      }
    >
  >;
  readonly covered_lines: number;
  readonly not_covered_lines: number;
  /** In percent. */
  readonly coverage: number;
}

/** Named policies and one document of data. */
export class Engine implements Closable {
  constructor(options?: EngineOptions);
  close(): void;
  [Symbol.dispose](): void;

  /** Load a policy, or replace the one of this name; the new revision. A policy that does not compile changes nothing. */
  loadPolicy(name: string, rego: string, options?: LoadOptions): string;
  /** Load policies, by their names, all or none of them; the new revision. They may refer to one another. */
  loadPolicies(policies: Readonly<Record<string, string>>, options?: LoadOptions): string;
  /** Throws PolicyNotFound; CompilationError where others need it. */
  removePolicy(name: string): void;
  clearPolicies(): void;
  hasPolicy(name: string): boolean;
  /** Sorted. */
  policyNames(): string[];
  /** How the sources are that the engine follows. */
  sources(): SourceStatus[];
  /** What the policies offer, for whoever deploys them. It plans each document: seconds, where there are thousands. */
  inspect(): Inspection;
  /**
   * The builtins that policies may call, with their types, and the features of the language, in the shape of `opa capabilities --current`:
   * `opa build` and `opa check` can be held to it (`--capabilities`).
   */
  capabilities(): Capabilities;
  /**
   * Run the tests among the policies, the rules whose names begin with `test_`, over the present policies and data, in the order of the
   * policies' names. Blocks for as long as they take. What goes wrong in a test is in its result. Throws InvalidArgument for `run`, and
   * CompilationError where `print` has an operand that nothing declares.
   */
  runTests(options?: TestOptions): TestResult[];
  /**
   * `runTests`, and what of the policies the tests covered. Each test is run three times, as OPA runs it, to tell why something was not
   * covered.
   */
  coverTests(options?: TestOptions): { results: TestResult[]; coverage: Coverage };
  /**
   * `evaluate`, and the lines that OPA prints of how the decision came about. For people, not for traffic; it is not counted. `result` is
   * undefined where the document is, and the lines are there all the same. Throws as `evaluate`; LimitExceeded where there is too much to tell.
   */
  explain(policyOrPath: string, input?: unknown, options?: ExplainOptions): { result: unknown; lines: string[] };
  /** `explain`, with an event for each step. */
  trace(policyOrPath: string, input?: unknown, options?: ExplainOptions): { result: unknown; events: TraceEvent[] };
  /** The next line that a policy printed ("print"); `undefined` where there is none. There are none without `printStatements`. */
  nextEvent(): Event | undefined;

  /** Replace the whole document of data by an object; the new revision. Throws Conflict where a rule is in the way. */
  setData(data: object): string;
  setDataJson(data: Json): string;
  /** Put a value at a path of the data, such as "/users/alice", making its parents; the new revision. */
  patchData(path: string, data: unknown): string;
  patchDataJson(path: string, data: Json): string;
  /**
   * Put a JSON schema at a path such as "schema.user", or take away what is there where it is left out; the new revision. All policies are
   * checked by it: their input by the one at "schema", and what annotations name with `schemaAnnotations`. Throws InvalidArgument (no path
   * of a schema, or no schema), CompilationError (the policies contradict it), Unsupported.
   */
  setSchema(path: string, schema?: unknown): string;
  setSchemaJson(path: string, schema?: Json): string;
  /**
   * Let `http.send` and `net.lookup_ip_addr` reach hosts, from the next evaluation on: names, addresses, networks ("10.0.0.0/8"), and "*" for
   * every name. Private addresses are reached where they are listed themselves. An empty array closes the engine for good; until it is
   * called, a client's remote OPA decides what would reach outside. Throws InvalidArgument, Unsupported.
   */
  allowNet(hosts: readonly string[], options?: NetworkOptions): void;
  /** Say what `opa.runtime()` gives: an object, such as { env: { REGION: "eu" } }. Without it that is an empty one. Throws InvalidArgument. */
  setRuntime(runtime: unknown): void;
  /**
   * Follow a source of policies and data: what is new there comes into force, whole or not at all. `url` is "dir:PATH", "bundle:PATH",
   * "https://…" (a bundle that a server has) or "opa:http://…" (what a running OPA has). Blocks until the first answer, at most 3 s. A
   * source that is away, or has what is refused, is no error: `Source.wait` throws it, and `Source.status` says it. Throws
   * InvalidArgument, Unsupported, and Conflict for a name that another source of the engine has.
   */
  follow(url: string, config?: SourceConfig): Source;
  /** The revision of policies and data: opaque text, different after every change, and in every process. */
  readonly revision: string;

  /**
   * The document of a policy (its package), by its name, or any document, by a path such as "data.authz.allow"; `undefined`
   * where nothing defines it. Without an input (`undefined`) policies see none, which is not the same as null.
   */
  evaluate(policyOrPath: string, input?: unknown, options?: EvaluateOptions): any;
  /** The same from JSON text to JSON text: faster, and numbers stay as they are written. */
  evaluateJson(policyOrPath: string, input?: Json, options?: EvaluateOptions): string | undefined;

  /**
   * Answer a query in Rego, such as "x := data.roles[input.user]": for each result, its variables and their values. `[]` where
   * nothing satisfies it; `[{}]` where something does, and it has no variables. It is compiled at each call: `prepare` what is
   * asked often. Throws CompilationError for the text.
   */
  query(query: string, input?: unknown, options?: QueryOptions): Record<string, any>[];
  /** The same from JSON text to JSON text, an array of objects. */
  queryJson(query: string, input?: Json, options?: QueryOptions): string;

  /** A query that is resolved once and evaluated often. It follows later changes of policies and data. */
  prepare(policyOrPath: string): Query;
  /** Changes that come into force together, at `commit`. */
  update(): Update;
}

/** Changes of an engine that come into force together. Closing drops what is not committed. */
export class Update implements Closable {
  constructor(engine: Engine);
  close(): void;
  [Symbol.dispose](): void;

  loadPolicy(name: string, rego: string, options?: LoadOptions): void;
  removePolicy(name: string): void;
  clearPolicies(): void;
  setData(data: object): void;
  setDataJson(data: Json): void;
  patchData(path: string, data: unknown): void;
  patchDataJson(path: string, data: Json): void;
  /**
   * Bring the changes into force; the new revision. The update is empty then, and may be used again.
   * Throws Conflict where the engine's revision is not the expected one (left out: any).
   */
  commit(expectedRevision?: string): string;
}

/** A parsed input, for the queries of one engine. */
export class Input implements Closable {
  constructor(engine: Engine, value: unknown);
  static fromJson(engine: Engine, json: Json): Input;
  close(): void;
  [Symbol.dispose](): void;
}

/** A policy or path that is resolved once. */
export class Query implements Closable {
  constructor(engine: Engine, policyOrPath: string);
  close(): void;
  [Symbol.dispose](): void;

  /** The document's value. The input is any value, or an `Input`. */
  evaluate(input?: unknown, options?: EvaluateOptions): any;
  evaluateJson(input?: Json | Input, options?: EvaluateOptions): string | undefined;
  /** Whether the document is exactly `true`. An error throws. */
  allows(input?: unknown, options?: EvaluateOptions): boolean;
  allowsJson(input?: Json, options?: EvaluateOptions): boolean;
  /** Evaluate many inputs in one call: for each its value, `undefined`, or its error (returned, not thrown). */
  evaluateBatch(inputs: Iterable<unknown>, options?: EvaluateOptions): any[];
}

/** How a source is followed: settings with the names of OPA's configuration. One that is not known is refused. */
export interface SourceConfig {
  /** Stands before the names of the source's policies, and in revisions; left out, the file's, as in bundles/<name>. */
  name?: string;
  /** Left out, the engine's. */
  rego_version?: RegoVersion;
  /** What of data and of packages is a directory's; everything where left out. */
  roots?: string[];
  /** Patterns of names that are passed over; ["..*"] where left out. */
  ignore?: string[];
  /** How often is asked. The two delays go together. */
  polling?: { min_delay_seconds?: number; max_delay_seconds?: number; long_polling_timeout_seconds?: number };
  /** Verify bundles, by their ids: with a key, nothing unsigned comes into force. A key is a public one in PEM, or a shared secret. */
  keys?: Readonly<Record<string, { algorithm?: string; key: string; scope?: string }>>;
  signing?: { keyid?: string; scope?: string; exclude_files?: string[] };
  /** Credentials, tls and headers are for bundles that a server has; what ends in path, cert and private_key names files. */
  credentials?: { bearer?: { token?: string; token_path?: string }; client_tls?: { cert?: string; private_key?: string } };
  tls?: { ca_cert?: string };
  headers?: Readonly<Record<string, string>>;
  /** Of a file, and of all together. */
  size_limit_bytes?: number;
  /** What is in force is kept there for the next start. */
  persistence_directory?: string;
  /** How old what is in force may become before `when_stale` applies; left out: no bound. */
  max_staleness_seconds?: number;
  /** "serve" where left out. */
  when_stale?: "serve" | "remote" | "deny";
  response_header_timeout_seconds?: number;
  download_timeout_seconds?: number;
}

/** What policies may use, as OPA's JSON has it. */
export interface Capabilities {
  builtins: {
    name: string;
    decl: { type: "function"; args?: object[]; variadic?: object; result?: object };
    infix?: string;
    relation?: true;
    nondeterministic?: true;
    deprecated?: true;
  }[];
  features: string[];
  future_keywords: string[];
  wasm_abi_versions: object[];
  /** Hosts that builtins may reach: none. */
  allow_net: string[];
}

/** What an engine's policies offer. */
export interface Inspection {
  policies: { name: string; package: string; rego_version: "v0" | "v1" | "v2"; bytes: number }[];
  documents: {
    path: string;
    policies: string[];
    rules: number;
    function: boolean;
    deterministic: boolean;
    /** The builtins that make it otherwise. */
    nondeterministic: string[];
    /** What of the input and of base data it can read: "input.user"; "input" alone is all. */
    reads: string[];
    /** The builtins by which it reaches outside, where `Engine.allowNet` lets it. */
    network: string[];
    /** By what the rules are found, and how many of them are looked at whatever the input is. */
    index: { by: string[]; hashed: boolean; rules: number; always: number } | null;
    /** Whether an annotation calls it one. */
    entrypoint: boolean;
  }[];
  /** The documents and packages that annotations call so: "data.a.allow". */
  entrypoints: string[];
  /** What "# METADATA" says, by paths and places, in the shape of `opa inspect --annotations --format=json`. */
  annotations: {
    path: { type: string; value: unknown }[];
    /** Where the package or the rule stands; `file` is the policy. */
    location: { file: string; row: number; col: number };
    annotations: Annotation;
  }[];
}

/** What one "# METADATA" says. What it does not say is absent. */
export interface Annotation {
  scope: "rule" | "document" | "package" | "subpackages";
  title?: string;
  description?: string;
  entrypoint?: true;
  organizations?: string[];
  related_resources?: { ref: string; description?: string }[];
  authors?: { name: string; email?: string }[];
  schemas?: { path: object[]; schema?: object[]; definition?: object }[];
  compile?: { unknowns?: (object[] | null)[]; mask_rule?: object[] };
  custom?: Record<string, unknown>;
  labels?: Record<string, unknown>;
}

export interface SourceStatus {
  name: string;
  /** Without anything secret. */
  url: string;
  /** Whether something of it is in force. */
  ready: boolean;
  closed: boolean;
  /** The source's own. */
  revision: string;
  /** The engine's after the last activation. */
  engine_revision: string;
  /** What came last; null where nothing is in force. */
  type: "snapshot" | "delta" | null;
  /** Whether what is in force was kept on disk, and the source has not answered since. */
  from_disk: boolean;
  policies: number;
  bytes: number;
  activations: number;
  /** RFC 3339; null for never. */
  last_request: string | null;
  last_successful_request: string | null;
  last_successful_activation: string | null;
  /** Since the source last had what is in force; null for never. */
  age_seconds: number | null;
  max_staleness_seconds: number | null;
  when_stale: "serve" | "remote" | "deny";
  stale: boolean;
  /** What its policies call that would reach outside, where `Engine.allowNet` was not called. */
  outside_calls: { policy: string; builtin: string; row: number | null; col: number | null }[];
  /** What went wrong last; null where all is well. */
  error: {
    status: string;
    code?: string;
    message: string;
    offset?: number;
    errors?: { code: string; message: string; location?: { file: string; row: number; col: number }; line?: string }[];
  } | null;
}

/**
 * A source that an engine follows, made by `Engine.follow`. It is a view: the engine follows the source until `close`, or its own end.
 * Iterating gives each activation as it comes, and ends at `close`, until which it keeps the process alive; what else happens it takes,
 * too, and passes over: whoever wants to log a source asks `nextEvent` instead.
 */
export class Source implements Closable, AsyncIterable<Event> {
  constructor(engine: Engine, url: string, config?: SourceConfig);
  /** Stop following. What is in force stays, and may be changed by hand or by another source from then on. `status` still answers. */
  close(): void;
  [Symbol.dispose](): void;
  [Symbol.asyncIterator](): AsyncGenerator<Event, void, undefined>;

  /**
   * Wait, without blocking, until something of the source is in force; 10 s where left out. Throws what keeps it from that once the time
   * is over: CompilationError, Unavailable, …
   */
  wait(timeoutMs?: number): Promise<void>;
  /** Ask the source now, rather than when it is due, without waiting for the answer. */
  trigger(): void;
  /** The next thing that happened ("activated", "refused", "unreachable", …), for one who logs himself. */
  nextEvent(): Event | undefined;
  status(): SourceStatus;
}

export interface CacheOptions {
  /** 10,000 where left out. */
  maxEntries?: number;
  /** 64 MiB where left out. */
  maxBytes?: number;
  /** How long an entry is kept where `set` does not say; 300,000 where left out. */
  defaultTtlMs?: number;
  /** The time between two sweeps of expired entries. */
  sweepIntervalMs?: number;
  metrics?: Metrics;
}

export interface CacheStats {
  hits: number;
  misses: number;
  sets: number;
  removals: number;
  evictions: number;
  expirations: number;
  entries: number;
  bytes: number;
}

/** Bytes by keys, bounded in entries and in bytes, with expiry. */
export class Cache implements Closable {
  constructor(options?: CacheOptions);
  close(): void;
  [Symbol.dispose](): void;

  get(key: Octets): Buffer | undefined;
  /** Throws TooLarge where the entry fits no budget. */
  set(key: Octets, value: Octets, options?: { ttlMs?: number }): void;
  /** Whether it was there. */
  remove(key: Octets): boolean;
  clear(): void;
  /** The number of entries. */
  readonly size: number;
  /** The bytes that the entries take. */
  readonly bytes: number;
  /** Remove the expired entries now; how many they were. */
  cleanupExpired(): number;
  stats(): CacheStats;
}

export interface FlagsOptions {
  metrics?: Metrics;
  /** How old, in milliseconds, the percentages of a store that is away may become before everyone takes the remote path. */
  maxAgeMs?: number;
  /** Gets what happens (changes, a store that is away): `console`, or anything with these methods. Left out: nobody, see `nextEvent`. */
  logger?: { info(message: string, fields: object): void; warn(message: string, fields: object): void; error(message: string, fields: object): void };
}

/** Who changes a dial, and why, for the history. */
export interface By {
  who?: string;
  why?: string;
}

/** A change of a dial. */
export interface Change {
  /** RFC 3339. */
  when: string;
  feature: string;
  /** null where the feature was not set. */
  from: number | null;
  to: number;
  who: string;
  why: string;
}

export interface FlagsStatus {
  /** The store's URL, without anything secret. */
  store: string;
  /** Whether the percentages came from the store, or from what was kept of it. */
  known: boolean;
  /** Since the store was last reached; null for never. */
  age_seconds: number | null;
  /** Whether they are older than `maxAgeMs`: everyone takes the remote path. */
  too_old: boolean;
  /** What is wrong with the store. */
  problem: string | null;
  /** Whether the store lost its contents; the last known percentages hold. */
  emptied: boolean;
  force: "local" | "remote" | null;
}

/** Something that happened to flags, to a client or to a source. */
export interface Event {
  when: string;
  level: "info" | "warning" | "error";
  event: string;
  message: string;
  fields: Record<string, unknown>;
}

/** Rollout percentages of features, from 0 to 100 in steps of 0.01. */
export class Flags implements Closable {
  /**
   * `url` says where they are kept: "memory:", "file:PATH", "redis://…", "rediss://…" or "unix:PATH". A store that is away is no error:
   * what was kept of it holds, or 0 %. The environment's SARK_FORCE, "local" or "remote", sends everyone to one side. Blocks until the
   * first contact with the store, at most 3 s.
   */
  constructor(url?: string, options?: FlagsOptions);
  close(): void;
  [Symbol.dispose](): void;

  /** Whether the feature is on for the user. Without a user (`undefined` or empty) only at 100 %. */
  isEnabled(feature: string, user?: Octets): boolean;
  /** The user's place in the feature's rollout, 0 to 9,999: on where it is less than the percentage in hundredths. */
  static bucket(feature: string, user: Octets): number;
  /** Throws InvalidArgument outside 0 to 100, Unavailable where the store did not confirm it. Blocks for a store in Redis, at most 4 s. */
  setRollout(feature: string, percentage: number, by?: By): Change;
  /** The feature's percentage; 0 where it was never set. */
  rollout(feature: string): number;
  /** Back to 0 %. */
  rollback(feature: string, by?: By): Change;
  /** Every feature back to 0 %, at once. */
  rollbackAll(by?: By): Change[];
  /** Sorted by feature. */
  list(): { feature: string; percentage: number }[];
  /** The last changes, the newest first; of one feature, or of all. The store keeps 1,000. */
  history(options?: { feature?: string; most?: number }): Change[];
  status(): FlagsStatus;
  /** Send everyone to one side, in this process alone, whatever the percentages say; undefined lets them decide again. */
  force(side: "local" | "remote" | undefined): void;
  /** The next thing that happened, for one who logs himself. */
  nextEvent(): Event | undefined;
}

/** Whoever bears it may "read" or "write"; the name stands in the history. A secret has at least 16 visible ASCII characters. */
export interface Token {
  name: string;
  secret: string;
  /** "write" where left out. */
  role?: "read" | "write";
}

export interface AdminOptions {
  /** Without any, `allowAnonymous` must be said. */
  tokens?: Token[];
  /** Whoever reaches the admin may do everything. */
  allowAnonymous?: boolean;
  /** What is shown of them, where they are given. */
  engine?: Engine;
  cache?: Cache;
  metrics?: Metrics;
  /** Its breaker. */
  client?: Client;
}

/** Answers requests that turn the dial, or ask how everything is; docs/admin.md has the routes. */
export class Admin implements Closable {
  constructor(flags: Flags, options?: AdminOptions);
  close(): void;
  [Symbol.dispose](): void;

  /** Answers a request; `target` is its path, under /admin, and query. Blocks nobody. */
  handle(
    method: string, target: string, headers?: Record<string, string | string[] | undefined>, body?: Octets,
  ): Promise<{ status: number; headers: Record<string, string>; body: Buffer }>;

  /**
   * For node:http, Connect and Express: `app.use("/admin", admin.handler())`, or at the root for paths under /admin. A body parser before
   * it may have taken the body.
   */
  handler(): (request: IncomingMessage, response: ServerResponse, next?: (error: unknown) => void) => void;
}

export interface ClientOptions {
  /** Keeps local decisions. */
  cache?: Cache;
  /** Say which users are decided locally; left out: everyone. They need an `opaUrl`. */
  flags?: Flags;
  /**
   * The remote OPA, such as "http://localhost:8181"; left out: local decisions only.
   * "https://opa?ca_file=…&cert_file=…&key_file=…&token_file=…&connect_timeout_ms=…" says how it is asked.
   */
  opaUrl?: string;
  /** The flags' feature that is asked; "rust_opa" where left out. */
  feature?: string;
  /** Milliseconds for a decision. */
  timeoutMs?: number;
  /** How long a decision is kept; left out, the cache's default. */
  cacheTtlMs?: number;
  /** The largest answer that is accepted from the remote. */
  maxAnswerBytes?: number;
  /** At most so many decisions at once fall back to the remote. */
  maxConcurrentFallbacks?: number;
  metrics?: Metrics;
  /**
   * Who decides: the side that the flags say ("dial"), the local engine alone, the remote alone, or the remote, and the local engine
   * where it is away. "dial" where left out.
   */
  mode?: "dial" | "local" | "remote" | "remoteFirst";
  /** Local decisions that are compared with the remote's; left out: none. */
  shadow?: {
    /** The percentage of decisions, in steps of 0.01. */
    rate: number;
    /** How many may wait; of more, the new ones are dropped and counted. */
    maxWaiting?: number;
    /** Whether the input of a differing answer is kept, for `status`. */
    keepInputs?: boolean;
  };
  /** The dial goes back by itself where, within the window, one of the thresholds is reached; left out: never. */
  guard?: {
    windowMs: number;
    /** So many percent of the local decisions failed, in steps of 0.01. */
    errorRate?: number;
    /** The 95th percentile of their time is longer. */
    p95Ms?: number;
    /** So many answers differ from the remote's. */
    differing?: number;
    /** With fewer local decisions, error rate and p95 say nothing. */
    minDecisions?: number;
  };
  /** Gets what happens (fallbacks, differing answers, the guard). Left out: nobody, see `nextEvent`. */
  logger?: { info(message: string, fields: object): void; warn(message: string, fields: object): void; error(message: string, fields: object): void };
}

export interface DecideOptions {
  user?: Octets;
  /** Milliseconds; left out, the client's. */
  timeoutMs?: number;
  /** W3C's header of the request, passed on to the remote; one that is malformed is left out. */
  traceparent?: string;
}

/** Decides by a local engine or a remote OPA, as the flags say. */
export class Client implements Closable {
  constructor(engine: Engine, options?: ClientOptions);
  close(): void;
  [Symbol.dispose](): void;

  /**
   * Decide: by a policy's name or a path, on an input, for a user.
   *
   * This call blocks the event loop until the decision is there: microseconds on the local path; where the remote OPA is asked,
   * as long as that takes, up to the timeout.
   */
  decide(policy: string, input?: unknown, options?: DecideOptions): Decision;
  decideJson(policy: string, input?: Json, options?: DecideOptions): Decision;

  /**
   * `decide` without blocking: what takes longer than a millisecond, the remote included, is done by another thread, of which Node has
   * four (UV_THREADPOOL_SIZE).
   */
  decideAsync(policy: string, input?: unknown, options?: DecideOptions): Promise<Decision>;
  /** The decision, where flags, cache and engine come to it within a millisecond; otherwise a ticket for the rest. */
  begin(policy: string, input?: unknown, options?: DecideOptions): Decision | Ticket;

  /** How it is: the breaker, what shadow and guard found (as sark_client_status has it), and the fallbacks under way. */
  status(): any;
  /** Leave places out of whatever is kept of inputs and results: JSON pointers such as "/input/password". */
  setMask(pointers: Iterable<string>): void;
  /**
   * Decide events of a decision log (JSON lines, OPA's format) again, by the engine alone. At most 100 differences; a side is
   * `{"result": …}`, `{"undefined": true}` or `{"error": true}`. Takes as long as the decisions do: give a long log in parts.
   */
  replay(log: Json): {
    events: number;
    equal: number;
    differing: number;
    skipped: { erased: number; nondeterministic: number; failed: number; unreadable: number };
    differences: { decision_id: unknown; path: string; logged: any; local: any }[];
  };
  /** The next thing that happened, for one who logs himself. */
  nextEvent(): Event | undefined;
}

/** What is left to do for a decision, which it gives once. */
export class Ticket implements Closable {
  /** Gives the decision up. */
  close(): void;
  [Symbol.dispose](): void;

  /** Where to POST; `undefined` where there is nothing to send, and `run` is the way. */
  readonly url: string | undefined;
  /** The request's, a bearer token among them. */
  readonly headers: Readonly<Record<string, string>>;
  /** The request's, JSON. */
  readonly body: string;
  /** What is left for the response; Infinity for no bound. */
  readonly timeoutMs: number;

  /** The decision, from the response. Throws as `Client.decide`. */
  complete(status: number, body?: string | Uint8Array): Decision;
  /** The decision where no response came: the local engine's, where the mode says so. */
  fail(why: "connection" | "timeout"): Decision;
  /** The decision, however long it takes, by the library's own HTTP client or engine, on another thread. */
  run(): Promise<Decision>;
}

export interface DecisionLogOptions {
  /** How many events may wait; of more, the oldest are dropped and counted. */
  maxWaiting?: number;
  /** How many bytes of inputs and results may wait. */
  maxWaitingBytes?: number;
  /** A larger input or result is left out of its event, which then names it in `erased`. */
  maxEventBytes?: number;
  metrics?: Metrics;
}

/**
 * What clients decided, in the format of OPA's decision log (EventV1): inputs too, without the places that the clients' masks name.
 * Iterating takes what waits in the queue now.
 */
export class DecisionLog implements Closable, Iterable<any> {
  /**
   * @param location "queue:" (the default), or "file:PATH?max_bytes=100000000&keep=5": JSON lines, the full file renamed to PATH.1, of
   * which `keep` stay; several processes may write one file.
   */
  constructor(location?: string, options?: DecisionLogOptions);
  /** Writes what waits for the file, for up to 2 s. What waits in a queue may still be taken. */
  close(): void;
  [Symbol.dispose](): void;
  [Symbol.iterator](): Iterator<any>;

  /** The oldest event of a queue; `undefined` where none waits. */
  next(): any;
  /** Waits, blocking, until all events so far are written or taken; whether that was so within the time. */
  flush(timeoutMs?: number): boolean;
  status(): { location: string; waiting: number; waiting_bytes: number; events: number; dropped: number; failing: string | null };
}

/** A decision, and how it came about. It is an object, hence always truthy: ask `allowed`. */
export interface Decision {
  /** The document's value; `undefined` where nothing defines it. */
  readonly result: any;
  /** The result is exactly true, or an object whose `allow` (or else `allowed`) is exactly true. */
  readonly allowed: boolean;
  /** "rust" for the local engine, "http" for the remote OPA. */
  readonly implementation: string;
  /** Answered from the cache. */
  readonly cached: boolean;
  /** Why the other side decided than the one that was chosen: the remote, or, for "unavailable", the one that was there. */
  readonly fallback: "" | "evaluation" | "serialization" | "limit" | "internal" | "unsupported" | "unavailable";
  /** A random UUID, by which logs and events name the decision. */
  readonly id: string;
  readonly durationMs: number;
  /** The revision of policies and data that decided. */
  readonly revision: string;
  /** Where the duration went; 0 for a phase that the decision did not go through. */
  readonly phases: { readonly flagsMs: number; readonly cacheMs: number; readonly readMs: number; readonly evaluateMs: number; readonly remoteMs: number };
}

/** One name and its samples. `labels` are the names of the labels, a sample's are their values. */
export interface MetricFamily {
  name: string;
  help: string;
  type: "counter" | "gauge" | "histogram";
  unit: "seconds" | "bytes" | null;
  labels: string[];
  samples: ({ labels: string[]; value: number } | { labels: string[]; buckets: [bound: number, upTo: number][]; count: number; sum: number })[];
}

/** What the engines, caches, flags and clients that were given this object have done. */
export class Metrics implements Closable {
  /**
   * With a `directory`, processes share it (those of `node:cluster`, say): what each counts is in a file of its own there, and what any of
   * them renders is of all, those that ended included. It is made where there is none, belongs to one service on one machine, and takes
   * 64 KiB for each process; throws `Unavailable` where it cannot be used.
   */
  constructor(options?: { directory?: string });
  close(): void;
  [Symbol.dispose](): void;

  /** Everything, in Prometheus' text format 0.0.4. */
  render(): string;

  /** Everything, in OpenMetrics 1.0.0. */
  renderOpenMetrics(): string;

  /** Everything, for collectors of another metrics library. */
  gather(): MetricFamily[];

  /** Shows everything in a `Registry` of prom-client (15), beside the application's own metrics. */
  registerWith(registry: { registerMetric(metric: any): void }): void;
}

/** The library's version. */
export const version: string;
