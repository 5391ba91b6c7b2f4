import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ToolError } from "../../../src/core/errors.ts";
import type { ExecOptions, ExecPlan, ExecRequest, ExecResult } from "../../../src/core/processes.ts";
import { openSandboxHome, type SandboxHome } from "./sandbox-home.ts";

const withCode = (code: string) => (error: unknown) => {
  assert.ok(error instanceof ToolError, String(error));
  assert.equal(error.code, code);
  return true;
};

type More = Partial<ExecRequest> & Pick<ExecOptions, "signal" | "plan" | "onOutput">;

const request = (home: SandboxHome, program: string | readonly string[], more: Partial<ExecRequest> = {}): ExecRequest => ({
  program: typeof program === "string" ? { kind: "script", script: program } : { kind: "argv", argv: program },
  profile: "sandbox",
  workspace: home.workspace,
  ...more,
});

function run(home: SandboxHome, program: string | readonly string[], { signal, plan, onOutput, ...more }: More = {}): Promise<ExecResult> {
  return home.processes.run(request(home, program, more), { signal, plan, onOutput });
}

/** Waits until no process with this text in its command line is left. */
async function gone(text: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const pids = (await readdir("/proc")).filter((name) => /^\d+$/u.test(name));
    const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "latin1").catch(() => "")));
    if (!lines.some((line) => line.split("\0").includes(text))) return;
    await pause(50);
  }
  assert.fail(`a process with ${text} is still there`);
}

const PROFILES = ["sandbox", "host"] as const;

