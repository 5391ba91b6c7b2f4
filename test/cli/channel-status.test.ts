import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { after, before, test } from "node:test";
import { startFakeSlack, type FakeSlack } from "../fakes/slack/index.ts";
import { setTimeout as sleep } from "node:timers/promises";
import { createClanker } from "./run-clanker.ts";

const clanker = createClanker();
let slack: FakeSlack;
before(async () => {
  slack = await startFakeSlack({ botToken: "xoxb-right" });
  const { document } = await clanker.json(["config", "path"]);
  const file = String(document["config"]);
  mkdirSync(dirname(file), { recursive: true });
  const account = (token: string, appToken = `xapp-${token}`) =>
    `bot_token = "${token}"\napp_token = "${appToken}"\napi_root = "${slack.apiRoot}"\nfiles_root = "${slack.url}"\n`;
  writeFileSync(file, `[channels.slack]\n${account("xoxb-wrong")}[channels.slack.accounts.work]\n${account("xoxb-right", slack.appToken)}`);
  await clanker.startGateway();
});
after(async () => {
  await clanker.close();
  await slack.close();
});

const row = (text: string, account: string) => text.split("\n").find((line) => line.startsWith(`slack    ${account}`)) ?? "";

test("channels status shows the time of the last sign of life, and why an account is not ready with the code that guides name; --all also what is disconnected", async () => {
  let shown = "";
  for (let look = 0; look < 50 && !(/failed/.test(row(shown, "default")) && /ready/.test(row(shown, "work"))); look++) {
    if (look > 0) await sleep(200);
    shown = (await clanker.run(["channels", "status", "--all"])).stdout;
  }
  assert.match(row(shown, "work"), /ready\s+@\w+.*\d{4}-\d{2}-\d{2} \d{2}:\d{2}/);
  assert.match(row(shown, "default"), /failed .*Slack refuses the bot_token .*\(slack_token_refused\)$/);
  assert.match(shown.split("\n")[0]!, /^CHANNEL\s+ACCOUNT\s+STATE\s+IDENTITY\s+LAST ALIVE\s+LAST EVENT/);
  assert.match((await clanker.run(["status"])).stdout, /\(slack_token_refused\)/);
  await clanker.run(["channels", "disconnect", "slack:work"]);
  assert.equal(row((await clanker.run(["channels", "status"])).stdout, "work"), "");
  assert.match(row((await clanker.run(["channels", "status", "--all"])).stdout, "work"), /stopped/);
  assert.match((await clanker.run(["doctor"])).stdout, /channel slack:default: failed: .*\(slack_token_refused\)/);
});
