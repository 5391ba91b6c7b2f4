import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createClanker } from "./run-clanker.ts";

const SESSION = "agent:main:web:chat:usage";
const FILLER = "The tide came in and the tide went out. ".repeat(22);

describe("clanker usage and sessions compact", () => {
  const clanker = createClanker();
  before(async () => {
    await clanker.startGateway();
    for (const text of ["The boat is called Nerea.", "It is blue.", "hello"]) {
      const { code } = await clanker.run(["agent", "run", "--session", SESSION, "--message", `${text} ${FILLER}`]);
      assert.equal(code, 0);
    }
  });
  after(() => clanker.close());

  test("usage shows what was used, by model, day, session or turn", async () => {
    const { code, stdout } = await clanker.run(["usage"]);
    assert.equal(code, 0);
    assert.match(stdout, /^Today: \d+ tokens, \$0\.00\nMODEL +TURNS +TOKENS +COST\noffline:demo +3 +\d+ +\$0\.00\nList prices of \d{4}-\d{2}-\d{2}\.\n$/);
    assert.match((await clanker.run(["usage", "--by", "session"])).stdout, new RegExp(`${SESSION} +offline:demo +3 `));
    assert.match((await clanker.run(["usage", "--by", "day", "--days", "2"])).stdout, /\n\d{4}-\d{2}-\d{2} +offline:demo +3 /);
    const { document } = await clanker.json(["usage", "--session", SESSION]);
    assert.equal((document["status"] as { session: { turns: number } }).session.turns, 3);
    assert.equal((await clanker.run(["usage", "--by", "colour"])).code, 2);
  });

  test("a budget that is set holds at once, and the answer names its key", async () => {
    assert.equal((await clanker.run(["config", "set", "usage.day_tokens", "1"])).code, 0);
    const { stdout, stderr } = await clanker.run(["agent", "run", "--session", SESSION, "--message", "hi"]);
    assert.match(stdout + stderr, /today's budget of 1 tokens is spent/);
    assert.match(stdout + stderr, /usage\.day_tokens/);
    assert.equal((await clanker.run(["config", "unset", "usage.day_tokens"])).code, 0);
    assert.equal((await clanker.run(["agent", "run", "--session", SESSION, "--message", "hi"])).code, 0);
  });

  test("sessions compact tells what it saved", async () => {
    const { code, stdout, stderr } = await clanker.run(["sessions", "compact", SESSION]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^a summary stands for \d+ entries; about \d+ tokens instead of \d+\n$/);
    assert.equal((await clanker.run(["sessions", "compact", "agent:main:none"])).code, 1);
  });
});
