import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { NotHere } from "./bench-context.ts";
import { TOKEN, untilOk } from "./gateway-process.ts";
import { ended, freePort, memoryOf, track } from "./processes.ts";

/** The gateway of the npm package `openclaw`, as a person starts it. */
export interface PeerProcess {
  readonly version: string;
  /** Of its OpenAI-compatible door, ends in /v1. */
  readonly url: string;
  readonly readyMs: number;
  /** Resident memory of it and its child processes, kB. */
  rss(): number;
  stop(): Promise<void>;
}

const START_MS = 120_000;

/** @throws NotHere when bench/peers.sh has not installed it. */
export async function startPeer({ home, modelUrl }: { readonly home: string; readonly modelUrl: string }): Promise<PeerProcess> {
  const root = join(process.env["CLANKER_BENCH_PEERS"] ?? join(homedir(), ".cache/open-clanker-peers"), "node_modules/openclaw");
  if (!existsSync(root)) throw new NotHere("openclaw is not installed; sh bench/peers.sh installs it");
  const port = await freePort();
  mkdirSync(home, { recursive: true });
  const config = join(home, "openclaw.json");
  writeFileSync(config, JSON.stringify(configOf(port, modelUrl, home)));
  const outputFile = join(home, "output.log");
  const output = openSync(outputFile, "w");
  const env = { ...process.env, HOME: home, OPENCLAW_STATE_DIR: join(home, "state"), OPENCLAW_CONFIG_PATH: config };
  const from = performance.now();
  const child = track(
    spawn(process.execPath, [join(root, "openclaw.mjs"), "gateway", "run"], { stdio: ["ignore", output, output], cwd: home, env, detached: true }),
  );
  closeSync(output);
  await untilOk(`http://127.0.0.1:${port}/readyz`, () => {
    if (child.exitCode !== null || performance.now() - from > START_MS)
      throw new Error(`openclaw did not become ready:\n${readFileSync(outputFile, "utf8").slice(-4000)}`);
  });
  return {
    version: (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }).version,
    url: `http://127.0.0.1:${port}/v1`,
    readyMs: performance.now() - from,
    rss: () => treeOf(child.pid!).reduce((sum, pid) => sum + memoryOf(pid).rss, 0),
    async stop() {
      // Its own process group, of which it is the leader.
      process.kill(-child.pid!, "SIGTERM");
      await ended(child);
    },
  };
}

/** A process and all that it has started. */
function treeOf(root: number): number[] {
  const parents = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        return [{ pid: Number(name), parent: Number(readFileSync(`/proc/${name}/stat`, "utf8").split(") ")[1]!.split(" ")[1]) }];
      } catch {
        // It has ended meanwhile.
        return [];
      }
    });
  const tree = [root];
  for (const pid of tree) tree.push(...parents.filter(({ parent }) => parent === pid).map((one) => one.pid));
  return tree;
}

function configOf(port: number, modelUrl: string, home: string): object {
  const model = { id: "instant", name: "instant", reasoning: false, input: ["text"], contextWindow: 128_000, maxTokens: 4096 };
  return {
    gateway: { mode: "local", port, bind: "loopback", auth: { mode: "token", token: TOKEN }, http: { endpoints: { chatCompletions: { enabled: true } } } },
    models: { providers: { mock: { baseUrl: modelUrl, apiKey: "bench", api: "openai-completions", models: [model] } } },
    agents: { defaults: { model: { primary: "mock/instant" }, workspace: join(home, "workspace") } },
  };
}
