import { join } from "node:path";
import type { BenchContext } from "../bench-context.ts";
import { startGateway } from "../gateway-process.ts";
import { startTelegram } from "../processes.ts";
import type { Measured } from "../rows.ts";
import { median } from "../statistics.ts";
import { startPlainServer } from "./plain-server.ts";

/** From nothing to the first 200 of /health/ready: an existing home, a warm compile cache, Telegram on loopback. */
export async function measureStart({ dist, folder, by }: BenchContext): Promise<Measured[]> {
  const telegram = await startTelegram();
  const [taken, bare]: [number[], number[]] = [[], []];
  try {
    for (let round = 0; round <= by(5, 15); round++) {
      const gateway = await startGateway({ dist, home: join(folder, "start"), telegram });
      await gateway.stop();
      const plain = await startPlainServer();
      await plain.stop();
      bare.push(plain.readyMs);
      // The first one makes the database and fills the compile cache.
      if (round > 0) taken.push(gateway.readyMs);
    }
  } finally {
    await telegram.stop();
  }
  return [{ row: "start", value: median(taken), beside: { value: median(bare) } }];
}
