import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { discordConfig } from "../../../src/channels/discord/config.ts";
import { Secret } from "../../../src/core/secret.ts";
import { v } from "../../../src/lib/schema/index.ts";

const token = new Secret("token", "x.y.z");
const ID = "123456789012345678";
const problems = (input: unknown) => v.safeParse(discordConfig, input).issues?.map((issue) => issue.message) ?? [];

describe("discord config", () => {
  test("a token is enough; each further account needs its own", () => {
    const config = v.parse(discordConfig, { token });
    assert.deepEqual([config.api_root, config.streaming, config.slash_commands, config.allowed_users], ["https://discord.com/api/v10", true, true, []]);
    assert.deepEqual(problems({}), ["token is missing: get one from the Developer Portal"]);
    assert.deepEqual(problems({ accounts: { work: {} } }), ["every account needs its own token"]);
    assert.deepEqual(problems({ accounts: { work: { token } } }), []);
  });

  test("sec-30 sec-33 names, and numbers that have lost their last digits, are refused where ids belong; owner and trusted take no star", () => {
    assert.deepEqual(problems({ token, allowed_users: [ID], owner_ids: [ID], groups: { allowed: [ID], trusted: [ID] } }), []);
    for (const input of [
      { allowed_users: ["bob"] },
      { allowed_users: ["bob#1234"] },
      { owner_ids: [123456789012345680] },
      { owner_ids: ["*"] },
      { groups: { allowed: ["#general"] } },
      { groups: { trusted: ["*"] } },
    ]) {
      assert.match(problems({ token, ...input })[0] ?? "", /numeric Discord id in quotes, not a name/);
    }
    assert.equal(problems({ token, dm_policy: "open" }).length, 1);
  });
});
