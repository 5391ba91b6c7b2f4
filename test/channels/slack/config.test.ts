import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { slackConfig } from "../../../src/channels/slack/config.ts";
import { Secret } from "../../../src/core/secret.ts";
import { v } from "../../../src/lib/schema/index.ts";

const bot_token = new Secret("bot", "xoxb-x");
const app_token = new Secret("app", "xapp-x");
const tokens = { bot_token, app_token };
const problems = (input: unknown) => v.safeParse(slackConfig, input).issues?.map((issue) => issue.message) ?? [];

describe("slack config", () => {
  test("two tokens are enough; strangers are not let in by default", () => {
    const config = v.parse(slackConfig, tokens);
    assert.deepEqual([config.mode, config.dm_policy, config.allowed_users, config.reply_in_thread], ["socket", "pairing", [], true]);
    assert.match(problems({})[0]!, /bot_token is missing/);
  });

  test("sec-30 names are refused where ids belong", () => {
    const config = v.parse(slackConfig, {
      ...tokens,
      allowed_users: ["U012AB3CD"],
      owner_ids: ["W012AB3CD"],
      groups: { allowed: ["C012AB3CD"], trusted: ["U1AA"] },
    });
    assert.deepEqual([config.allowed_users, config.owner_ids, config.groups.allowed], [["U012AB3CD"], ["W012AB3CD"], ["C012AB3CD"]]);
    for (const input of [
      { allowed_users: ["@bob"] },
      { allowed_users: ["bob"] },
      { owner_ids: ["*"] },
      { owner_ids: ["u012ab3cd"] },
      { groups: { allowed: ["#general"] } },
      { groups: { trusted: ["C012AB3CD"] } },
    ]) {
      assert.match(problems({ ...tokens, ...input })[0] ?? "", /Slack (conversation )?id such as/);
    }
  });

  test("sec-33 the bot's own id is a member id like any other: it is written nowhere by itself", () => {
    assert.deepEqual(v.parse(slackConfig, tokens).owner_ids, []);
  });

  test("open needs the star and the star needs open", () => {
    assert.equal(problems({ ...tokens, dm_policy: "open" }).length, 1);
    assert.equal(problems({ ...tokens, allowed_users: ["*"] }).length, 1);
    assert.deepEqual(problems({ ...tokens, dm_policy: "open", allowed_users: ["*"] }), []);
  });

  test("each mode needs what it proves itself with, in every account", () => {
    const signing_secret = new Secret("signing", "abc");
    assert.deepEqual(problems({ bot_token, mode: "webhook", signing_secret }), []);
    assert.equal(problems({ bot_token }).length, 1);
    assert.equal(problems({ ...tokens, mode: "webhook" }).length, 1);
    assert.equal(problems({ bot_token, mode: "webhook", signing_secret: new Secret("signing", "  ") }).length, 1);
    assert.equal(problems({ accounts: { work: {} } }).length, 1);
    assert.equal(problems({ ...tokens, accounts: { work: { bot_token } } }).length, 1);
    assert.deepEqual(problems({ accounts: { work: tokens } }), []);
  });
});
