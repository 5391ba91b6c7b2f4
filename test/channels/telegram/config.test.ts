import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { telegramConfig } from "../../../src/channels/telegram/config.ts";
import { Secret } from "../../../src/core/secret.ts";
import { v } from "../../../src/lib/schema/index.ts";

const token = new Secret("token", "1:x");
const problems = (input: unknown) => v.safeParse(telegramConfig, input).issues?.map((issue) => issue.message) ?? [];

describe("telegram config", () => {
  test("a token is enough; strangers are not let in by default", () => {
    const config = v.parse(telegramConfig, { token });
    assert.deepEqual(
      [config.api_root, config.mode, config.streaming, config.dm_policy, config.allowed_users],
      ["https://api.telegram.org", "polling", true, "pairing", []],
    );
    assert.deepEqual(problems({}), ["token is missing: get one from @BotFather"]);
  });

  test("sec-30 names are refused where ids belong, numbers are taken", () => {
    const config = v.parse(telegramConfig, { token, allowed_users: [42, "43"], owner_ids: [44], groups: { allowed: [-1001], trusted: ["45"] } });
    assert.deepEqual([config.allowed_users, config.owner_ids, config.groups.allowed], [["42", "43"], ["44"], ["-1001"]]);
    for (const input of [
      { allowed_users: ["@bob"] },
      { owner_ids: ["bob"] },
      { owner_ids: ["*"] },
      { groups: { allowed: ["team"] } },
      { groups: { trusted: ["@bob"] } },
    ]) {
      assert.match(problems({ token, ...input })[0] ?? "", /numeric Telegram id, not a name/);
    }
  });

  test("open needs the star and the star needs open", () => {
    assert.equal(problems({ token, dm_policy: "open" }).length, 1);
    assert.equal(problems({ token, allowed_users: ["*"] }).length, 1);
    assert.deepEqual(problems({ token, dm_policy: "open", allowed_users: ["*"] }), []);
  });

  test("webhook mode needs its https URL and a usable secret, in every account", () => {
    const webhook = { mode: "webhook", webhook_url: "https://a.b/hook", webhook_secret: new Secret("hook", "abc") };
    assert.deepEqual(problems({ token, ...webhook }), []);
    assert.equal(problems({ token, mode: "webhook" }).length, 1);
    assert.equal(problems({ token, ...webhook, webhook_url: "http://a.b" }).length, 1);
    assert.equal(problems({ token, ...webhook, webhook_secret: new Secret("hook", "a b") }).length, 1);
    assert.equal(problems({ token, accounts: { work: { token, mode: "webhook" } } }).length, 1);
    assert.equal(problems({ accounts: { work: {} } }).length, 1);
    assert.deepEqual(problems({ accounts: { work: { token } } }), []);
  });
});
