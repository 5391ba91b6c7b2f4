import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createScripted, reply } from "../../src/models/scripted/index.ts";
import { openTestGateway, RawClient, type TestGateway } from "./open-test-gateway.ts";

describe("waiting for a turn", () => {
  let gateway: TestGateway;
  let client: RawClient;
  before(async () => {
    const provider = createScripted((request) =>
      JSON.stringify(request.entries.at(-1)).includes("hang") ? [{ type: "text", text: "so far" }, { type: "hang" }] : reply("ok"),
    );
    gateway = await openTestGateway({ provider });
    client = await RawClient.authenticated(gateway);
  });
  after(async () => {
    await client.close();
    await gateway.stop();
  });

  test("ends with outcome running when the time is over, and with cancelled when it is stopped", async () => {
    const session = "agent:main:web:chat:hang";
    await client.call("subscribe", { sessions: [session] });
    const run = await client.call("agent.run", { message: "hang", session, timeout_ms: 200 });
    assert.equal(run.result!["outcome"], "running");
    assert.equal(run.result!["text"], "so far");
    const { message_id, turn_id } = run.result as { message_id: string; turn_id: string };
    const status = await client.call("agent.status", { session });
    assert.deepEqual(
      (status.result!["turns"] as { turn_id: string }[]).map((turn) => turn.turn_id),
      [turn_id],
    );
    client.send({ jsonrpc: "2.0", id: "wait", method: "agent.wait", params: { message_id } });
    const aborted = await client.call("chat.abort", { session });
    assert.deepEqual(aborted.result!["turn_ids"], [turn_id]);
    const waited = await client.next((frame) => frame.id === "wait");
    assert.equal(waited.result!["outcome"], "cancelled");
    assert.equal(waited.result!["turn_id"], turn_id);
  });

  test("sees the end of a turn whose event was lost, because it looks at the store", async () => {
    const lossy = {
      ...gateway.deps,
      hub: {
        ...gateway.hub,
        listenTurn: () => () => {},
        get seq() {
          return gateway.hub.seq;
        },
      },
    };
    const { waitForTurn } = await import("../../src/gateway/wait-for-turn.ts");
    const { submitMessage } = await import("../../src/gateway/submit-message.ts");
    const submitted = await submitMessage(gateway.deps, { id: "t", scopes: [] }, { message: "hi" });
    assert.equal(submitted.kind, "turn");
    if (submitted.kind !== "turn") return;
    const clock = { ...lossy.clock, timer: (ms: number, run: () => void) => lossy.clock.timer(Math.min(ms, 20), run) };
    const result = await waitForTurn({ ...lossy, clock }, { messageId: submitted.messageId, turnId: submitted.turnId, signal: new AbortController().signal });
    assert.deepEqual([result.outcome, result.text], ["done", "ok"]);
  });

  test("an unknown message is not found", async () => {
    assert.equal((await client.call("agent.wait", { message_id: "nothing" })).error!.data.code, "message_not_found");
  });
});
