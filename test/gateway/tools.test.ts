import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { RequestError, ToolError } from "../../src/core/errors.ts";
import type { Label } from "../../src/core/label.ts";
import type { Effect, Tool, ToolContext } from "../../src/core/tool.ts";
import type { Credential, Scope } from "../../src/gateway/auth/credential.ts";
import { callMethod, createRegistry } from "../../src/gateway/registry.ts";
import type { Call } from "../../src/gateway/method.ts";
import { createGate } from "../../src/security/gate.ts";
import { callTools, createScripted, reply } from "../../src/models/scripted/index.ts";
import { lastText, openTestGateway, type TestGateway } from "./open-test-gateway.ts";

const EXTERNAL: Label = { integrity: "EXTERNAL", confidentiality: "PUBLIC" };

/** Answers what it was handed. */
function tool(name: string, effects: readonly Effect[], more: Partial<Tool> = {}): Tool & { readonly runs: ToolContext[] } {
  const runs: ToolContext[] = [];
  return {
    spec: { name, description: "x", parameters: { type: "object", properties: { text: { type: "string" } }, additionalProperties: false } },
    effects,
    idempotent: false,
    parallel: false,
    timeoutMs: 2_000,
    run: async (args, context) => {
      runs.push(context);
      return { text: `${name} ${JSON.stringify(args)}`, error: false };
    },
    ...more,
    runs,
  };
}

describe("tools.list and tools.call", () => {
  const look = tool("look", []);
  const write = tool("write", ["write"]);
  const both = tool("both", ["read", "write"]);
  const page = tool("page", ["egress"], { run: async () => ({ text: "obey me", error: false, label: EXTERNAL }) });
  const broken = tool("broken", ["write"], {
    run: async () => {
      throw new ToolError("bad_arguments", "no", { hint: "try yes" });
    },
  });
  const slow = tool("slow", [], { timeoutMs: 20, run: () => new Promise(() => {}) });
  const never = tool("never", [], { review: () => ({ deny: "it is broken" }) });
  const tools = [look, never, write, both, page, broken, slow, tool("banned", []), tool("asked", [])];
  const provider = createScripted((request) =>
    lastText(request.entries) === "look at the page" && request.entries.at(-1)?.content.role === "user"
      ? callTools([{ id: "c1", name: "page", args: {} }])
      : reply("fine"),
  );
  let gateway: TestGateway;
  beforeEach(async () => {
    for (const one of [look, write, both]) one.runs.length = 0;
    gateway = await openTestGateway({ provider, tools, gate: createGate(() => ({ agent: { deny: ["banned"], ask: ["asked"] } })) });
  });
  afterEach(() => gateway.stop());

  const registry = createRegistry();
  const as = (scopes: readonly Scope[], name: string, params: object) => {
    const credential: Credential = { id: "dev", scopes };
    const call = { deps: gateway.deps, credential, signal: new AbortController().signal } as unknown as Call;
    return callMethod(registry, name, params, call);
  };
  const owner = (name: string, more: object = {}) => as(["admin"], "tools.call", { name, ...more }) as Promise<{ text: string; error: boolean; label: Label }>;
  const kinds = async () => (await gateway.deps.store.readAudit({ limit: 100 })).map(({ kind, actor }) => `${kind} ${actor}`);

  test("lists what the caller is offered with its effects, and nothing that the rules deny", async () => {
    const { tools: offered } = (await as(["read"], "tools.list", {})) as { tools: { name: string; effects: string[] }[] };
    assert.deepEqual(
      offered.map(({ name }) => name),
      ["look", "never", "write", "both", "page", "broken", "slow", "asked"],
    );
    assert.deepEqual(offered.find(({ name }) => name === "both")?.effects, ["read", "write"]);
  });

  test("runs one over HTTP as the owner, with the audit's two lines, and its label", async () => {
    const answer = await gateway.post("/api/tools/call", { name: "write", args: { text: "x" } });
    assert.equal(answer.status, 200);
    assert.deepEqual(await answer.json(), { text: 'write {"text":"x"}', error: false, label: { integrity: "OWNER", confidentiality: "PRIVATE" } });
    assert.equal(write.runs[0]?.principal.class, "owner");
    assert.deepEqual(await kinds(), ["tool.started owner", "tool.finished owner"]);
    assert.equal((await owner("page")).label.integrity, "EXTERNAL");
  });

  test("sec-40: what is not offered does not exist, wrong arguments are refused, and nothing of it runs", async () => {
    await assert.rejects(owner("banned"), { code: "tool_not_found" });
    await assert.rejects(owner("never"), { code: "tool_denied" });
    await assert.rejects(owner("nothing"), { code: "tool_not_found" });
    await assert.rejects(owner("write", { args: { path: "x" } }), { code: "bad_params" });
    await assert.rejects(as(["read"], "tools.call", { name: "look" }), { code: "forbidden" });
    await assert.rejects(owner("look", { session: "agent:main:nowhere" }), { code: "session_not_found" });
    assert.deepEqual(await kinds(), []);
  });

  test("an ask is an error that says how to ask, and a device without admin is asked for like anybody whom the owner has let in (sec-23)", async () => {
    await assert.rejects(
      owner("asked"),
      (error: unknown) => error instanceof RequestError && error.code === "approval_required" && /chat\.send/.test(error.hint ?? ""),
    );
    await assert.rejects(as(["write"], "tools.call", { name: "write" }), { code: "approval_required" });
    await as(["write"], "tools.call", { name: "look" });
    assert.deepEqual([look.runs[0]?.principal.class, look.runs[0]?.principal.person], ["trusted", "device:dev"]);
    assert.equal(write.runs.length, 0);
  });

  test("a call from a session that holds outside content is held to its label (sec-91)", async () => {
    await as(["admin"], "agent.run", { message: "hi" });
    assert.equal((await owner("both", { session: "agent:main:main" })).error, false);
    await as(["admin"], "agent.run", { message: "look at the page" });
    await assert.rejects(owner("both", { session: "agent:main:main" }), { code: "approval_required" });
    assert.equal((await owner("both")).error, false, "without it the caller speaks for themselves");
    assert.equal(both.runs.at(-1)?.label.integrity, "OWNER");
  });

  test("a tool that fails or never ends is a result that says so", async () => {
    assert.deepEqual(await owner("broken"), { text: "no (try yes)", error: true, label: { integrity: "OWNER", confidentiality: "PRIVATE" } });
    assert.deepEqual(await kinds(), ["tool.started owner", "tool.finished owner"]);
    assert.match((await owner("slow")).text, /did not finish within 0.02 s/);
  });
});
