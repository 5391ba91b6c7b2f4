import assert from "node:assert/strict";
import { test } from "node:test";
import { createLiveSettings } from "../../src/app/live-settings.ts";
import { toolRulesOf } from "../../src/app/settings.ts";
import type { Principal } from "../../src/core/principal.ts";
import type { Tool } from "../../src/core/tool.ts";
import { createGate } from "../../src/security/gate.ts";
import { createTimeTool } from "../../src/tools/time/index.ts";
import { scratchHome } from "../config/scratch-home.ts";

const CONFIG = `[agents.tools]
ask = ["write"]
[agents.list.helper.tools]
allow = ["time"]
[channels.telegram]
token = "1:a"
[channels.telegram.tools]
deny = ["shell"]
[channels.telegram.users.7.tools]
allow = ["look"]
[channels.telegram.accounts.other]
token = "2:b"
`;

test("the owner's rules hold per agent, per channel account and per sender, and for nobody else", async () => {
  using home = scratchHome({ "config.toml": CONFIG });
  const live = createLiveSettings((await home.load()).config);
  const gate = createGate(toolRulesOf(live));
  const tool = (name: string, effects: Tool["effects"]): Tool => ({ ...createTimeTool(), spec: { name, description: "x", parameters: {} }, effects });
  const by = (sender: string | undefined, kind: Principal["class"], account = "default"): Principal => ({
    person: "p",
    class: kind,
    where: { channel: "telegram", account, conversation: "1" },
    direct: true,
    ...(sender !== undefined && { sender }),
  });
  const label = { integrity: "OWNER", confidentiality: "PRIVATE" } as const;
  const kind = (principal: Principal, name: string, effects: Tool["effects"], agent = "main") =>
    gate.decide({ principal, label, agent }, tool(name, effects), {}).kind;
  assert.equal(kind(by("1", "owner"), "write", ["write"]), "ask");
  assert.equal(kind(by("1", "owner"), "shell", ["exec"]), "deny", "denied for this account");
  assert.equal(kind(by("1", "owner", "other"), "shell", ["exec"]), "allow");
  assert.equal(kind(by("1", "owner"), "write", ["write"], "helper"), "deny");
  assert.equal(kind(by("7", "guest"), "look", ["egress"]), "allow", "named for this sender");
  assert.equal(kind(by("8", "guest"), "look", ["egress"]), "deny");
  assert.equal(kind(by("7", "guest", "other"), "look", ["egress"]), "deny", "not on another account");
  assert.equal(kind(by(undefined, "guest"), "look", ["egress"]), "deny");
  assert.equal(kind(by("toString", "guest"), "look", ["egress"]), "deny");
  assert.equal(kind(by("7", "trusted"), "time", []), "deny", "their list holds nothing else");
});