describe("security/host/processes", () => {
  for (const profile of PROFILES) {
    it(`sec-46 hands arguments over as they are, without a shell (${profile})`, async () => {
      await using home = await openSandboxHome();
      const odd = ["*", "$HOME", "~", "$(id)", "`id`", "<(id)", ";", "|", "&", "a\nb", "\\\nc", "<<EOF", "", " ", "'", '"', "--x"];
      const { output, end } = await run(home, ["printf", "[%s]", ...odd], { profile });
      assert.deepEqual(end, { kind: "exited", code: 0 });
      assert.equal(output, odd.map((item) => `[${item}]`).join(""));
    });

    it(`sec-49 sec-100 builds the environment from nothing (${profile})`, async () => {
      await using home = await openSandboxHome();
      const names = ["LD_PRELOAD_CANARY", "NODE_OPTIONS", "BASH_ENV", "GIT_DIR", "PYTHONPATH", "CLANKER_SECRET_KEY"];
      const before = names.map((name) => process.env[name]);
      for (const name of names) process.env[name] = "/canary";
      try {
        const { output } = await run(home, ["cat", "/proc/self/environ"], { profile });
        assert.doesNotMatch(output, /canary/u);
        const found = output.split("\0").map((item) => item.split("=")[0]);
        assert.deepEqual(
          found.filter((name) => !["HOME", "LANG", "PATH", "PWD", "TERM", "TMPDIR", "CLANKER_EXEC", ""].includes(name!)),
          [],
        );
      } finally {
        for (const [index, name] of names.entries()) {
          if (before[index] === undefined) delete process.env[name];
          else process.env[name] = before[index];
        }
      }
    });

    it(`gives stdin, the exit code and the folder (${profile})`, async () => {
      await using home = await openSandboxHome();
      await mkdir(join(home.workspace, "deep"));
      const { output, end } = await run(home, "cat; basename $PWD; exit 7", { profile, stdin: "from stdin\n", cwd: "deep" });
      assert.equal(output, "from stdin\ndeep\n");
      assert.deepEqual(end, { kind: "exited", code: 7 });
    });

    it(`fault-76 leaves no process when it is cancelled, whatever it does about it (${profile})`, async () => {
      await using home = await openSandboxHome();
      const mark = `77${String(process.pid)}${profile.length}.25`;
      const controller = new AbortController();
      let said = "";
      const running = run(home, `trap '' TERM INT HUP; (setsid sleep ${mark} &) ; (nohup setsid sleep ${mark} &); echo ready; sleep ${mark}`, {
        profile,
        signal: controller.signal,
        onOutput(text) {
          said += text;
          if (said.includes("ready")) controller.abort();
        },
      });
      assert.deepEqual((await running).end, { kind: "cancelled" });
      await gone(mark);
    });

    it(`fault-72 keeps the beginning and the end of endless output (${profile})`, async () => {
      await using home = await openSandboxHome();
      const before = process.memoryUsage().rss;
      const { end, output, written } = await run(home, "echo first; head -c 1G /dev/zero | tr '\\0' x", { profile, limits: { fileMb: 50 } });
      assert.deepEqual(end, { kind: "limit", limit: "output" });
      assert.ok(written > 20_000_000 && output.length < 26_000);
      assert.match(output, /^first\nx+\n\[\d+ characters left out\]\nx+$/u);
      assert.ok(process.memoryUsage().rss - before < 64_000_000);
    });

    it(`ends a program whose time is up (${profile})`, async () => {
      await using home = await openSandboxHome();
      assert.deepEqual((await run(home, ["sleep", "60"], { profile, limits: { timeMs: 200 } })).end, { kind: "limit", limit: "time" });
    });

    it(`runs programs in the background, for one session alone (${profile})`, async () => {
      await using home = await openSandboxHome();
      const mark = `78${String(process.pid)}${profile.length}.25`;
      const started = await home.processes.start("mine", request(home, `echo up; sleep ${mark}`, { profile }));
      let seen = "";
      while (!seen.includes("up\n")) {
        await pause(20);
        seen += started.poll();
      }
      assert.equal(started.end(), undefined);
      assert.deepEqual(
        home.processes.list("mine").map(({ id }) => id),
        [started.id],
      );
      assert.deepEqual(home.processes.list("yours"), []);
      await started.kill();
      assert.deepEqual(started.end(), { kind: "cancelled" });
      await gone(mark);
      started.poll();
      assert.deepEqual(home.processes.list("mine"), []);
    });
  }

  it("lets no more background processes run than allowed, and ends them all at the stop", async () => {
    const mark = `79${String(process.pid)}.25`;
    {
      await using home = await openSandboxHome();
      for (let count = 0; count < 8; count++) await home.processes.start("mine", request(home, ["sleep", mark]));
      await assert.rejects(home.processes.start("mine", request(home, ["sleep", mark])), withCode("too_many_processes"));
    }
    await gone(mark);
  });

  it("fault-77 nothing outlives a gateway that is killed", async () => {
    const mark = `80${String(process.pid)}.25`;
    await using home = await openSandboxHome();
    const file = fileURLToPath(new URL("orphan-child.ts", import.meta.url));
    const child = spawn(process.execPath, [file, home.folder, home.workspace, mark], { stdio: ["ignore", "pipe", "inherit"] });
    let said = "";
    for await (const bytes of child.stdout) {
      said += String(bytes);
      if (said.includes("up\nup\n")) break;
    }
    child.kill("SIGKILL");
    await once(child, "exit");
    // The sandboxed one ends with its parent; the one of the host that has left its group is found at the next use.
    await run(home, ["true"]);
    await gone(mark);
  });

  it("fault-77 nothing outlives a gateway that is killed while a sandbox sets up, from the first moment on", async () => {
    await using home = await openSandboxHome();
    const file = fileURLToPath(new URL("early-orphan-child.ts", import.meta.url));
    const marks = await Promise.all(
      [0, 0.5, 1, 2, 4, 8].map(async (milliseconds, index) => {
        const mark = `81${String(process.pid)}.${index}5`;
        const child = spawn(process.execPath, [file, home.folder, home.workspace, mark, String(milliseconds)], { stdio: "inherit" });
        assert.deepEqual(await once(child, "exit"), [null, "SIGKILL"]);
        return mark;
      }),
    );
    for (const mark of marks) await gone(mark);
  });

  it("fault-81 leaves neither zombies nor descriptors behind", async () => {
    await using home = await openSandboxHome();
    await run(home, ["true"]);
    const descriptors = async () => (await readdir("/proc/self/fd")).length;
    const before = await descriptors();
    for (let round = 0; round < 40; round++) await Promise.all(PROFILES.map((profile) => run(home, ["true"], { profile })));
    assert.ok(Math.abs((await descriptors()) - before) <= 5);
    const children = (await readFile(`/proc/self/task/${process.pid}/children`, "utf8")).trim();
    const zombies = await Promise.all(children.split(" ").map((pid) => readFile(`/proc/${pid}/stat`, "utf8").catch(() => "")));
    assert.deepEqual(
      zombies.filter((stat) => stat.includes(") Z ")),
      [],
    );
  });

  it("sec-60 a missing sandbox makes programs unavailable, never the host", async () => {
    await using home = await openSandboxHome({ sandbox: { backend: "podman", image: "none" }, containerEnv: { PATH: "/nonexistent" } });
    const found = await home.processes.availability("sandbox");
    if (found.kind === "available") assert.fail("there is a podman with an image called none");
    assert.match(found.reason, /Podman/u);
    await assert.rejects(run(home, "touch escaped"), withCode("sandbox_unavailable"));
    await assert.rejects(home.processes.start("s", request(home, "touch escaped")), withCode("sandbox_unavailable"));
    await assert.rejects(home.processes.plan(request(home, ["true"])), withCode("sandbox_unavailable"));
    assert.deepEqual(await readdir(home.workspace), []);
  });

  it("refuses programs that are not there and folders that lead out", async () => {
    await using home = await openSandboxHome();
    await assert.rejects(run(home, ["surely-no-such-program"]), withCode("program_not_found"));
    await assert.rejects(run(home, ["/root/bin/x"]), withCode("program_not_found"));
    await assert.rejects(run(home, ["/usr/bin/../../etc/x"]), withCode("program_not_found"));
    await assert.rejects(run(home, ["true"], { cwd: "../" }), withCode("path_refused"));
    await symlink("/etc", join(home.workspace, "etc"));
    await assert.rejects(run(home, ["true"], { cwd: "etc" }), withCode("path_refused"));
    await assert.rejects(run(home, ["a\0b"]), withCode("bad_arguments"));
  });
});

