import { join } from "node:path";
import { pause, type BenchContext } from "../bench-context.ts";
import { startGateway } from "../gateway-process.ts";
import { memoryOf, startTelegram } from "../processes.ts";
import type { Measured } from "../rows.ts";
import { median } from "../statistics.ts";
import { startPlainServer } from "./plain-server.ts";

/** Memory of gateways that have been left alone for 10 s. */
export async function measureIdle({ dist, folder, by }: BenchContext): Promise<Measured[]> {
  const [telegram, plain] = [await startTelegram(), await startPlainServer()];
  try {
    const read = async () => {
      const gateway = await startGateway({ dist, home: join(folder, "start"), telegram });
      await pause(10_000);
      const memory = memoryOf(gateway.pid);
      await gateway.stop();
      return memory;
    };
    const first = await read();
    const readings: { rss: number; pss: number }[] = [];
    for (let round = 0; round < by(1, 5); round++) readings.push(await read());
    const bare = memoryOf(plain.pid);
    return [
      { row: "rss-first", value: first.rss / 1024, beside: { value: bare.rss / 1024 } },
      { row: "rss", value: median(readings.map((one) => one.rss)) / 1024, beside: { value: bare.rss / 1024 } },
      { row: "pss", value: median(readings.map((one) => one.pss)) / 1024, beside: { value: bare.pss / 1024 } },
    ];
  } finally {
    await plain.stop();
    await telegram.stop();
  }
}
