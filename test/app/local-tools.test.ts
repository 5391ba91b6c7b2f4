import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createLocalTools, openLocalPowers } from "../../src/app/local-tools.ts";
import { rootSchema } from "../../src/config/schema.ts";
import { ToolError } from "../../src/core/errors.ts";
import { silentLog } from "../../src/core/log.ts";
import type { Principal } from "../../src/core/principal.ts";
import { v } from "../../src/lib/schema/index.ts";
import { OWNER, toolContext } from "../contract/tool-suite.ts";

const GUEST: Principal = { person: "p", class: "guest", where: { channel: "telegram", account: "default", conversation: "7" }, direct: false };

const OTHERS: Readonly<Record<string, object>> = { write: { content: "x" }, edit: { old: "a", new: "b" }, search: { pattern: "x" }, shell: { argv: ["true"] } };

async function withTools(
  agents: object,
  env: Record<string, string>,
  use: (tools: ReturnType<typeof createLocalTools>, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "clanker-app-tools-"));
  const config = v.parse(rootSchema, { agents });
  const places = { configFile: join(folder, "config.toml"), configFolder: folder, dataFolder: join(folder, "data"), lastGoodFile: join(folder, "last") };
  const powers = openLocalPowers(() => config, places, { env, log: silentLog });
  try {
    await use(createLocalTools(config, powers), folder);
  } finally {
    await powers.processes.close();
    await rm(folder, { recursive: true, force: true });
  }
}

describe("the tools of the gateway", () => {
  it("sec-60 files and programs are unavailable where a sandbox is required and missing, and say why", () =>
    withTools({ sandbox: { backend: "podman" } }, { PATH: "/nonexistent" }, async (tools) => {
      for (const name of ["read", "write", "edit", "list", "search", "shell", "process"]) {
        const tool = tools.find(({ spec }) => spec.name === name)!;
        const args = { ...(name === "process" ? { action: "list" } : name === "shell" || name === "list" ? {} : { path: "a" }), ...OTHERS[name] };
        await assert.rejects(
          tool.run(args, { ...toolContext(), principal: GUEST }),
          (error: unknown) => error instanceof ToolError && error.code === "sandbox_unavailable",
          name,
        );
      }
    }));

  it("runs on the host in the owner's own direct chat alone, unless the config says otherwise", async () => {
    const network = async (mode: string, principal: Principal) => {
      let where = "";
      await withTools({ sandbox: { mode } }, {}, async (tools) => {
        const shell = tools.find(({ spec }) => spec.name === "shell")!;
        where = (await shell.run({ argv: ["pwd"] }, { ...toolContext(), principal })).text === "/workspace" ? "sandbox" : "host";
      });
      return where;
    };
    assert.deepEqual(await Promise.all([network("non_main", OWNER), network("non_main", { ...OWNER, direct: false }), network("non_main", GUEST)]), [
      "host",
      "sandbox",
      "sandbox",
    ]);
    assert.deepEqual(await Promise.all([network("always", OWNER), network("never", GUEST)]), ["sandbox", "host"]);
  });

  it("keeps an agent's files where the config says", () =>
    withTools({ workspace: "desk" }, {}, async (tools, folder) => {
      await tools.find(({ spec }) => spec.name === "write")!.run({ path: "a.txt", content: "x" }, toolContext());
      assert.equal((await tools.find(({ spec }) => spec.name === "shell")!.run({ argv: ["pwd"] }, toolContext())).text, join(folder, "desk"));
    }));
});
