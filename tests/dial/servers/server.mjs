// A server of Node with an admin, mounted in every way that its documentation says. Prints its port; ends when its input does.
//
// Usage: server.mjs express|node URL-OF-THE-FLAGS [PORT]      SARK_TOKENS: [{"name": …, "secret": …, "role": …}]; SARK_SOURCE: where
// policies come from, in place of the one that is here

import { Console } from "node:console";
import { createServer } from "node:http";

import express from "express";
import { Admin, Cache, Client, Engine, Flags, Metrics } from "sark-policy";

const [kind, url, port = "0"] = process.argv.slice(2);
const metrics = new Metrics();
const [engine, cache] = [new Engine({ metrics }), new Cache()];
if (process.env.SARK_SOURCE) engine.follow(process.env.SARK_SOURCE, { name: "authz" });
else engine.loadPolicy("authz", 'package authz\n\nallow if input.user == "alice"');
const client = new Client(engine, { cache, metrics });
const flags = new Flags(url, { metrics, logger: new Console(process.stderr) });
const admin = new Admin(flags, { tokens: JSON.parse(process.env.SARK_TOKENS), engine, cache, metrics });

const decide = (user) => JSON.stringify({ allowed: client.decide("data.authz.allow", { user }).allowed });

function app() {
  const app = express();
  app.get("/decide", (request, response) => response.type("json").send(decide(request.query.user)));
  app.post("/close", (request, response) => response.send(admin.close()));
  app.use("/admin", admin.handler());
  app.use("/ops/dial", express.json(), admin.handler());
  return app;
}

function plain() {
  const handler = admin.handler();
  return (request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://localhost");
    if (pathname !== "/decide") return handler(request, response);
    response.setHeader("Content-Type", "application/json");
    response.end(decide(searchParams.get("user")));
  };
}

const server = createServer(kind === "express" ? app() : plain());
server.listen(Number(port), "127.0.0.1", () => process.stdout.write(`${server.address().port}\n`));
process.stdin.resume().on("end", () => process.exit(0));
