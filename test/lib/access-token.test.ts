import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createAccessToken } from "../../src/lib/access-token/index.ts";
import { createManualClock } from "../fakes/manual-clock.ts";

describe("access token", () => {
  test("is asked for once however many wait, and again shortly before its end", async () => {
    const clock = createManualClock();
    let asked = 0;
    const token = createAccessToken({ clock, name: "t", fetch: async () => ({ token: `t${++asked}`, expiresInMs: 3_600_000 }) });
    const both = await Promise.all([token.get(), token.get()]);
    assert.deepEqual([asked, ...both.map((secret) => secret.reveal())], [1, "t1", "t1"]);
    await clock.advance(3_299_999);
    assert.equal((await token.get()).reveal(), "t1");
    await clock.advance(1);
    assert.equal((await token.get()).reveal(), "t2");
  });

  test("one that was refused is not used again, and a failure is not remembered", async () => {
    let asked = 0;
    const token = createAccessToken({
      clock: createManualClock(),
      name: "t",
      async fetch() {
        asked += 1;
        if (asked === 1) throw new Error("away");
        return { token: `t${asked}`, expiresInMs: 60_000 };
      },
    });
    await assert.rejects(token.get(), /away/);
    assert.equal((await token.get()).reveal(), "t2");
    token.forget();
    assert.equal((await token.get()).reveal(), "t3");
  });
});
