import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import type { Label } from "../../src/core/label.ts";
import type { Principal } from "../../src/core/principal.ts";
import type { Effect, Tool } from "../../src/core/tool.ts";
import { createGate } from "../../src/security/gate.ts";
import { createCalculateTool } from "../../src/tools/calculate/index.ts";
import { createTimeTool } from "../../src/tools/time/index.ts";

const EFFECTS: readonly Effect[] = ["read", "write", "exec", "egress", "message", "schedule", "memory", "config"];
const principalOf = (kind: Principal["class"]): Principal => ({
  person: kind,
  class: kind,
  where: { channel: "telegram", account: "default", conversation: "1" },
  direct: true,
});
const label: Label = { integrity: "OWNER", confidentiality: "PRIVATE" };
const toolWith = (name: string, effects: readonly Effect[]): Tool => ({
  ...createTimeTool(),
  spec: { name, description: "x", parameters: { type: "object" } },
  effects,
});

describe("security/gate", () => {
  it("allows tools without effects to every person", () => {
    for (const kind of ["owner", "trusted", "guest"] as const) {
      assert.deepEqual(createGate().decide(principalOf(kind), label, createTimeTool(), {}), { kind: "allow" });
      assert.deepEqual(createGate().decide(principalOf(kind), { integrity: "EXTERNAL", confidentiality: "SECRET" }, createCalculateTool(), {}), {
        kind: "allow",
      });
    }
  });

  it("sec-40: denies every tool that has any effect, with a reason, and does not advertise it", () => {
    fc.assert(
      fc.property(fc.subarray([...EFFECTS], { minLength: 1 }), fc.constantFrom("owner", "trusted", "guest", "system"), (effects, kind) => {
        const tool = toolWith("danger", effects);
        const decision = createGate().decide(principalOf(kind), label, tool, {});
        assert.equal(decision.kind, "deny");
        assert.ok(decision.kind === "deny" && decision.reason !== "");
        assert.deepEqual(createGate().advertised(principalOf(kind), label, [tool]), []);
      }),
    );
  });

  it("advertises exactly what it would allow, in the same order", () => {
    const tools = [createTimeTool(), toolWith("shell", ["exec"]), createCalculateTool(), toolWith("fetch", ["egress", "read"])];
    const names = createGate()
      .advertised(principalOf("guest"), label, tools)
      .map((tool) => tool.spec.name);
    assert.deepEqual(names, ["time", "calculate"]);
  });

  it("lets the gateway itself call nothing", () => {
    assert.equal(createGate().decide(principalOf("system"), label, createTimeTool(), {}).kind, "deny");
  });
});
