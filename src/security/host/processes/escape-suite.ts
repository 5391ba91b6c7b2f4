import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { ExecLimits, ExecResult, Processes } from "../../../core/processes.ts";

/** One thing that a program in the sandbox tries, and what must come of it. */
export interface EscapeAttempt {
  readonly name: string;
  readonly script: string;
  readonly limits?: Partial<ExecLimits>;
  /** @returns what went wrong */
  fault(result: ExecResult): string | undefined;
}

export interface EscapeOutcome {
  readonly name: string;
  /** Undefined: the sandbox held. */
  readonly fault?: string;
}

export interface EscapeSuiteOptions {
  readonly processes: Processes;
  /** Where the suite may make a workspace and a file that must stay secret: the data folder. */
  readonly folder: string;
  /** A port of the loopback that somebody listens on, to be tried. */
  readonly port?: number;
  /** The sandbox's user, when the gateway is root. */
  readonly own?: (folder: string) => Promise<void>;
}

const LIMITS: ExecLimits = { timeMs: 10_000, memoryMb: 256, processes: 32, fileMb: 2, outputBytes: 2_000_000 };
const GONE_MS = 5_000;

/**
 * Lets programs try to get out of the sandbox and over its limits, one after the other; `clanker doctor` and the tests run the same list.
 * A sandbox that does not exist is not tried: ask `availability` first.
 */
export async function runEscapeSuite({ processes, folder, port, own }: EscapeSuiteOptions): Promise<EscapeOutcome[]> {
  const id = randomBytes(6).toString("hex");
  const base = join(folder, `sandbox-trial-${id}`);
  const workspace = join(base, "workspace");
  const secret = join(base, "secret");
  await mkdir(workspace, { recursive: true, mode: 0o700 });
  await own?.(workspace);
  await writeFile(secret, `canary-${id}\n`, { mode: 0o644 });
  try {
    const outcomes: EscapeOutcome[] = [];
    for (const { name, script, limits, fault } of attempts({ id, secret, port })) {
      const result = await processes.run({ program: { kind: "script", script }, profile: "sandbox", workspace, limits: { ...LIMITS, ...limits } });
      const wrong = fault(result) ?? ((await isGone(`31${id}`)) ? undefined : "a process was left behind");
      outcomes.push({ name, ...(wrong !== undefined && { fault: wrong }) });
    }
    return outcomes;
  } finally {
    await rm(base, { recursive: true, force: true });
  }
}

function attempts({ id, secret, port }: { readonly id: string; readonly secret: string; readonly port: number | undefined }): EscapeAttempt[] {
  // Its own name is the mark by which a process is found that outlives its sandbox.
  const sleeper = `/workspace/31${id}`;
  const makeSleeper = `cp /usr/bin/sleep ${sleeper} && `;
  const shows = (text: string) => (result: ExecResult) => (result.output.includes(text) ? `it printed ${JSON.stringify(text)}` : undefined);
  const must = (text: string) => (result: ExecResult) => (result.output.includes(text) ? undefined : `it printed ${JSON.stringify(result.output.slice(-300))}`);
  const stopped =
    (limit: string) =>
    ({ end }: ExecResult) =>
      end.kind === "limit" && end.limit === limit ? undefined : `it ended with ${JSON.stringify(end)}`;
  const noNetwork = [
    `[ "$(tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' \\n')" = lo ] && [ "$(wc -l < /proc/net/route)" -le 1 ] && echo alone`,
    ...(port === undefined ? [] : [`(exec 3<>/dev/tcp/127.0.0.1/${port}) 2>/dev/null && echo reached`]),
    "(exec 3<>/dev/tcp/1.1.1.1/53) 2>/dev/null && echo reached",
    "(exec 3<>/dev/udp/1.1.1.1/53 && echo x >&3) 2>/dev/null && echo reached",
  ].join("; ");
  return [
    {
      name: "reads no file outside",
      script: `cat ${secret} ${join(secret, "../../config.toml")} /etc/shadow /root/.ssh/* /home/*/.ssh/*`,
      fault: shows(`canary-${id}`),
    },
    { name: "sees no home, no config", script: `ls -d /root /home ${join(secret, "..")} 2>/dev/null | wc -l`, fault: must("0\n") },
    {
      name: "gets an environment from nothing",
      script: `cat /proc/self/environ /proc/1/environ 2>/dev/null | tr '\\0' '\\n' | cut -d= -f1 | grep -vE '^(HOME|LANG|PATH|PWD|TERM|TMPDIR|SHLVL|_|OLDPWD|HOSTNAME|container)$' | wc -l`,
      fault: must("0\n"),
    },
    {
      name: "has no network",
      script: noNetwork,
      fault: (result) => shows("reached")(result) ?? must("alone")(result),
    },
    {
      name: "writes nowhere but its workspace",
      script: "touch /usr/x /etc/x /x /dev/x /proc/sys/x 2>/dev/null; ls /usr/x /etc/x /x /dev/x 2>/dev/null | wc -l",
      fault: must("0\n"),
    },
    { name: "has no privileges", script: "grep -cE '^(NoNewPrivs:\\s1|CapEff:\\s0+)$' /proc/self/status", fault: must("2\n") },
    { name: "sees its own processes alone", script: `[ "$(ls -d /proc/[0-9]* | wc -l)" -lt 12 ] && echo few`, fault: must("few") },
    {
      name: "is stopped when it writes 10 GB",
      script: "head -c 10G /dev/zero > big 2>/dev/null; wc -c < big; rm big",
      fault: ({ output }) => (Number(output.match(/^\d+/mu)?.[0] ?? Infinity) <= 2_000_000 ? undefined : output),
    },
    { name: "is stopped when it prints for ever", script: "yes", fault: stopped("output") },
    {
      name: "is stopped when it takes memory",
      script: "head -c 2G /dev/zero | tail -c 2G | wc -c",
      fault: (result) => (result.end.kind === "limit" ? stopped("memory")(result) : must("0\n")(result)),
    },
    { name: "survives a fork bomb", script: `${makeSleeper}b() { b | b & ${sleeper} 60; }; b`, limits: { timeMs: 1_500 }, fault: () => undefined },
    { name: "is stopped when it ignores SIGTERM", script: `${makeSleeper}trap '' TERM; ${sleeper} 600`, limits: { timeMs: 500 }, fault: stopped("time") },
    {
      name: "leaves nothing behind by a double fork",
      script: `${makeSleeper}(setsid ${sleeper} 600 > /dev/null 2>&1 < /dev/null &); echo done`,
      fault: must("done"),
    },
  ];
}

/** True when no process of that name runs on the host any more. */
async function isGone(name: string): Promise<boolean> {
  for (let waited = 0; ; waited += 50) {
    const lines = await Promise.all(
      (await readdir("/proc").catch(() => []))
        .filter((entry) => /^\d+$/u.test(entry))
        .map((entry) => readFile(`/proc/${entry}/cmdline`, "latin1").catch(() => "")),
    );
    if (!lines.some((line) => line.split("\0")[0]!.endsWith(`/${name}`))) return true;
    if (waited >= GONE_MS) return false;
    await pause(50);
  }
}
