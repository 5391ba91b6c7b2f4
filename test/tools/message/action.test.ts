import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ChannelActions } from "../../../src/core/channel.ts";
import { ToolError } from "../../../src/core/errors.ts";
import type { Label } from "../../../src/core/label.ts";
import { labelOf, type Principal } from "../../../src/core/principal.ts";
import { createGate } from "../../../src/security/gate.ts";
import { defangLinks } from "../../../src/security/url-provenance.ts";
import { createMessageActionTool, createMessageTool } from "../../../src/tools/message/index.ts";
import { toolContext, toolSuite } from "../../contract/tool-suite.ts";

const at = (conversation: string) => ({ channel: "loop", account: "default", conversation });
const OWNER: Principal = { person: "owner", class: "owner", where: at("1"), direct: true, sender: "1" };
const GROUP: Principal = { ...OWNER, where: at("-5"), direct: false };
const FRIEND: Principal = { person: "bob", class: "trusted", where: at("-5"), direct: false, sender: "2" };
const TAINTED: Label = { integrity: "EXTERNAL", confidentiality: "CONVERSATION:loop:default:-5" };
const PRIVATE: Label = { integrity: "OWNER", confidentiality: "PRIVATE" };

function setUp(messageIds = ["m1"]) {
  const acted: string[] = [];
  const can: ChannelActions = {
    edit: async ({ messageId }, text) => void acted.push(`edit ${messageId} ${text}`),
    delete: async ({ messageId }) => void acted.push(`delete ${messageId}`),
    react: async ({ messageId }, emoji, on) => void acted.push(`${on ? "react" : "unreact"} ${messageId} ${emoji}`),
    pin: async ({ messageId }, on) => void acted.push(`${on ? "pin" : "unpin"} ${messageId}`),
    thread: async ({ messageId }, title) => (acted.push(`thread ${messageId} ${title}`), { thread: "t" }),
    poll: async (_, { question }) => (acted.push(`poll ${question}`), { messageId: "p" }),
  };
  const tool = createMessageActionTool({
    actions: {
      at: ({ channel }) => (channel === "loop" || channel === "web" ? can : undefined),
      find: async ({ message }, { place }) => {
        if (message === "gone") throw new ToolError("no_such_message", "it is gone");
        return { address: place, messageIds, text: "x" };
      },
    },
    defang: defangLinks,
  });
  const decide = (principal: Principal, args: object, label: Label = labelOf(principal)) =>
    createGate().decide({ principal, label, agent: "main" }, tool, args);
  return { tool, acted, decide };
}

describe("tools/message, actions", () => {
  toolSuite({
    create: () => setUp().tool,
    good: [{ action: "delete" }, { action: "react", text: "👍" }, { action: "poll", text: "?", options: ["a", "b"] }, { action: "thread", text: "Plans" }],
    bad: [
      {},
      { action: "ban" },
      { action: "delete", message: "gone" },
      { action: "delete", to: "nowhere" },
      { action: "delete", to: "fax:default:1" },
      { action: "poll", text: "?", options: "a" },
    ],
  });

  it("needs no question here, is asked about elsewhere and where more could be read than may be, and never remembered", () => {
    const { decide } = setUp();
    for (const action of ["edit", "react", "thread"]) assert.equal(decide(FRIEND, { action, text: "x" }).kind, "allow");
    assert.equal(decide(FRIEND, { action: "delete" }).kind, "allow");
    assert.equal(decide(OWNER, { action: "poll", text: "?", options: ["a", "b"] }, PRIVATE).kind, "allow");
    const more = decide(GROUP, { action: "edit", text: "x" }, PRIVATE);
    assert.match(more.kind === "ask" ? more.reason : "", /has not seen what is in this conversation/);
    const elsewhere = decide(OWNER, { action: "poll", text: "?", options: ["a", "b"], to: "loop:default:7" });
    assert.ok(elsewhere.kind === "ask" && !elsewhere.rememberable);
    const long = decide(OWNER, { action: "edit", text: "\u200b".repeat(400), to: "loop:default:7" });
    assert.match(long.kind === "deny" ? long.reason : "", /shown to the owner in full/);
    assert.equal(decide(OWNER, { action: "delete", to: "nowhere" }).kind, "deny");
  });

  it("takes the messages of others away only when the owner says so, and not when a stranger's page may have said it", () => {
    const { decide } = setUp();
    for (const message of ["#7", "7", "quoted", "id:9"]) {
      assert.equal(decide(GROUP, { action: "delete", message }).kind, "allow");
      assert.equal(decide(GROUP, { action: "delete", message }, TAINTED).kind, "ask");
      assert.equal(decide(FRIEND, { action: "pin", message }).kind, "ask");
    }
    assert.equal(decide(FRIEND, { action: "delete", message: "#7", own: true }).kind, "allow");
    assert.equal(decide(FRIEND, { action: "react", message: "#7", text: "👍" }).kind, "allow");
  });

  it("sec-88: what goes out unasked keeps only links that a trusted person has written", async () => {
    const { tool, acted } = setUp();
    const context = { ...toolContext(), principal: OWNER, label: { ...TAINTED, confidentiality: "PRIVATE" as const } };
    await tool.run({ action: "edit", text: "see https://evil.example/?d=1" }, context);
    assert.ok(!acted[0]!.includes("https://evil.example"));
  });

  it("an answer of several messages is deleted whole, and several_messages refuses to edit it", async () => {
    const { tool, acted } = setUp(["m1", "m2"]);
    await assert.rejects(
      tool.run({ action: "edit", text: "x" }, toolContext()),
      (error: unknown) => error instanceof ToolError && error.code === "several_messages",
    );
    await tool.run({ action: "delete" }, toolContext());
    assert.deepEqual(acted, ["delete m1", "delete m2"]);
  });

  it("says which calls may be repeated after a crash", () => {
    const { tool } = setUp();
    const may = (action: string) => typeof tool.idempotent === "function" && tool.idempotent({ action });
    assert.deepEqual(["edit", "delete", "react", "unreact", "pin", "unpin", "thread", "poll"].filter(may), [
      "edit",
      "delete",
      "react",
      "unreact",
      "pin",
      "unpin",
    ]);
  });

  it("buttons of message_send are offered where the origin has them, and no_buttons refuses them where the recipient has none", async () => {
    const send = createMessageTool({
      outbox: { check: async () => {}, send: async () => "d", buttons: ({ conversation }) => conversation === "1", owner: async () => [at("1")] },
      defang: defangLinks,
    });
    const offered = (conversation: string) => Object.keys(send.at!(at(conversation))!.spec.parameters["properties"] as object);
    assert.deepEqual(offered("1"), ["to", "text", "buttons"]);
    assert.deepEqual(offered("2"), ["to", "text"]);
    const args = { to: "loop:default:2", text: "?", buttons: ["Yes"] };
    await assert.rejects(send.run(args, toolContext()), (error: unknown) => error instanceof ToolError && error.code === "no_buttons");
    const long = createGate().decide({ principal: OWNER, label: PRIVATE, agent: "main" }, send, { ...args, to: "owner", buttons: ["ü".repeat(40)] });
    assert.match(long.kind === "deny" ? long.reason : "", /more than 60 bytes/);
  });
});