describe("the plan of a run", () => {
  const script = "#!/bin/sh\necho one\n";

  async function planned(home: SandboxHome, argv: readonly string[], more: Partial<ExecRequest> = {}) {
    await writeFile(join(home.workspace, "run.sh"), script);
    await chmod(join(home.workspace, "run.sh"), 0o755);
    return home.processes.plan(request(home, argv, more));
  }

  it("says what will be run, and is the same for the same request", async () => {
    await using home = await openSandboxHome();
    const plan = await planned(home, ["sh", "run.sh"], { stdin: "x" });
    assert.equal(plan.kind, "argv");
    assert.match(plan.executable.path, /^\/usr\/bin\/(?:dash|bash)$/u);
    assert.match(plan.executable.sha256, /^[0-9a-f]{64}$/u);
    assert.deepEqual(
      plan.scripts.map(({ path }) => path),
      ["run.sh"],
    );
    assert.equal(plan.cwd.path, home.workspace);
    assert.equal(plan.network, "none");
    assert.match(plan.backend, /^bubblewrap \d/u);
    assert.deepEqual(await home.processes.plan(request(home, ["sh", "run.sh"], { stdin: "x" })), plan);
    assert.equal((await run(home, ["sh", "run.sh"], { stdin: "x", plan: JSON.parse(JSON.stringify(plan)) as ExecPlan })).output, "one\n");
  });

  it("sec-51 a script that was rewritten after the approval is not run", async () => {
    await using home = await openSandboxHome();
    for (const argv of [["sh", "run.sh"], ["./run.sh"], ["sh", "--x=run.sh"]]) {
      const plan = await planned(home, argv);
      await writeFile(join(home.workspace, "run.sh"), "#!/bin/sh\ntouch /workspace/evil\n");
      await assert.rejects(run(home, argv, { plan }), withCode("plan_changed"));
    }
    assert.deepEqual(await readdir(home.workspace), ["run.sh"]);
  });

  it("sec-52 a program or a folder that was exchanged is not run", async () => {
    await using home = await openSandboxHome();
    const own = await planned(home, ["./run.sh"]);
    await writeFile(join(home.workspace, "other"), "#!/bin/sh\necho other\n", { mode: 0o755 });
    await rename(join(home.workspace, "other"), join(home.workspace, "run.sh"));
    await assert.rejects(run(home, ["./run.sh"], { plan: own }), withCode("plan_changed"));

    for (const name of ["one", "two"]) await mkdir(join(home.workspace, name));
    await symlink("one", join(home.workspace, "link"));
    const linked = await planned(home, ["true"], { cwd: "link" });
    await rm(join(home.workspace, "link"));
    await symlink("two", join(home.workspace, "link"));
    await assert.rejects(run(home, ["true"], { cwd: "link", plan: linked }), withCode("plan_changed"));
    // The same name for another folder.
    const named = await planned(home, ["true"], { cwd: "one" });
    await rename(join(home.workspace, "one"), join(home.workspace, "old"));
    await mkdir(join(home.workspace, "one"));
    await assert.rejects(run(home, ["true"], { cwd: "one", plan: named }), withCode("plan_changed"));
  });

  it("sec-53 a plan with any field changed is refused", async () => {
    await using home = await openSandboxHome();
    const plan = await planned(home, ["echo", "a b"], { stdin: "in" });
    const changes: Partial<ExecPlan>[] = [
      { kind: "script" },
      { argv: ["echo", "a b "] },
      { argv: ["echo", "A b"] },
      { argv: ["echo", "a", "b"] },
      { executable: { ...plan.executable, sha256: "0".repeat(64) } },
      { executable: { ...plan.executable, path: "/usr/bin/true" } },
      { scripts: [{ path: "x", sha256: "0" }] },
      { cwd: { ...plan.cwd, inode: "1" } },
      { cwd: { ...plan.cwd, device: "1" } },
      { envHash: "0" },
      { stdinHash: "0" },
      { profile: "host" },
      { backend: "host" },
      { network: "host" },
      { limits: { ...plan.limits, timeMs: 1 } },
    ];
    assert.deepEqual(new Set(changes.flatMap((change) => Object.keys(change))), new Set(Object.keys(plan)));
    for (const change of changes) {
      await assert.rejects(run(home, ["echo", "a b"], { stdin: "in", plan: { ...plan, ...change } }), withCode("plan_changed"), JSON.stringify(change));
    }
    await assert.rejects(run(home, ["echo", "a b"], { stdin: "out", plan }), withCode("plan_changed"));
  });
});
