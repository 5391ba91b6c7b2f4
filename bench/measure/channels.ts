import { join } from "node:path";
import { pause, type BenchContext } from "../bench-context.ts";
import { startGateway, TOKEN } from "../gateway-process.ts";
import { memoryOf, startHelper } from "../processes.ts";
import type { Measured } from "../rows.ts";

/** Memory of a gateway with nothing but the page, with each channel alone, and with all of them, ready and left alone for 10 s. */
export async function measureChannels({ dist, folder }: BenchContext): Promise<Measured[]> {
  const platforms = startHelper("platforms.ts");
  try {
    const lines = await platforms.ask<Record<string, string>>("listen");
    const idle = async (name: string, channels: string) => {
      const gateway = await startGateway({ dist, home: join(folder, `channels-${name}`), channels });
      try {
        await allReady(gateway.url);
        await pause(10_000);
        return memoryOf(gateway.pid).rss / 1024;
      } finally {
        await gateway.stop();
      }
    };
    // Twice, because the first start compiles everything.
    await idle("all", Object.values(lines).join("\n"));
    const all = await idle("all", Object.values(lines).join("\n"));
    const none = await idle("none", "");
    const measured: Measured[] = [{ row: "channels-all", value: all }];
    for (const [name, channel] of Object.entries(lines)) measured.push({ row: `channel-${name.toLowerCase()}`, value: (await idle(name, channel)) - none });
    return measured;
  } finally {
    await platforms.stop();
  }
}

/** @throws Error that says which account is not ready after half a minute */
async function allReady(url: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    const response = await fetch(`${url}/api/channels/status`, { headers: { authorization: `Bearer ${TOKEN}` } });
    const { channels } = (await response.json()) as { channels: readonly { channel: string; state: string; detail?: string }[] };
    const waiting = channels.filter(({ state }) => state !== "ready");
    if (waiting.length === 0) return;
    if (tries === 300) throw new Error(waiting.map(({ channel, state, detail }) => `${channel} is ${state}: ${detail}`).join("; "));
    await pause(100);
  }
}
