import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import type { Integrity, Label } from "../../src/core/label.ts";
import type { Principal } from "../../src/core/principal.ts";
import type { Effect, GateContext, Tool } from "../../src/core/tool.ts";
import { createGate } from "../../src/security/gate.ts";
import type { RuleSet } from "../../src/security/tool-rules.ts";
import { createCalculateTool } from "../../src/tools/calculate/index.ts";
import { createTimeTool } from "../../src/tools/time/index.ts";

const EFFECTS: readonly Effect[] = ["read", "write", "exec", "egress", "message", "schedule", "memory", "config"];
const CHANGES = EFFECTS.filter((effect) => effect !== "read");
const CLEAN: Label = { integrity: "OWNER", confidentiality: "PRIVATE" };
const principalOf = (kind: Principal["class"]): Principal => ({
  person: kind,
  class: kind,
  where: { channel: "telegram", account: "default", conversation: "1" },
  direct: true,
});
const context = (kind: Principal["class"] = "owner", label: Label = CLEAN): GateContext => ({ principal: principalOf(kind), label, agent: "main" });
const toolWith = (name: string, effects: readonly Effect[], more: Partial<Tool> = {}): Tool => ({
  ...createTimeTool(),
  spec: { name, description: "x", parameters: { type: "object" } },
  effects,
  ...more,
});
const rules = (set: Partial<RuleSet>) => createGate(() => ({ agent: {}, ...set }));

