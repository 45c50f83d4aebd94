// The page in a real browser, served by a real Express app and a real Go server that share a Redis. SARK_DIAL says where `make test-dial`
// has put what is needed; screenshots are left in its folder screenshots.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";

import { chromium } from "playwright-core";

const BUILT = process.env.SARK_DIAL;
const SHOTS = join(BUILT, "screenshots");
const PATIENCE = 20_000;
const WRITER = "a-secret-that-writes-123";
const READER = "a-secret-that-reads-4567";
const TOKENS = JSON.stringify([
  { name: "ops", secret: WRITER, role: "write" },
  { name: "guest", secret: READER, role: "read" },
]);
const COMMANDS = { express: ["node", join(BUILT, "node", "server.mjs"), "express"], go: [join(BUILT, "server_go")] };

let folder, redis, app, other, browser, page, problems;

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

async function eventually(what) {
  for (const deadline = Date.now() + PATIENCE; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
    const value = await what();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`not true within ${PATIENCE} ms: ${what}`);
  }
}

class Process {
  constructor(command, options) {
    this.child = spawn(command[0], command.slice(1), options);
  }
  signal(name) { this.child.kill(name); }
  async end() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.signal("SIGCONT");
    this.signal("SIGKILL");
    await once(this.child, "exit");
  }
}

class Redis extends Process {
  static async start() {
    const port = await freePort();
    const server = new Redis(["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", folder], { stdio: "ignore" });
    return Object.assign(server, { url: `redis://127.0.0.1:${port}` });
  }
}

class Server extends Process {
  static async start(kind, url, port = 0, more = {}) {
    const environment = { ...process.env, SARK_TOKENS: TOKENS, ...more };
    const server = new Server([...COMMANDS[kind], url, port], { env: environment, stdio: ["pipe", "pipe", "ignore"] });
    const [line] = await once(server.child.stdout, "data");
    const address = `http://127.0.0.1:${Number(String(line))}`;
    return Object.assign(server, { kind, store: url, address, admin: `${address}/admin/` });
  }
  get port() { return new URL(this.address).port; }
  async ask(path, options) {
    const response = await fetch(this.admin + path, { ...options, headers: { Authorization: `Bearer ${WRITER}` } });
    assert.equal(response.status, 200);
    return response.json();
  }
  async percentage(feature) {
    const { features } = await this.ask("rollout");
    return features.find((each) => each.feature === feature)?.percentage;
  }
  set(feature, percentage, why = "") {
    return this.ask(`rollout/update?${new URLSearchParams({ feature, percentage, why })}`, { method: "POST" });
  }
  decide(user) { return fetch(`${this.address}/decide?user=${user}`); }
}

/** A page, watched: what it complains of is kept. */
async function open(url, token = WRITER, options = {}) {
  const made = await browser.newPage({ viewport: { width: 1280, height: 800 }, ...options });
  made.setDefaultTimeout(PATIENCE);
  await made.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => console.error(`refused: ${event.violatedDirective} ${event.blockedURI}`));
  });
  made.on("pageerror", (error) => problems.push(String(error)));
  made.on("console", (message) => {
    // What the browser itself says of an answer that is none is no complaint of the page's.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) problems.push(message.text());
  });
  made.on("request", (request) => {
    if (!request.url().startsWith(new URL(url).origin)) problems.push(`asked elsewhere: ${request.url()}`);
  });
  await made.goto(url);
  if (token !== null) await enter(made, token);
  return made;
}

async function enter(at, token) {
  await at.getByLabel("Token", { exact: true }).fill(token);
  await at.keyboard.press("Enter");
}

const card = (at, name) => at.getByRole("article", { name, exact: true });
const shows = (at, name, text) => card(at, name).locator(".percent").filter({ hasText: new RegExp(`^${text}\\s%$`) }).waitFor();
const isSaid = (at, text) => at.getByRole("status").filter({ hasText: text }).waitFor();
const dialog = (at) => at.getByRole("dialog");

