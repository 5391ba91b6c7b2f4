import { chown, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { silentLog } from "../../src/core/log.ts";
import { createProcesses } from "../../src/security/host/processes/index.ts";
import { SANDBOX_USER } from "../../src/security/host/sandbox/index.ts";
import { NotHere, type BenchContext } from "../bench-context.ts";
import type { Measured } from "../rows.ts";
import { median } from "../statistics.ts";

/** `true` in the sandbox and, as what a process costs without one, on the host: plan, start, end, nothing left behind. */
export async function measureSandbox({ folder, by }: BenchContext): Promise<Measured[]> {
  const workspace = join(folder, "sandbox-workspace");
  await mkdir(workspace, { recursive: true });
  if (process.getuid?.() === 0) await chown(workspace, SANDBOX_USER, SANDBOX_USER);
  const processes = createProcesses({
    sandbox: { backend: "auto", image: "debian:stable-slim" },
    limits: { timeMs: 10_000, memoryMb: 256, processes: 32, fileMb: 10, outputBytes: 1_000_000 },
    dataFolder: join(folder, "sandbox-data"),
    configFolder: folder,
    containerEnv: {},
    log: silentLog,
  });
  try {
    const found = await processes.availability("sandbox");
    if (found.kind === "unavailable") throw new NotHere(`no sandbox: ${found.reason}`);
    const timeOf = async (profile: "sandbox" | "host") => (await processes.run({ program: { kind: "argv", argv: ["true"] }, profile, workspace })).tookMs;
    const [taken, bare]: [number[], number[]] = [[], []];
    await timeOf("sandbox");
    for (let round = 0; round < by(15, 60); round++) {
      taken.push(await timeOf("sandbox"));
      bare.push(await timeOf("host"));
    }
    return [{ row: "sandbox", value: median(taken), note: `on the host ${median(bare).toFixed(1)} ms` }];
  } finally {
    await processes.close();
  }
}
