import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { APP } from "../../fakes/teams/index.ts";
import { type Bench, createBench, withBench } from "./harness.ts";

const OTHER = "11111111-2222-3333-4444-555555555555";

async function status(work: Promise<Response>): Promise<number> {
  const response = await work;
  await response.text();
  return response.status;
}

describe("who may post to the webhook of teams", () => {
  test("sec-104 only what the Bot Connector has signed for this bot is taken", () =>
    withBench(async ({ teams, intake }) => {
      const activity = teams.message("hello");
      const post = (options: Parameters<Bench["teams"]["post"]>[1]) => status(teams.post(activity, options));
      assert.equal(await post({ authorization: null }), 401);
      assert.equal(await post({ authorization: "Bearer nothing" }), 403);
      assert.equal(await post({ claims: { aud: OTHER } }), 403);
      // A token of the emulator, or one that the bot itself has for the connector.
      assert.equal(await post({ claims: { iss: "https://sts.windows.net/d6d49420-f39b-4df7-a1dc-d59a935871db/", appid: APP } }), 403);
      assert.equal(await post({ signing: { key: 1, kid: "key-0" } }), 403);
      assert.equal(await post({ signing: { alg: "HS256" } }), 403);
      assert.equal(await post({ signing: { expiresIn: -400 } }), 403);
      assert.equal(await post({ claims: { serviceurl: "https://other.test/" } }), 403);
      assert.equal(await post({ claims: { serviceurl: undefined } }), 403);
      assert.equal(intake.begun, 0);
      assert.equal(await post({}), 200);
      // As the documentation writes it.
      assert.equal(await post({ claims: { serviceurl: undefined, serviceUrl: teams.serviceUrl } }), 200);
      assert.equal(intake.updates.length, 1);
    }));

  test("sec-104 a key that is not endorsed for Teams proves nothing, nor does another channel of the Bot Framework", () =>
    withBench(async ({ teams, intake }) => {
      assert.equal(await status(teams.post({ ...teams.message("x"), channelId: "skype" })), 403);
      const { keys } = teams.issuer;
      teams.issuer.keys = () => keys({ endorsements: ["directline"] });
      const before = teams.issuer.asked;
      await teams.until(() => teams.issuer.asked > before + 1);
      assert.equal(await status(teams.post(teams.message("x"))), 403);
      assert.equal(intake.begun, 0);
    }));

  test("sec-83 a service that the config does not name is refused, token or not, and never gets ours", () =>
    withBench(async ({ teams, intake }) => {
      const elsewhere = { ...teams.message("x"), serviceUrl: "https://smba.trafficmanager.net.evil.test/amer/" };
      assert.equal(await status(teams.post(elsewhere)), 403);
      assert.equal(intake.begun, 0);
    }));

  test("sec-30 people of another tenant are refused, unless that tenant is named; then their ids bear it", async () => {
    const foreign = { conversation: { id: "a:1x", conversationType: "personal", tenantId: OTHER }, channelData: { tenant: { id: OTHER } } };
    await withBench(async ({ teams, intake }) => {
      assert.equal(await status(teams.post({ ...teams.message("x"), ...foreign })), 403);
      assert.equal(await status(teams.post({ ...teams.message("x"), conversation: { id: "a:1x", conversationType: "personal" }, channelData: {} })), 403);
      assert.equal(intake.begun, 0);
    });
    await withBench(
      async ({ teams, intake }) => {
        const activity = teams.message("x");
        assert.equal(await status(teams.post({ ...activity, ...foreign })), 200);
        assert.equal(intake.updates[0]!.sender.id, `${OTHER}/${(activity["from"] as { aadObjectId: string }).aadObjectId}`);
      },
      { config: { further_tenants: [OTHER] } },
    );
  });

  test("the connector's keys change while we run", () =>
    withBench(async ({ teams, intake }) => {
      assert.equal(await status(teams.post(teams.message("one"))), 200);
      teams.issuer.publish(1, 2);
      assert.equal(await status(teams.post(teams.message("two"), { signing: { key: 2 } })), 200);
      const before = teams.issuer.asked;
      await teams.until(() => teams.issuer.asked > before + 1);
      assert.equal(await status(teams.post(teams.message("three"), { signing: { key: 0 } })), 403);
      assert.equal(intake.updates.length, 2);
    }));

  test("metadata that sends us elsewhere, or is of another issuer, is not believed", () =>
    withBench(async ({ teams, channel, logs }) => {
      const answer = { issuer: "https://api.botframework.com", jwks_uri: "https://evil.test/keys" };
      teams.faults.push({ call: "GET /metadata", status: 200, body: answer });
      await teams.until(() => logs().includes("jwks_uri is on another origin"));
      teams.faults.push({ call: "GET /metadata", status: 200, body: { issuer: "x", jwks_uri: `${teams.origin}/keys` } });
      await teams.until(() => logs().includes("the metadata is of another issuer"));
      await teams.until(() => channel.status().state === "ready");
    }));

  test("a replayed activity is a duplicate; garbage is no activity; other methods are none of ours", () =>
    withBench(async ({ teams, intake }) => {
      const activity = teams.message("once");
      assert.deepEqual([await status(teams.post(activity)), await status(teams.post(activity))], [200, 200]);
      assert.equal(intake.updates.length, 1);
      const authorization = `Bearer ${await teams.token(activity)}`;
      const raw = (body: string, method = "POST") =>
        status(fetch(teams.gateway, { method, headers: { authorization }, ...(method === "GET" ? {} : { body }) }));
      assert.deepEqual([await raw("{"), await raw("null"), await raw("[]"), await raw("", "GET")], [400, 400, 400, 405]);
      assert.equal(await raw(`{"type":"message","text":"${"x".repeat(1_000_001)}"}`), 413);
    }));

  test("fault-51 a wrong password is told as such, and nothing is taken before it is right", async () => {
    const bench = await createBench();
    const { teams, channel } = bench;
    try {
      assert.equal(await status(teams.post(teams.message("while stopped"))), 503);
      teams.refusePassword(true);
      bench.start();
      await teams.until(() => channel.status().code === "teams_login_refused");
      assert.equal(channel.status().state, "failed");
      teams.refusePassword(false);
      await teams.until(() => channel.status().state === "ready");
    } finally {
      await bench.close();
    }
  });

  test("fault-43 a Microsoft that never answers does not keep the account from stopping", async () => {
    const bench = await createBench();
    try {
      bench.teams.faults.push({ call: "GET /metadata", hang: true });
      bench.start();
      await bench.teams.until(() => bench.teams.faults.length === 0);
      await bench.stop();
      assert.equal(bench.channel.status().state, "stopped");
    } finally {
      await bench.close();
    }
  });

  test("fault-48 a quiet account stays ready and shows when Microsoft has last answered; a trouble with the store passes", () =>
    withBench(async ({ teams, channel, intake }) => {
      const first = channel.status().lastAliveAt!;
      await teams.until(() => channel.status().lastAliveAt! > first);
      assert.deepEqual([channel.status().state, channel.status().lastEventAt], ["ready", undefined]);
      intake.rejectNext(new Error("broken"));
      assert.equal(await status(teams.post(teams.message("lost"))), 503);
      assert.equal(channel.status().code, "teams_intake_failed");
      await teams.until(() => channel.status().state === "ready");
    }));
});
