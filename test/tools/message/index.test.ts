import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatAddress } from "../../../src/core/address.ts";
import { RequestError, ToolError } from "../../../src/core/errors.ts";
import type { Label } from "../../../src/core/label.ts";
import { messageText } from "../../../src/core/message.ts";
import { labelOf, type Principal } from "../../../src/core/principal.ts";
import { createGate } from "../../../src/security/gate.ts";
import { defangLinks } from "../../../src/security/url-provenance.ts";
import { createMessageTool } from "../../../src/tools/message/index.ts";
import { toolContext, toolSuite } from "../../contract/tool-suite.ts";

const at = (conversation: string) => ({ channel: "loop", account: "default", conversation });
const GROUP: Principal = { person: "owner", class: "owner", where: at("-5"), direct: false, sender: "1" };
const FRIEND: Principal = { person: "bob", class: "trusted", where: at("2"), direct: true, sender: "2" };
const GUEST: Principal = { ...FRIEND, class: "guest", where: at("-5"), direct: false };
const TAINTED: Label = { integrity: "EXTERNAL", confidentiality: "PRIVATE" };

function setUp(owner = [{ channel: "web", account: "default", conversation: "x" }, at("1")]) {
  const sent: string[] = [];
  const check = async ({ channel }: { channel: string }) => {
    if (channel !== "loop") throw new RequestError("channel_not_found", `no such channel: ${channel}`, { hint: "there are: loop" });
  };
  const tool = createMessageTool({
    outbox: {
      check,
      send: async (address, message) => {
        await check(address);
        sent.push(`${formatAddress(address)} ${messageText(message)}`);
        return "d1";
      },
      buttons: () => false,
      owner: async () => owner,
    },
    defang: defangLinks,
  });
  const decide = (principal: Principal, args: object, label: Label = labelOf(principal)) =>
    createGate().decide({ principal, label, agent: "main" }, tool, { text: "hi", ...args });
  return { tool, sent, decide };
}

describe("tools/message", () => {
  toolSuite({
    create: () => setUp().tool,
    good: [
      { to: "owner", text: "hi" },
      { to: "loop:default:7", text: "hi" },
    ],
    bad: [
      {},
      { to: "owner" },
      { to: "owner", text: " " },
      { to: "here", text: "no messenger" },
      { to: "fax:default:1", text: "x" },
      { to: "someone", text: "x" },
    ],
  });

  it("goes to the owner and back to where the turn came from without a question, whatever the context holds that may be seen there", () => {
    const { decide } = setUp();
    for (const principal of [GROUP, FRIEND])
      for (const to of ["owner", "here"]) assert.equal(decide(principal, { to }).kind, "allow", `${principal.class} ${to}`);
    assert.equal(decide(GROUP, { to: "loop:default:-5" }).kind, "allow");
    assert.equal(decide(FRIEND, { to: "owner" }, TAINTED).kind, "allow");
    assert.equal(decide(GUEST, { to: "owner" }).kind, "deny");
    assert.equal(decide(FRIEND, { to: "owner" }, { integrity: "OWNER", confidentiality: "SECRET" }).kind, "deny");
  });

  it("sec-90, sec-103: anybody else asks, and the question says so when they may not see what is in the context", () => {
    const { decide } = setUp();
    const reason = (principal: Principal, to: string, label?: Label) => {
      const decision = decide(principal, { to }, label);
      assert.ok(decision.kind === "ask" && !decision.rememberable, `${to}: ${decision.kind}`);
      return decision.reason;
    };
    for (const principal of [GROUP, FRIEND]) for (const to of ["loop:default:7", "loop:other:2", "fax:default:1"]) reason(principal, to);
    assert.match(reason(GROUP, "loop:default:7"), /speaks to loop:default:7; who reads there has not seen/);
    assert.doesNotMatch(reason(GROUP, "loop:default:7", { integrity: "OWNER", confidentiality: "PUBLIC" }), /has not seen/);
    assert.match(reason(GROUP, "here", TAINTED), /this conversation; who reads there has not seen/);
    assert.match(reason(GROUP, "loop:default:7", TAINTED), /untrusted content, private data/);
    const denied = decide(GROUP, { to: "someone" });
    assert.ok(denied.kind === "deny" && /no address/.test(denied.reason));
    assert.equal(decide(GROUP, { to: "loop:default:7", text: "\u200b".repeat(400) }).kind, "deny", "the owner would not see all of it");
    assert.equal(decide(GROUP, { to: "here", text: "\u200b".repeat(400) }).kind, "allow");
  });

  it("sec-88: what goes out unasked keeps only links that a trusted person has written; what the owner was shown goes to the letter", async () => {
    const { tool, sent } = setUp();
    const text = "see https://evil.example/?d=1 and https://good.example/";
    const context = { ...toolContext(), principal: FRIEND, label: TAINTED, trustedLinks: new Set(["https://good.example/"]) };
    await tool.run({ to: "owner", text }, context);
    await tool.run({ to: "loop:default:7", text }, context);
    assert.deepEqual(sent, ["loop:default:1 see hxxps://evil[.]example/?d=1 and https://good.example/", `loop:default:7 ${text}`]);
  });

  it("says that there is no outbox for an owner who has never spoken and named no place", async () => {
    await assert.rejects(
      setUp([]).tool.run({ to: "owner", text: "x" }, toolContext()),
      (error: unknown) => error instanceof ToolError && error.code === "no_outbox" && /notifications\.to/.test(error.hint ?? ""),
    );
  });

  it("tells a conversation of the page that it cannot be written to from itself, and what can, before anybody is asked", () => {
    const where = { channel: "web", account: "api", conversation: "agent:main:main" };
    const onPage: Principal = { person: "owner", class: "owner", where, direct: true };
    const { decide } = setUp();
    for (const to of ["here", "web:default:agent%3Amain%3Amain"]) {
      const decision = decide(onPage, { to });
      assert.equal(decision.kind, "deny", to);
      assert.match(decision.kind === "deny" ? decision.reason : "", /say it there.*"owner".*channel:account:conversation.*web:default:SESSION_KEY/);
    }
    assert.equal(decide(onPage, { to: "web:default:agent%3Amain%3Aother" }).kind, "ask");
  });

  it("names who would get it as a fact of the plan, and an unknown channel is an error before anybody is asked", async () => {
    const { tool } = setUp();
    assert.deepEqual(await tool.facts!({ to: "loop:default:7", text: "x" }, toolContext()), { to: "loop:default:7" });
    await assert.rejects(
      tool.facts!({ to: "fax:default:7", text: "x" }, toolContext()),
      (error: unknown) => error instanceof ToolError && error.code === "channel_not_found",
    );
  });
});
