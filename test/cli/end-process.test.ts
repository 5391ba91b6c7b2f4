import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { endProcess } from "../../src/cli/end-process.ts";

test("gateway_still_running: a process that does not end is told, and is not killed", async () => {
  const script = 'process.on("SIGTERM", () => console.log("heard")); console.log("up"); setInterval(() => {}, 1000);';
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  const heard = once(child.stdout, "data");
  await assert.rejects(endProcess(child.pid!, 100), { code: "gateway_still_running" });
  await heard;
  assert.equal(child.exitCode, null);
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
});