/** In light and dark, on a desk and on a phone: nothing is wider than the window. */
async function shoot(at, name) {
  for (const [width, height] of [[1280, 800], [360, 740]]) {
    await at.setViewportSize({ width, height });
    for (const colorScheme of ["light", "dark"]) {
      await at.emulateMedia({ colorScheme });
      await at.screenshot({ path: join(SHOTS, `${name}-${width}-${colorScheme}.png`), fullPage: !name.startsWith("dialog") });
    }
    const { wide, beyond } = await at.evaluate(() => {
      const isCut = (each) => each.clientWidth > 0 && each.scrollWidth > each.clientWidth + 1 && !each.matches("input, thead, .share");
      const isBeyond = (each) => each.getBoundingClientRect().right > document.documentElement.clientWidth + 1;
      const seen = [...document.querySelectorAll("body *")].filter((each) => each.checkVisibility());
      const beyond = seen.filter((each) => isCut(each) || isBeyond(each)).map((each) => each.outerHTML.slice(0, 80));
      return { wide: document.documentElement.scrollWidth, beyond };
    });
    assert.ok(wide <= width, `${name}: ${wide} px in a window of ${width}`);
    assert.deepEqual(beyond, [], `${name} at ${width}`);
  }
  await at.setViewportSize({ width: 1280, height: 800 });
  await at.emulateMedia({ colorScheme: "light" });
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "sark-page-"));
  rmSync(SHOTS, { recursive: true, force: true });
  mkdirSync(SHOTS, { recursive: true });
  const args = process.getuid() === 0 ? ["--no-sandbox"] : [];
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args });
});

beforeEach(async () => {
  problems = [];
  redis = await Redis.start();
  app = await Server.start("express", redis.url);
  other = await Server.start("go", redis.url);
  await eventually(async () => (await app.ask("status")).flags.known && (await other.ask("status")).flags.known);
});

afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  for (const each of [app, other, redis]) await each.end();
  assert.deepEqual(problems, []);
});

after(async () => {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
});

test("without a token, and with a wrong one, it says what is missing", async () => {
  page = await open(app.admin, null);
  await page.getByRole("heading", { name: "Not allowed" }).waitFor();
  assert.ok(await page.getByLabel("Token", { exact: true }).evaluate((field) => field === document.activeElement));
  await shoot(page, "not-allowed");
  await enter(page, "a-secret-that-nobody-has");
  await page.getByText("This token is not known here.").waitFor();
  await enter(page, WRITER);
  await page.getByText("ops (write)").waitFor();
  await page.reload();
  await page.getByText("ops (write)").waitFor();
  await page.getByRole("button", { name: "Forget token" }).click();
  await page.getByRole("heading", { name: "Not allowed" }).waitFor();
  assert.ok(await page.getByRole("heading", { name: "Features" }).isHidden());
});

test("a token that reads changes nothing", async () => {
  await app.set("rust_opa", 25);
  page = await open(app.admin, READER);
  await page.getByText("This token may read, but not change anything.").waitFor();
  await shows(page, "rust_opa", 25);
  for (const control of await page.locator(".change").all()) assert.ok(await control.isDisabled());
  await shoot(page, "read-token");
});

test("the first feature is added", async () => {
  page = await open(app.admin);
  await page.getByText("No features yet.").waitFor();
  await page.getByText("No changes yet.").waitFor();
  await shoot(page, "no-features");
  await page.getByLabel("Name").fill("rust_opa");
  await page.getByLabel("Percent").fill("12.5");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await isSaid(page, "rust_opa is added at 12.5");
  await shows(page, "rust_opa", "12.5");
  assert.equal(await app.percentage("rust_opa"), 12.5);
});

