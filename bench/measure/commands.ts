import { join } from "node:path";
import { withScene, type BenchContext } from "../bench-context.ts";
import type { Measured } from "../rows.ts";
import { median } from "../statistics.ts";
import { timedCommand } from "./timed-command.ts";

interface Timed {
  readonly row: string;
  readonly args: readonly string[];
  readonly code?: number;
}

const ALONE: readonly Timed[] = [
  { row: "help", args: ["--help"] },
  { row: "version", args: ["version"] },
  { row: "validate", args: ["config", "validate"] },
  { row: "status-down", args: ["status"], code: 69 },
];
const WITH_GATEWAY: readonly Timed[] = [
  { row: "status-up", args: ["status"] },
  { row: "sessions-up", args: ["sessions", "list"] },
  { row: "agent-run-up", args: ["agent", "run", "--message", "hi"] },
];

/** Commands in fresh processes, each beside a Node that does nothing. */
export async function measureCommands({ dist, folder, by }: BenchContext): Promise<Measured[]> {
  const home = join(folder, "commands");
  const time = async ({ row, args, code }: Timed): Promise<Measured> => {
    const command = ["--max-semi-space-size=2", join(dist, "clanker.js"), ...args];
    const options = { home, ...(code !== undefined && { code }) };
    const [taken, bare]: [number[], number[]] = [[], []];
    // Fills the compile cache.
    await timedCommand(command, options);
    for (let round = 0; round < by(7, 21); round++) {
      taken.push(await timedCommand(command, options));
      bare.push(await timedCommand(["-e", "0"]));
    }
    return { row, value: median(taken), beside: { value: median(bare), name: "`node -e 0`" } };
  };
  const measured = await withScene({ dist, home }, () => inOrder(WITH_GATEWAY, time));
  return [...measured, ...(await inOrder(ALONE, time))];
}

async function inOrder<T, R>(items: readonly T[], act: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await act(item));
  return results;
}
