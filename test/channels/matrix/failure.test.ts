import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { toChannelError } from "../../../src/channels/matrix/failure.ts";
import { StoreError } from "../../../src/core/errors.ts";
import { HttpFailure } from "../../../src/core/http.ts";
import { Secret } from "../../../src/core/secret.ts";
import { textMessage } from "../../../src/core/message.ts";
import { channelsConfig } from "../../../src/config/channels.ts";
import { v } from "../../../src/lib/schema/index.ts";
import { createBench, target } from "./harness.ts";

describe("matrix failures", () => {
  test("what did not come from the server says what may be done next", () => {
    const of = (error: unknown) => {
      const { code, failure } = toChannelError(error);
      return `${code} ${failure}`;
    };
    assert.equal(of(new HttpFailure("timeout", "t", true)), "matrix_unreachable retry");
    assert.equal(of(new HttpFailure("too_large", "t", true)), "matrix_file_too_big permanent");
    assert.equal(of(new HttpFailure("refused", "t", false)), "matrix_request_refused permanent");
    assert.equal(of(new StoreError("keep_failed", "disk")), "keep_failed retry");
    assert.equal(of(new Error("odd")), "internal retry");
  });

  test("an encrypted room is not written to before the keys are open", async () => {
    const bench = await createBench();
    const { matrix } = bench;
    try {
      bench.start();
      await matrix.until(() => bench.channel.status().state === "ready");
      matrix.world.encrypt(matrix.direct, "@ann:test");
      matrix.say("x");
      await bench.intake.until(() => bench.intake.updates.length === 1);
      await bench.stop();
      await assert.rejects(bench.channel.send(bench.channel.render(textMessage("x"))[0]!, target(matrix.direct)), {
        code: "matrix_not_started",
        failure: "retry",
      });
      assert.deepEqual(matrix.texts(matrix.direct), []);
    } finally {
      await bench.close();
    }
  });

  test("an access token of no device is told, unless nothing is to be encrypted", async () => {
    const bench = await createBench();
    bench.matrix.faults.push({ call: "GET /client/v3/account/whoami", status: 200, body: { user_id: "@clanker:test" } });
    try {
      bench.start();
      await bench.matrix.until(() => bench.channel.status().code === "matrix_wrong_device");
      await bench.matrix.until(() => bench.channel.status().state === "ready");
    } finally {
      await bench.close();
    }
  });

  test("sec-30 the config takes ids, never names or aliases, and wants a whole credential", () => {
    const problem = (matrix: object) => v.safeParse(channelsConfig, { matrix }).issues?.[0]?.message ?? "";
    const good = { homeserver: "https://x.test", access_token: new Secret("t", "t") };
    assert.equal(problem(good), "");
    assert.equal(problem({ homeserver: "https://x.test", user: "@a:x.test", password: new Secret("p", "p") }), "");
    assert.equal(problem({ accounts: { work: good } }), "");
    assert.match(problem({ homeserver: "https://x.test" }), /access_token or user with password/);
    assert.match(problem({ homeserver: "https://x.test", user: "@a:x.test" }), /access_token or user with password/);
    assert.match(problem({ ...good, owner_ids: ["Ann"] }), /user id/);
    assert.match(problem({ ...good, groups: { allowed: ["#garden:x.test"] } }), /room id/);
    assert.match(problem({ ...good, accounts: { work: { user: "@a:x.test" } } }), /every account/);
  });
});