test("a dial is turned by keyboard and by mouse, rolled back, and seen in another process and its page", async () => {
  await app.set("rust_opa", 25, "first quarter");
  page = await open(app.admin);
  const seen = await open(other.admin);
  await shows(seen, "rust_opa", 25);

  const dial = card(page, "rust_opa").getByLabel("Dial");
  await dial.focus();
  for (const key of ["PageUp", "ArrowRight"]) await page.keyboard.press(key);
  const percent = await card(page, "rust_opa").getByLabel("Percent").inputValue();
  assert.equal(await dial.inputValue(), percent);
  assert.ok(Number(percent) > 25);
  assert.equal(await app.percentage("rust_opa"), 25, "nothing changes before it is applied");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await isSaid(page, `rust_opa: 25 % → ${percent} %`);
  await eventually(async () => (await other.percentage("rust_opa")) === Number(percent));
  await shows(seen, "rust_opa", percent);

  const { x, y, width, height } = await dial.boundingBox();
  await page.mouse.click(x + width * 0.75, y + height / 2);
  const clicked = Number(await dial.inputValue());
  assert.ok(Math.abs(clicked - 75) < 3, `${clicked}`);
  await card(page, "rust_opa").getByLabel("Why").fill("looks fine");
  await card(page, "rust_opa").getByRole("button", { name: "Apply" }).click();
  await shows(seen, "rust_opa", clicked);

  const back = card(page, "rust_opa").getByRole("button", { name: "Roll back" });
  await back.click();
  await dialog(page).getByText("Roll back rust_opa?").waitFor();
  await shoot(page, "dialog");
  await page.keyboard.press("Escape");
  await dialog(page).waitFor({ state: "hidden" });
  await back.click();
  await dialog(page).getByRole("button", { name: "Cancel" }).click();
  assert.equal(await other.percentage("rust_opa"), clicked, "who does not confirm changes nothing");
  await back.focus();
  await page.keyboard.press("Enter");
  await dialog(page).getByLabel("Why").fill("<b>too slow</b>");
  await page.keyboard.press("Enter");
  await isSaid(page, "rust_opa is rolled back to 0 %");
  await eventually(async () => (await other.percentage("rust_opa")) === 0);
  await shows(seen, "rust_opa", 0);
  const newest = seen.getByRole("table").last().getByRole("row").nth(1);
  await newest.filter({ hasText: "<b>too slow</b>" }).waitFor();
  assert.match(await newest.textContent(), new RegExp(`^rust_opa${clicked}\\s% → 0\\s%.*ops`));
});

test("everything is shown, and rolled back at once", async () => {
  const long = "a_feature_whose_name_is_as_long_as_names_of_features_hopefully_never_become_but_may_well_be_one_day_in_someones_gateway";
  for (const [feature, percentage, why] of [["rust_opa", 5, "first"], ["rust_opa", 25, "no errors since yesterday, so that more may follow"], ["beta", 100, ""], [long, 0.01, "x".repeat(120)]]) {
    await app.set(feature, percentage, why);
  }
  page = await open(app.admin);
  for (let second = 0; second < 3; second += 1) {
    for (let user = 0; user < 60; user += 1) await app.decide(`user${user % 50}`);
    await page.waitForTimeout(1_000);
  }
  await page.locator("#rate-rust").filter({ hasText: /[1-9]/ }).waitFor();
  await page.locator("#hits").filter({ hasText: /\d %/ }).waitFor();
  await shoot(page, "all");
  await page.getByRole("button", { name: "Roll back all" }).click();
  await dialog(page).getByText("Roll back every feature?").waitFor();
  await shoot(page, "dialog-all");
  await dialog(page).getByRole("button", { name: "Roll back all" }).click();
  await isSaid(page, "3 rolled back to 0 %");
  for (const name of ["rust_opa", "beta", long]) await eventually(async () => (await other.percentage(name)) === 0);
});

test("what someone is typing is not overwritten", async () => {
  await app.set("rust_opa", 25);
  page = await open(app.admin);
  await card(page, "rust_opa").getByLabel("Percent").fill("30");
  await other.set("rust_opa", 40);
  await shows(page, "rust_opa", 40);
  assert.equal(await card(page, "rust_opa").getByLabel("Percent").inputValue(), "30");
  await page.locator("#history").getByText(/25\s% → 40\s%/).waitFor();
  await shoot(page, "touched");
  await card(page, "rust_opa").getByLabel("Percent").press("Escape");
  assert.equal(await card(page, "rust_opa").getByLabel("Percent").inputValue(), "40");
});

