import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { ToolError } from "../../../src/core/errors.ts";
import { silentLog } from "../../../src/core/log.ts";
import type { ExecProfile, Processes } from "../../../src/core/processes.ts";
import { createProcesses } from "../../../src/security/host/processes/index.ts";
import { createProcessTool } from "../../../src/tools/process/index.ts";
import { createShellTool } from "../../../src/tools/shell/index.ts";
import { toolContext, toolSuite } from "../../contract/tool-suite.ts";
import { LIMITS } from "../../security/host/sandbox-home.ts";
import { openToolHome, type ToolHome } from "../tool-home.ts";

describe("program tools", () => {
  let home: ToolHome;
  let processes: Processes;
  let profile: ExecProfile = "sandbox";
  const open = (owner: Parameters<ToolHome["workspaces"]["open"]>[0]) => home.workspaces.open(owner);
  const shell = () => createShellTool({ processes, open, profile: () => profile, timeMs: 20_000 });
  const process = () => createProcessTool({ processes, open });
  const run = (args: unknown) => shell().run(args, toolContext());

  before(async () => {
    home = await openToolHome();
    processes = createProcesses({
      sandbox: { backend: "bubblewrap", image: "none" },
      limits: LIMITS,
      dataFolder: join(home.folder, "data"),
      configFolder: home.folder,
      containerEnv: {},
      log: silentLog,
    });
  });
  after(async () => {
    await processes.close();
    await home[Symbol.asyncDispose]();
  });

  describe("tools/shell", () => {
    toolSuite({
      create: shell,
      good: [{ argv: ["echo", "hello"] }, { script: "echo $((1 + 1)) > n; cat n" }, { argv: ["true"] }, { argv: ["cat"], stdin: "x", timeout_secs: 5 }],
      bad: [
        {},
        { argv: [] },
        { argv: [""] },
        { argv: ["a"], script: "b" },
        { argv: "ls" },
        { argv: ["true"], cwd: "../.." },
        { argv: ["true"], cwd: "/etc" },
        { argv: ["surely-no-such-program"] },
        { argv: ["true"], timeout_secs: 0 },
        // sec-49: there is no way to give an environment.
        { argv: ["true"], env: { LD_PRELOAD: "x" } },
      ],
    });

    it("shows output, exit code and limits", async () => {
      assert.deepEqual(await run({ script: "echo out; echo err >&2; exit 3" }).then(({ text, error }) => ({ text: text.split("\n").toSorted(), error })), {
        text: ["[exit code 3]", "err", "out"],
        error: true,
      });
      assert.equal((await run({ argv: ["sleep", "60"], timeout_secs: 1 })).text, "[stopped: more time than allowed]");
      assert.equal((await run({ argv: ["true"] })).text, "(no output)");
    });

    it("sec-47 hands no pattern to a shell, so that a file's name is never an option", async () => {
      await home.workspace.write("--checkpoint-action=exec=sh x", new Uint8Array(), { label: toolContext().label });
      assert.match((await run({ argv: ["ls", "*"] })).text, /cannot access '\*'/u);
    });

    it("works in the same folder as the file tools, and leaves files that they may change", async () => {
      await home.workspace.write("shared.txt", new TextEncoder().encode("from the tool\n"), { label: toolContext().label });
      assert.equal((await run({ script: "cat shared.txt; echo more >> shared.txt" })).text, "from the tool");
      await home.workspace.append("shared.txt", new TextEncoder().encode("end\n"), { label: toolContext().label });
      assert.equal((await run({ argv: ["cat", "shared.txt"] })).text, "from the tool\nmore\nend");
    });

    it("ends with the call that is cancelled", async () => {
      const controller = new AbortController();
      const running = shell().run({ script: "touch begun; sleep 60" }, toolContext(controller.signal));
      while (!readdirSync(home.workspace.root).includes("begun")) await pause(10);
      controller.abort();
      assert.equal((await running).text, "[cancelled]");
    });

    it("lowers the label of the workspace by who asked, and by the host's network", async () => {
      await shell().run({ argv: ["true"] }, { ...toolContext(), agent: "second", label: { integrity: "GUEST", confidentiality: "PUBLIC" } });
      const second = await home.workspaces.open({ ...toolContext(), agent: "second" });
      assert.equal(second.label().integrity, "GUEST");
      profile = "host";
      try {
        const { label, text } = await shell().run({ argv: ["pwd"] }, { ...toolContext(), agent: "third" });
        assert.equal(text, (await home.workspaces.open({ ...toolContext(), agent: "third" })).root);
        assert.equal(label?.integrity, "EXTERNAL");
      } finally {
        profile = "sandbox";
      }
    });
  });

  describe("tools/process", () => {
    toolSuite({
      create: process,
      good: [{ action: "list" }],
      bad: [{}, { action: "poll" }, { action: "kill" }, { action: "kill", id: "p999" }, { action: "stop", id: "p1" }],
    });

    it("lists, polls and ends what this session has started, and nothing else", async () => {
      const started = await run({ script: "echo up; exec sleep 600", background: true });
      const id = /Started as (p\d+)/u.exec(started.text)?.[1];
      const act = (args: unknown, session = "session") => process().run(args, { ...toolContext(), sessionId: session });
      let seen = "";
      while (!seen.includes("up\n")) {
        await pause(20);
        seen += (await act({ action: "poll", id })).text;
      }
      assert.match(seen, /\[running\]$/u);
      assert.match((await act({ action: "list" })).text, new RegExp(`^${id} {2}running {2}echo up; exec sleep 600$`, "mu"));
      for (const action of ["poll", "kill"]) {
        await assert.rejects(act({ action, id }, "another"), (error: unknown) => error instanceof ToolError && error.code === "not_found");
      }
      assert.equal((await act({ action: "kill", id })).text, "[ended]");
      assert.equal((await act({ action: "list" })).text, "(none)");
    });
  });
});
