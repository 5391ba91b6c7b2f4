import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Secret } from "../../../src/core/secret.ts";
import { PROJECT } from "../../fakes/googlechat/index.ts";
import { type Bench, createBench, withBench } from "./harness.ts";

const ENDPOINT = "https://clanker.example.org/channels/googlechat/webhook";
const OF_CHAT = { iss: "https://accounts.google.com", aud: ENDPOINT, email: "chat@system.gserviceaccount.com", email_verified: true };

async function status(work: Promise<Response>): Promise<number> {
  const response = await work;
  await response.text();
  return response.status;
}

describe("who may post to the webhook of googlechat", () => {
  test("sec-104 with a project's number, only what Chat's own account has signed for it is taken", () =>
    withBench(async ({ chat, intake }) => {
      const event = chat.message("hello");
      const post = (options: Parameters<Bench["chat"]["post"]>[1]) => status(chat.post(event, options));
      assert.equal(await post({ authorization: null }), 401);
      assert.equal(await post({ authorization: "Bearer nothing" }), 401);
      assert.equal(await post({ claims: { aud: "999999999999" } }), 401);
      assert.equal(await post({ claims: { aud: ENDPOINT } }), 401);
      // An ID token of Google's for the same audience.
      assert.equal(await post({ claims: { ...OF_CHAT, aud: PROJECT } }), 401);
      assert.equal(await post({ signing: { key: 1, kid: "key-0" } }), 401);
      assert.equal(await post({ signing: { alg: "HS256" } }), 401);
      assert.equal(await post({ signing: { expiresIn: -400 } }), 401);
      assert.equal(intake.begun, 0);
      assert.equal(await post({}), 200);
      assert.equal(intake.updates.length, 1);
    }));

  test("sec-104 with the endpoint's URL, only an ID token of Chat's account for exactly this URL is taken", () =>
    withBench(
      async ({ chat, intake }) => {
        const event = chat.message("hello");
        const post = (claims: Record<string, unknown>) => status(chat.post(event, { claims }));
        assert.equal(await post({}), 401);
        assert.equal(await post({ ...OF_CHAT, aud: `${ENDPOINT}/` }), 401);
        assert.equal(await post({ ...OF_CHAT, email: "somebody@project.iam.gserviceaccount.com" }), 401);
        assert.equal(await post({ ...OF_CHAT, email_verified: false }), 401);
        assert.equal(await post({ ...OF_CHAT, email: undefined }), 401);
        assert.equal(await post({ ...OF_CHAT, iss: "chat@system.gserviceaccount.com" }), 401);
        assert.equal(intake.begun, 0);
        assert.equal(await post(OF_CHAT), 200);
        assert.equal(await post({ ...OF_CHAT, iss: "accounts.google.com" }), 200);
        assert.equal(intake.updates.length, 1);
      },
      { config: { audience: ENDPOINT } },
    ));

  test("Google's keys change while we run", () =>
    withBench(async ({ chat, intake }) => {
      assert.equal(await status(chat.post(chat.message("one"))), 200);
      chat.issuer.publish(1, 2);
      assert.equal(await status(chat.post(chat.message("two"), { signing: { key: 2 } })), 200);
      const before = chat.issuer.asked;
      await chat.until(() => chat.issuer.asked > before + 1);
      assert.equal(await status(chat.post(chat.message("three"), { signing: { key: 0 } })), 401);
      assert.equal(intake.updates.length, 2);
    }));

  test("a replayed event is a duplicate; garbage and events of an add-on are none of ours", () =>
    withBench(async ({ chat, intake }) => {
      const event = chat.message("once");
      assert.deepEqual([await status(chat.post(event)), await status(chat.post(event))], [200, 200]);
      assert.equal(intake.updates.length, 1);
      const authorization = `Bearer ${await chat.token()}`;
      const raw = (body: string, method = "POST") => status(fetch(chat.gateway, { method, headers: { authorization }, ...(method === "GET" ? {} : { body }) }));
      const addOn = JSON.stringify({ commonEventObject: {}, chat: { messagePayload: {} } });
      assert.deepEqual([await raw("{"), await raw("null"), await raw(addOn), await raw("", "GET")], [400, 400, 400, 405]);
      assert.equal(await raw(`{"type":"MESSAGE","x":"${"x".repeat(1_000_001)}"}`), 413);
    }));

  test("fault-51 a key that Google refuses, or that cannot be read, is told as such; nothing is taken before it is right", async () => {
    const bench = await createBench();
    const { chat, channel } = bench;
    try {
      assert.equal(await status(chat.post(chat.message("while stopped"))), 503);
      chat.refuseKey(true);
      bench.start();
      await chat.until(() => channel.status().code === "googlechat_login_refused");
      assert.equal(channel.status().state, "failed");
      chat.refuseKey(false);
      await chat.until(() => channel.status().state === "ready");
      assert.equal(channel.status().identity, "clanker@project.iam.gserviceaccount.com");
    } finally {
      await bench.close();
    }
    const unreadable = JSON.stringify({
      type: "service_account",
      client_email: "a@b.test",
      private_key: "-----BEGIN PRIVATE KEY-----\nCANARY\n-----END PRIVATE KEY-----",
    });
    const other = await createBench({ config: { service_account: new Secret("googlechat", unreadable) } });
    try {
      other.start();
      await other.chat.until(() => other.channel.status().code === "googlechat_login_refused");
      assert.ok(!other.logs().includes("CANARY"));
    } finally {
      await other.close();
    }
  });

  test("fault-43 a Google that never answers does not keep the account from stopping", async () => {
    for (const call of ["GET /keys", "POST /token", "GET /spaces"]) {
      const bench = await createBench();
      try {
        bench.chat.faults.push({ call, hang: true });
        bench.start();
        await bench.chat.until(() => bench.chat.faults.length === 0);
        await bench.stop();
        assert.equal(bench.channel.status().state, "stopped");
      } finally {
        await bench.close();
      }
    }
  });

  test("fault-48 a quiet account stays ready and shows when Google has last answered; a trouble with the store passes", () =>
    withBench(async ({ chat, channel, intake }) => {
      const first = channel.status().lastAliveAt!;
      await chat.until(() => channel.status().lastAliveAt! > first);
      assert.deepEqual([channel.status().state, channel.status().lastEventAt], ["ready", undefined]);
      intake.rejectNext(new Error("broken"));
      assert.equal(await status(chat.post(chat.message("lost"))), 503);
      assert.equal(channel.status().code, "googlechat_intake_failed");
      await chat.until(() => channel.status().state === "ready");
    }));
});