test("one side is forced, loudly, in one process", async () => {
  await app.set("rust_opa", 25);
  page = await open(app.admin);
  await page.getByText("Break glass").click();
  await page.getByRole("button", { name: "Everyone remote" }).click();
  await dialog(page).getByRole("button", { name: "Everyone remote" }).click();
  await page.getByRole("alert").filter({ hasText: "FORCED REMOTE" }).waitFor();
  assert.match(await page.title(), /^FORCED REMOTE/);
  await shoot(page, "forced");
  assert.equal((await other.ask("status")).flags.force, null);
  await page.getByRole("button", { name: "Let the percentages decide" }).click();
  await dialog(page).getByRole("button", { name: "Lift" }).click();
  await page.getByRole("alert").filter({ hasText: "FORCED" }).waitFor({ state: "hidden" });
});

test("a store that is away is said, and a change that was not confirmed", async () => {
  await app.set("rust_opa", 25);
  page = await open(app.admin);
  await shows(page, "rust_opa", 25);
  redis.signal("SIGSTOP");
  await page.getByRole("alert").filter({ hasText: "The flags’ store is away." }).waitFor();
  await shows(page, "rust_opa", 25);
  await card(page, "rust_opa").getByRole("button", { name: "Roll back" }).click();
  await dialog(page).getByRole("button", { name: "Roll back" }).click();
  await isSaid(page, "Not confirmed");
  await shoot(page, "store-away");
  redis.signal("SIGCONT");
  await page.getByRole("alert").filter({ hasText: "The flags’ store is away." }).waitFor({ state: "hidden" });
  await card(page, "rust_opa").getByRole("button", { name: "Roll back" }).click();
  await dialog(page).getByRole("button", { name: "Roll back" }).click();
  await eventually(async () => (await other.percentage("rust_opa")) === 0);
});

test("a server that is gone is said, and its return found", async () => {
  await app.set("rust_opa", 25);
  page = await open(app.admin);
  await shows(page, "rust_opa", 25);
  const { port } = app;
  await app.end();
  await page.getByRole("alert").filter({ hasText: "The server cannot be reached." }).waitFor();
  await shoot(page, "unreachable");
  app = await Server.start("express", redis.url, port);
  await page.getByRole("alert").filter({ hasText: "The server cannot be reached." }).waitFor({ state: "hidden" });
  await shows(page, "rust_opa", 25);
});

test("where policies come from is shown, and that what is there now is refused", async () => {
  const policies = join(folder, "policies");
  mkdirSync(policies);
  writeFileSync(join(policies, "authz.rego"), 'package authz\n\nallow if input.user == "alice"');
  await app.end();
  app = await Server.start("express", redis.url, 0, { SARK_SOURCE: `dir:${policies}` });
  page = await open(app.admin);
  const row = page.getByRole("row").filter({ hasText: "authz" });
  await row.filter({ hasText: "in force" }).waitFor();
  await shoot(page, "source");
  writeFileSync(join(policies, "authz.rego"), "package authz\n\nallow if {");
  await row.filter({ hasText: "last good state: " }).filter({ hasText: "rego_parse_error" }).waitFor();
  await shoot(page, "source-refused");
  assert.deepEqual(await (await app.decide("alice")).json(), { allowed: true });
});

test("it works wherever it is mounted, with and without the slash at the end", async () => {
  for (const address of [`${app.address}/admin`, `${app.address}/ops/dial`, `${other.address}/ops/dial`, `${other.address}/ops/dial/`]) {
    page = await open(address);
    await page.getByText("ops (write)").waitFor();
    assert.ok(page.url().endsWith("/"));
    await page.close();
  }
});
