// One check of the dial in Node, sark beside the SDKs offline: nanoseconds as JSON, one round.

import { once } from "node:events";
import { GrowthBook } from "@growthbook/growthbook";
import { Flags } from "sark-policy";
import unleash from "unleash-client";

const FEATURE = "rust_opa";
const users = Array.from({ length: 1000 }, (_, number) => `user${number * 7919}`);

function timed(check, rounds) {
  const start = process.hrtime.bigint();
  for (let round = 0; round < rounds; round += 1) for (const user of users) check(user);
  return Number(process.hrtime.bigint() - start) / rounds / users.length;
}

function sarkCheck() {
  const flags = new Flags("memory:");
  flags.setRollout(FEATURE, 25);
  return (user) => flags.isEnabled(FEATURE, user);
}

async function unleashCheck() {
  const parameters = { rollout: "25", stickiness: "userId", groupId: FEATURE };
  const feature = { name: FEATURE, type: "release", enabled: true, strategies: [{ name: "flexibleRollout", parameters, constraints: [] }], variants: [] };
  const client = new unleash.Unleash({
    url: "http://localhost:1/api", appName: "bench", customHeaders: { Authorization: "x" }, disableMetrics: true, refreshInterval: 0,
    skipInstanceCountWarning: true, storageProvider: new unleash.InMemStorageProvider(), bootstrap: { data: [feature] },
  });
  await once(client, "ready");
  return (user) => client.isEnabled(FEATURE, { userId: user });
}

function growthbookCheck() {
  const rules = [{ force: true, coverage: 0.25, hashAttribute: "id" }];
  const book = new GrowthBook({ features: { [FEATURE]: { defaultValue: false, rules } } });
  return (user) => {
    book.setAttributes({ id: user });
    return book.isOn(FEATURE);
  };
}

const checks = { sark: [sarkCheck(), 300], Unleash: [await unleashCheck(), 100], GrowthBook: [growthbookCheck(), 100] };
for (const [name, [check, rounds]] of Object.entries(checks)) {
  const on = users.filter((user) => check(user)).length;
  if (on < 150 || on > 350) throw new Error(`${name}: ${on} of 1000 users are on at 25 %`);
  timed(check, rounds); // what comes first is not compiled yet
}
const unlike = users.filter((user) => checks.sark[0](user) !== checks.Unleash[0](user));
if (unlike.length > 0) throw new Error(`Unleash's gradual rollout assigns ${unlike[0]} to the other side`);
console.log(JSON.stringify(Object.fromEntries(Object.entries(checks).map(([name, [check, rounds]]) => [name, timed(check, rounds)]))));
process.exit(0);
