import assert from "node:assert/strict";
import { it } from "node:test";
import type { Label } from "../../src/core/label.ts";
import type { Principal } from "../../src/core/principal.ts";
import { ToolError } from "../../src/core/errors.ts";
import type { Tool, ToolContext } from "../../src/core/tool.ts";
import { createManualClock } from "../fakes/manual-clock.ts";

/** Longest result that a tool may hand to a model, UTF-16 units. */
const MAX_OUTPUT = 32_000;

export interface ToolCases {
  create(): Tool;
  /** Arguments that work. */
  readonly good: readonly unknown[];
  /** Arguments that fit the schema or nearly do, and must be answered with a ToolError. */
  readonly bad: readonly unknown[];
}

export const OWNER: Principal = { person: "owner", class: "owner", where: { channel: "web", account: "default", conversation: "owner" }, direct: true };
export const PRIVATE: Label = { integrity: "OWNER", confidentiality: "PRIVATE" };

/** What a tool is handed when it runs in a test. */
export function toolContext(signal: AbortSignal = new AbortController().signal): ToolContext {
  return {
    principal: OWNER,
    label: PRIVATE,
    agent: "main",
    sessionId: "session",
    turnId: "turn",
    clock: createManualClock(),
    timeZone: "Europe/Berlin",
    signal,
  };
}

/** The behaviour that every tool has to have; run it inside a `describe`. */
export function toolSuite({ create, good, bad }: ToolCases): void {
  it("describes itself with a plain name, a sentence and a closed object schema", () => {
    const { spec, timeoutMs } = create();
    assert.match(spec.name, /^[a-z][a-z0-9_]{0,63}$/u);
    assert.ok(spec.description.length > 0 && spec.description.length <= 1_024);
    assert.ok(timeoutMs > 0);
    assertClosed(spec.parameters, "parameters");
    assert.deepEqual(JSON.parse(JSON.stringify(spec.parameters)), spec.parameters);
    if (spec.parameters["required"] !== undefined)
      for (const name of spec.parameters["required"] as string[]) assert.ok(Object.hasOwn(spec.parameters["properties"] as object, name));
  });

  it("answers good arguments with a bounded text", async () => {
    for (const args of good) {
      const result = await create().run(args, toolContext());
      assert.equal(result.error, false, JSON.stringify(args));
      assert.ok(result.text.length > 0 && result.text.length <= MAX_OUTPUT);
    }
  });

  it("answers bad arguments with a ToolError, whatever they are", async () => {
    const always = [null, undefined, 7, "text", [], { surely_not_an_argument: 1 }];
    for (const args of [...always, ...bad]) await assert.rejects(create().run(args, toolContext()), isToolError, JSON.stringify(args));
  });

  it("does not run for a call that is already aborted", async () => {
    const controller = new AbortController();
    controller.abort();
    await assert.rejects(create().run(good[0], toolContext(controller.signal)), isToolError);
  });

  it("leaves no timer behind and does not change its arguments", async () => {
    const context = toolContext();
    const args = structuredClone(good[0]);
    await create().run(args, context);
    assert.deepEqual(args, good[0]);
    assert.equal((context.clock as ReturnType<typeof createManualClock>).pending(), 0);
  });
}

function isToolError(error: unknown): boolean {
  assert.ok(error instanceof ToolError, String(error));
  assert.match(error.code, /^[a-z][a-z0-9_]*$/u);
  assert.ok(error.message.length > 0 && error.message.length < 2_000);
  return true;
}

function assertClosed(schema: unknown, path: string): void {
  assert.ok(typeof schema === "object" && schema !== null, path);
  const { type, properties, additionalProperties, items } = schema as Record<string, unknown>;
  if (path === "parameters") assert.equal(type, "object");
  if (type === "object") {
    assert.equal(additionalProperties, false, `${path} is open`);
    for (const [name, inner] of Object.entries(properties ?? {})) assertClosed(inner, `${path}.${name}`);
  }
  if (items !== undefined) assertClosed(items, `${path}[]`);
}
