import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { createGatewayHome, GATEWAY_TOKEN, gatewayConfig, type GatewayHome, type RunningGateway } from "../faults/gateway-process.ts";

const run = promisify(execFile);

/** Each question of the page with its commands and the answer it shows. */
async function examples(): Promise<{ question: string; commands: string; answer: unknown }[]> {
  const page = await readFile(join(import.meta.dirname, "../../docs/http.md"), "utf8");
  const found = [...page.matchAll(/^## (.+)$[^#]*?^```sh\n([^]*?)^```\n\n^```json\n([^]*?)^```/gm)];
  return found.map(([, question, commands, answer]) => ({ question: question!, commands: commands!, answer: JSON.parse(answer!) as unknown }));
}

/** What is shown is there; `...` and numbers stand for whatever it is, objects and lists that are empty for what would be too long. */
function assertShown(real: unknown, shown: unknown, path = "answer"): void {
  if (typeof shown === "number") return assert.equal(typeof real, "number", path);
  if (typeof shown === "string") {
    assert.equal(typeof real, "string", path);
    if (shown !== "..." && !/\d\d:\d\d/.test(shown)) assert.equal(real, shown, path);
    return;
  }
  assert.equal(Array.isArray(real), Array.isArray(shown), path);
  for (const [key, value] of Object.entries(shown as object)) assertShown((real as Record<string, unknown>)[key], value, `${path}.${key}`);
}

describe("docs/http.md", () => {
  let home: GatewayHome;
  let gateway: RunningGateway;
  before(async () => {
    home = createGatewayHome({ config: gatewayConfig({}) });
    gateway = await home.start();
  });
  after(() => home?.remove());

  test("every example does what the page says, one after the other", async () => {
    const all = await examples();
    assert.equal(all.length, 7);
    for (const { question, commands, answer } of all) {
      const { stdout } = await run("sh", ["-euc", commands], { env: { ...process.env, CLANKER_URL: gateway.url, CLANKER_TOKEN: GATEWAY_TOKEN } });
      assertShown(JSON.parse(stdout), answer, question);
    }
  });
});
