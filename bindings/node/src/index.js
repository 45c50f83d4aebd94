// sark: a policy decision point inside your process. The documentation is in index.d.ts.

import { readText, sark } from "./native.js";

export { Admin } from "./admin.js";
export { Cache } from "./cache.js";
export { Client } from "./client.js";
export { DecisionLog } from "./decision-log.js";
export { Engine } from "./engine.js";
export {
  Cancelled, Closed, CompilationError, Conflict, EvaluationError, InternalError, InvalidArgument, LimitExceeded, PolicyNotFound,
  SarkError, SerializationError, TooLarge, Unavailable, Unsupported,
} from "./error.js";
export { Flags } from "./flags.js";
export { Input } from "./input.js";
export { Metrics } from "./metrics.js";
export { Query } from "./query.js";
export { Source } from "./source.js";
export { Ticket } from "./ticket.js";
export { Update } from "./update.js";

export const version = readText(sark.sark_version());