describe("security/gate", () => {
  it("allows tools without effects to every person, whatever the context holds", () => {
    for (const kind of ["owner", "trusted", "guest"] as const) {
      assert.deepEqual(createGate().decide(context(kind), createTimeTool(), {}), { kind: "allow" });
      assert.deepEqual(createGate().decide(context(kind, { integrity: "EXTERNAL", confidentiality: "SECRET" }), createCalculateTool(), {}), { kind: "allow" });
    }
  });

  it("sec-40: a guest has no tool with effects: neither offered nor run, until the owner's rules of the place name it", () => {
    fc.assert(
      fc.property(fc.subarray([...EFFECTS], { minLength: 1 }), (effects) => {
        const tool = toolWith("danger", effects);
        assert.equal(createGate().decide(context("guest"), tool, {}).kind, "deny");
        assert.deepEqual(createGate().advertised(context("guest"), [tool]), []);
        // The star of the agent's list is no name.
        assert.equal(rules({ agent: { allow: ["*"] }, channel: { allow: ["*"] } }).decide(context("guest"), tool, {}).kind, "deny");
        assert.notEqual(rules({ sender: { allow: ["danger"] } }).decide(context("guest"), tool, {}).kind, "deny");
      }),
    );
  });

  it("asks the owner for what a trusted person wants done, and lets them look around outside", () => {
    assert.equal(createGate().decide(context("trusted"), toolWith("shell", ["exec"]), {}).kind, "ask");
    const inDirect: Label = { integrity: "TRUSTED", confidentiality: "CONVERSATION:telegram:default:1" };
    assert.equal(createGate().decide(context("trusted", inDirect), toolWith("fetch", ["egress"]), {}).kind, "allow");
  });

  it("deny wins wherever it stands, and every list of allowed tools has to hold the tool", () => {
    fc.assert(
      fc.property(fc.constantFrom("agent", "channel", "sender"), fc.constantFrom("owner", "trusted", "guest"), (place, kind) => {
        const tool = toolWith("shell", ["exec"]);
        const all = { agent: { allow: ["*"] }, channel: { allow: ["shell"] }, sender: { allow: ["shell"] } };
        for (const rule of [{ deny: ["shell"] }, { deny: ["*"] }, { allow: ["time"] }, { allow: [] }]) {
          const gate = rules({ ...all, [place]: rule });
          assert.equal(gate.decide(context(kind), tool, {}).kind, "deny");
          assert.deepEqual(gate.advertised(context(kind), [tool]), []);
        }
      }),
    );
  });

  it("asks where the owner wants to be asked, and still offers the tool", () => {
    const gate = rules({ agent: { ask: ["shell"] } });
    const tool = toolWith("shell", ["exec"]);
    const decision = gate.decide(context(), tool, {});
    assert.ok(decision.kind === "ask" && /wants to be asked/.test(decision.reason) && decision.rememberable);
    assert.deepEqual(gate.advertised(context(), [tool]), [tool]);
    assert.equal(createGate().decide(context(), tool, {}).kind, "allow");
  });

  it("sec-99: of untrusted input, private data and a change any two are let through, all three ask; over every tool and every label", () => {
    const integrities: readonly Integrity[] = ["OWNER", "TRUSTED", "GUEST", "EXTERNAL"];
    const places = ["PUBLIC", "CONVERSATION:telegram:default:1", "PRIVATE"] as const;
    let seen = 0;
    for (const integrity of integrities) {
      for (const confidentiality of places) {
        for (const effects of [[], ["read"], ...CHANGES.map((effect) => [effect]), ...CHANGES.map((effect) => ["read", effect])] as Effect[][]) {
          const untrusted = integrity === "GUEST" || integrity === "EXTERNAL";
          const change = effects.some((effect) => effect !== "read");
          const secret = confidentiality === "PRIVATE" || (change && effects.includes("read"));
          const standing = effects.includes("config") || effects.includes("schedule");
          const decision = createGate().decide(context("owner", { integrity, confidentiality }), toolWith("any", effects), {});
          assert.equal(decision.kind, untrusted && change && (secret || standing) ? "ask" : "allow", `${integrity} ${confidentiality} ${effects.join("+")}`);
          seen += 1;
        }
      }
    }
    assert.equal(seen, 4 * 3 * 16);
  });

  it("a tool's own bounds ask: the least trusted context it takes, the most confidential one it may let out", () => {
    const memory = toolWith("memory_save", ["memory"], { leastIntegrity: "TRUSTED" });
    const external: Label = { integrity: "EXTERNAL", confidentiality: "PUBLIC" };
    assert.equal(createGate().decide(context("owner", external), memory, {}).kind, "ask");
    const post = toolWith("post", ["message"], { highestConfidentiality: "PUBLIC" });
    assert.equal(createGate().decide(context(), post, {}).kind, "ask");
    assert.equal(createGate().decide(context("owner", { integrity: "OWNER", confidentiality: "PUBLIC" }), post, {}).kind, "allow");
  });

  it("nothing lets a secret out", () => {
    const secret: Label = { integrity: "OWNER", confidentiality: "SECRET" };
    for (const effect of ["egress", "message"] as const)
      assert.equal(createGate().decide(context("owner", secret), toolWith("out", [effect]), {}).kind, "deny");
  });

  it("a tool's look at its own arguments asks, denies, and forbids remembering", () => {
    const shell = toolWith("shell", ["exec"], { review: (args) => (JSON.stringify(args).includes("sh -c") ? { ask: "runs code", rememberable: false } : {}) });
    assert.deepEqual(createGate().decide(context(), shell, { argv: ["sh -c"] }), { kind: "ask", reason: "runs code", rememberable: false });
    assert.equal(createGate().decide(context(), shell, { argv: ["ls"] }).kind, "allow");
    const never = toolWith("never", ["exec"], { review: () => ({ deny: "broken" }) });
    assert.deepEqual(createGate().decide(context(), never, {}), { kind: "deny", reason: "broken" });
  });

  it("lets the gateway itself call nothing", () => {
    assert.equal(createGate().decide(context("system"), createTimeTool(), {}).kind, "deny");
  });

  it("what is offered is exactly what is not denied", () => {
    const kinds = fc.constantFrom("owner", "trusted", "guest", "system" as const);
    const list = fc.option(fc.subarray(["a", "b", "*"]), { nil: undefined });
    const rule = fc.record({ allow: list, deny: list, ask: list });
    fc.assert(
      fc.property(kinds, fc.subarray([...EFFECTS]), fc.record({ agent: rule, channel: rule, sender: rule }), (kind, effects, set) => {
        const gate = createGate(() => set);
        const tool = toolWith("a", effects);
        assert.equal(gate.advertised(context(kind), [tool]).length === 1, gate.decide(context(kind), tool, {}).kind !== "deny");
      }),
    );
  });
});
