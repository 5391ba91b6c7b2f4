import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, test } from "node:test";
import { runWorld } from "./world.ts";

describe("the simulator", () => {
  test("one seed gives the same trace in two processes, bit for bit (fault-87)", () => {
    const run = () =>
      execFileSync(process.execPath, [join(import.meta.dirname, "world.ts"), "7"], { encoding: "utf8", env: { ...process.env, TZ: "UTC" } }).trim();
    const first = run();
    assert.match(first, /^[0-9a-f]{64}$/);
    assert.equal(run(), first);
  });

  test("two seeds live through different worlds, every accepted message is ended, and nothing of the real world is awaited between two steps", async () => {
    const one = await runWorld(1);
    const two = await runWorld(2);
    assert.notEqual(one.hash, two.hash);
    for (const world of [one, two]) {
      assert.ok(world.accepted > 10);
      assert.equal(world.ended, world.accepted);
      assert.deepEqual(world.handles, []);
    }
  });
});
