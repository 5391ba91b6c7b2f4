import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createClanker } from "../cli/run-clanker.ts";
import { startFakeTelegram, type FakeTelegram } from "../fakes/telegram/index.ts";

describe("the webhook secret of a running gateway", () => {
  const clanker = createClanker();
  let telegram: FakeTelegram;
  before(async () => {
    telegram = await startFakeTelegram();
    writeFileSync(
      join(clanker.home, "config.toml"),
      `[channels.telegram]
token = "${telegram.token}"
api_root = "${telegram.url}"
mode = "webhook"
webhook_url = "https://clanker.example/channels/telegram/webhook"
webhook_secret = "the-first-secret"
`,
      { mode: 0o600 },
    );
  });
  after(async () => {
    await clanker.close();
    await telegram.close();
  });

  test("sec-16 a new one holds at once, at the gateway and at the platform, and the old one is refused; nothing else changes with it", async () => {
    await clanker.startGateway();
    const { url } = JSON.parse(readFileSync(join(clanker.home, "data", "gateway.json"), "utf8")) as { url: string };
    const secrets = () => telegram.callsOf("setWebhook").map(({ args }) => args["secret_token"]);
    await telegram.until(() => secrets().length > 0);
    assert.deepEqual(secrets(), ["the-first-secret"]);
    let updates = 1_000;
    const post = async (secret: string) => {
      const headers = { "content-type": "application/json", "x-telegram-bot-api-secret-token": secret };
      const response = await fetch(`${url}/channels/telegram/webhook`, { method: "POST", headers, body: JSON.stringify({ update_id: (updates += 1) }) });
      return response.status;
    };
    assert.deepEqual([await post("the-first-secret"), await post("the-second-secret")], [200, 401]);
    const set = await clanker.json(["config", "set", "channels.telegram.webhook_secret", "the-second-secret"]);
    assert.deepEqual([set.code, set.document["applied"], set.document["restart_required"]], [0, ["channels.telegram.webhook_secret"], []]);
    assert.equal(await post("the-first-secret"), 401);
    await telegram.until(() => secrets().includes("the-second-secret"));
    // Until the account has introduced itself again the platform is asked to come back.
    while ((await post("the-second-secret")) !== 200) await telegram.until(() => true);
    const refused = await clanker.json(["config", "set", "channels.telegram.webhook_secret", "not a secret!"]);
    assert.notEqual(refused.code, 0);
    assert.equal(await post("the-second-secret"), 200);
  });
});
