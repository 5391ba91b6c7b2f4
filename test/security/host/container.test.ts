import assert from "node:assert/strict";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { LIMITS, openSandboxHome, type SandboxHome } from "./sandbox-home.ts";

/** A command line that notes how it was called, and for `run` runs what stands behind the image. */
async function installFake(home: { readonly folder: string }, images = "exit 0"): Promise<void> {
  const file = join(home.folder, "docker");
  const lines = [
    "#!/bin/sh",
    `printf '%s\\n' "$*" >> ${home.folder}/calls`,
    `case "$1" in version) echo 99.0;; image) ${images};; rm) exit 0;; ps) echo leftover;;`,
    `run) while [ "$1" != --entrypoint ]; do shift; done; program="$2"; shift 3; exec "$program" "$@";; esac`,
  ];
  await writeFile(file, `${lines.join("\n")}\n`);
  await chmod(file, 0o755);
}

async function openDockerHome(images?: string): Promise<SandboxHome> {
  const env: Record<string, string> = {};
  const home = await openSandboxHome({ sandbox: { backend: "docker", image: "small:1" }, containerEnv: env });
  env["PATH"] = `${home.folder}:/usr/bin:/bin`;
  await installFake(home, images);
  return home;
}

const callsOf = async (home: SandboxHome) => (await readFile(join(home.folder, "calls"), "utf8")).trim().split("\n");

describe("the sandbox by containers", () => {
  it("asks for no network, no privileges, the workspace alone, and every limit", async () => {
    await using home = await openDockerHome();
    assert.deepEqual(await home.processes.availability("sandbox"), { kind: "available", backend: "docker 99.0 (small:1)" });
    const { output } = await home.processes.run({ program: { kind: "argv", argv: ["echo", "a b"] }, profile: "sandbox", workspace: home.workspace });
    assert.equal(output, "a b\n");
    const run = (await callsOf(home)).find((line) => line.startsWith("run "))!;
    for (const part of [
      "--network none",
      "--read-only",
      "--cap-drop ALL",
      "--security-opt no-new-privileges",
      "--pull never",
      "--rm",
      `--pids-limit ${LIMITS.processes}`,
      `--memory ${LIMITS.memoryMb}m`,
      `--memory-swap ${LIMITS.memoryMb}m`,
      `type=bind,"source=${home.workspace}",target=/workspace`,
      "--workdir /workspace",
      "--entrypoint echo small:1 a b",
    ]) {
      assert.ok(run.includes(part), `${part} is not in ${run}`);
    }
    assert.match(run, /--user [1-9]\d*:\d+ /u);
    assert.equal(run.split("type=bind").length, 2);
  });

  it("sec-76 removes the container of a program that is stopped, and only containers with this home's mark at a start", async () => {
    await using home = await openDockerHome();
    const request = { program: { kind: "argv" as const, argv: ["sleep", "60"] }, profile: "sandbox" as const, workspace: home.workspace };
    assert.deepEqual((await home.processes.run({ ...request, limits: { timeMs: 300 } })).end, { kind: "limit", limit: "time" });
    const calls = await callsOf(home);
    const name = /--name (clanker-[0-9a-f]{16}) /u.exec(calls.find((line) => line.startsWith("run "))!)?.[1];
    assert.ok(calls.includes(`rm --force ${name}`));
    assert.match(
      calls.find((line) => line.startsWith("ps "))!,
      /^ps -aq --filter label=open-clanker\.home=[0-9a-f]{16}$/u,
    );
    assert.ok(calls.includes("rm --force leftover"));
  });

  it("fetches no image by itself", async () => {
    await using home = await openDockerHome("exit 1");
    const found = await home.processes.availability("sandbox");
    assert.ok(found.kind === "unavailable" && found.reason === "Docker has no image small:1" && found.hint === "fetch it once: docker pull small:1");
  });
});
