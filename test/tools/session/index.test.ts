import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ToolError } from "../../../src/core/errors.ts";
import { labelOf } from "../../../src/core/principal.ts";
import type { StartedTurn } from "../../../src/core/store.ts";
import type { Tool, ToolContext } from "../../../src/core/tool.ts";
import { searchMessages } from "../../../src/sessions/search.ts";
import { createMemoryStore } from "../../../src/store/memory/index.ts";
import { createSessionTools } from "../../../src/tools/session/index.ts";
import { World } from "../../contract/store/world.ts";
import { toolContext, toolSuite } from "../../contract/tool-suite.ts";

describe("tools/session", () => {
  const store = createMemoryStore();
  const world = new World(store);
  let started: StartedTurn;
  before(async () => {
    started = await world.begin("hello\nthere");
    await world.commit(started);
  });
  after(async () => await store.close());
  const tool = (name: string): Tool => createSessionTools({ store, search: (query) => searchMessages(store, query) }).find(({ spec }) => spec.name === name)!;
  const run = (name: string, args: unknown, context: Partial<ToolContext> = {}) => tool(name).run(args, { ...toolContext(), ...context });
  const inside = (): Partial<ToolContext> => ({ principal: world.principal(), label: labelOf(world.principal()), sessionId: started.session.id });

  describe("session_list", () => toolSuite({ create: () => tool("session_list"), good: [{}], bad: [{ x: 1 }] }));
  describe("session_read", () =>
    toolSuite({
      create: () => tool("session_read"),
      good: [{ session: world.key }, { session: world.key, before: 1 }],
      bad: [{}, { session: "" }, { session: "a", limit: 51 }],
    }));

  describe("session_search", () =>
    toolSuite({
      create: () => tool("session_search"),
      good: [{ query: "hello" }, { query: "nothing", limit: 1 }],
      bad: [{}, { query: "" }, { query: "a", limit: 21 }],
    }));

  it("sec-110: a search finds what everybody there may see, in their own conversation alone unless the owner asks", async () => {
    const other = new World(store);
    await other.commit(await other.begin("hello from elsewhere"));
    const everywhere = await run("session_search", { query: "hel" });
    assert.match(everywhere.text, new RegExp(`^${other.key} 1 \\S+Z person: "hello from elsewhere"\n${world.key} 1 `, "u"));
    const own = await run("session_search", { query: "hel" }, inside());
    assert.match(own.text, new RegExp(`^${world.key} 1 \\S+Z person: "hello\\\\nthere"$`, "u"));
    assert.deepEqual(own.label, labelOf(world.principal()));
    const elsewhere = { ...inside(), principal: world.principal("ann", "another place") };
    assert.equal((await run("session_search", { query: "hello" }, elsewhere)).text, "Nothing like that was said.");
    assert.equal((await run("session_search", { query: "hello" }, { agent: "another" })).text, "Nothing like that was said.");
    await store.deleteSession({ id: (await store.getSession({ key: other.key }))!.id });
  });

  it("shows the owner every conversation of the agent, entry by entry on a line of its own", async () => {
    assert.match((await run("session_list", {})).text, new RegExp(`^${world.key}: 2 entries, last activity `, "u"));
    const read = await run("session_read", { session: world.key });
    assert.match(read.text, /^1 \S+Z person: "hello\\nthere"\n2 \S+Z assistant: "yes"$/u);
    assert.deepEqual(read.label, labelOf(world.principal()));
    assert.match((await run("session_read", { session: world.key, before: 2 })).text, /^1 .*$/u);
  });

  it("sec-110: everybody else sees the conversation they are in, and what is hidden reads like what is not there", async () => {
    assert.match((await run("session_read", { session: world.key }, inside())).text, /hello/u);
    const outside = { ...inside(), sessionId: "another" };
    assert.equal((await run("session_list", {}, outside)).text, "There is no conversation yet.");
    const message = async (session: string) => {
      const error = await run("session_read", { session }, outside).catch((thrown: unknown) => thrown);
      assert.ok(error instanceof ToolError && error.code === "session_not_found");
      return error.message.replace(session, "KEY");
    };
    assert.equal(await message(world.key), await message("agent:main:none"));
    await assert.rejects(run("session_read", { session: world.key }, { agent: "another" }), ToolError);
  });
});
