// How a source behaves as JavaScript, which the language-neutral cases cannot say.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import { Closed, CompilationError, Engine, InvalidArgument, SerializationError, Unavailable } from "../src/index.js";

/** A directory with one policy, and what replaces the policy. */
function makeDirectory(context, rego) {
  const directory = mkdtempSync(join(tmpdir(), "sark-source-"));
  context.after(() => rmSync(directory, { recursive: true }));
  const write = (text) => writeFileSync(join(directory, "p.rego"), text);
  write(rego);
  return { directory, write };
}

test("activations are given as they come, until the source is closed", async (context) => {
  const { directory, write } = makeDirectory(context, "package p\n\nx := 1");
  const engine = new Engine();
  const source = engine.follow(`dir:${directory}`, { name: "mine" });
  const seen = [];
  for await (const event of source) {
    seen.push([event.event, event.fields.source, engine.evaluate("data.p.x")]);
    if (seen.length === 2) break;
    write("package p\n\nx := 22");
    source.trigger();
  }
  assert.deepEqual(seen, [["activated", "mine", 1], ["activated", "mine", 22]]);
  sleep(20).then(() => source.close());
  for await (const event of source) assert.fail(event.message);
  assert.equal(source.status().closed, true);
  assert.throws(() => source.trigger(), Closed);
  await assert.rejects(source.wait(), Closed);
  engine.close();
});

test("waiting blocks nobody, and ends with what keeps the source from being in force", async (context) => {
  const { directory, write } = makeDirectory(context, "package p\n\nx :=");
  const engine = new Engine();
  const source = engine.follow(`dir:${directory}`);
  await assert.rejects(source.wait(0), CompilationError);
  assert.throws(() => engine.evaluate("data.p.x"), Unavailable);
  let turns = 0;
  const waited = source.wait(10_000).then(() => turns);
  write("package p\n\nx := 1");
  source.trigger();
  while (!source.status().ready) await turn(turns += 1);
  assert.ok((await waited) > 1);
  assert.equal(engine.evaluate("data.p.x"), 1);
  engine.close();
  await assert.rejects(source.wait(), Closed);
});

test("what is no URL, config or duration is refused", async (context) => {
  const { directory } = makeDirectory(context, "package p");
  const engine = new Engine();
  assert.throws(() => engine.follow(undefined), InvalidArgument);
  assert.throws(() => engine.follow(`dir:${directory}`, "{}"), InvalidArgument);
  assert.throws(() => engine.follow(`dir:${directory}`, { name: 1n }), SerializationError);
  const source = engine.follow(`dir:${directory}`, undefined);
  await assert.rejects(source.wait("1"), InvalidArgument);
  await source.wait();
  engine.close();
});

test("waiting and iterating keep the process alive", (context) => {
  const { directory } = makeDirectory(context, "package p\n\nx :=");
  const program = `
    import { Engine } from ${JSON.stringify(new URL("../src/index.js", import.meta.url).href)};
    const source = new Engine().follow(${JSON.stringify(`dir:${directory}`)});
    await source.wait(200).catch((error) => console.log(error.code));
    setTimeout(() => source.close(), 200).unref();
    for await (const event of source) console.log(event);
    console.log("closed");
  `;
  const done = spawnSync(process.execPath, ["--input-type=module", "--eval", program], { encoding: "utf8", timeout: 60_000 });
  assert.deepEqual([done.status, done.stdout.trim(), done.stderr], [0, "rego_parse_error\nclosed", ""]);
});
