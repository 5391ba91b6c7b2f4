import { spawn } from "node:child_process";
import { mkdirSync, openSync, closeSync, readFileSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { ended, freePort, track } from "./processes.ts";

export const TOKEN = "bench-token-0123456789abcdef";

export interface GatewayProcess {
  readonly pid: number;
  readonly url: string;
  readonly wsUrl: string;
  /** Milliseconds from the start of the process to the first good answer of /health/ready. */
  readonly readyMs: number;
  /** Collects garbage; only with `inspect`. */
  collect(): Promise<void>;
  stop(): Promise<void>;
}

export interface GatewayProcessOptions {
  /** Folder with clanker.js. */
  readonly dist: string;
  readonly home: string;
  /** base_url of the model server. */
  readonly modelUrl?: string;
  readonly telegram?: { readonly url: string; readonly token: string };
  /** Sections of channels. */
  readonly channels?: string;
  /** Lines of `[storage]`, default SQLite. */
  readonly storage?: string;
  /** Opens the inspector, for `collect`. */
  readonly inspect?: boolean;
  /** Folder for CPU profiles, written at the end. */
  readonly cpuProfile?: string | undefined;
}

/** Starts the built gateway as `npm start` does and waits until it is ready. @throws Error with its output when it ends instead. */
export async function startGateway(options: GatewayProcessOptions): Promise<GatewayProcess> {
  const { dist, home, inspect, cpuProfile } = options;
  const port = await freePort();
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, "config.toml"), configOf(options, port), { mode: 0o600 });
  const outputFile = join(home, "output.log");
  const output = openSync(outputFile, "w");
  const flags = [
    "--max-semi-space-size=2",
    ...(inspect === true ? ["--inspect=127.0.0.1:0"] : []),
    ...(cpuProfile === undefined ? [] : ["--cpu-prof", "--cpu-prof-interval=200", `--cpu-prof-dir=${cpuProfile}`]),
  ];
  const started = performance.now();
  const child = track(
    spawn(process.execPath, [...flags, join(dist, "clanker.js"), "start"], { stdio: ["ignore", output, output], env: { ...process.env, CLANKER_HOME: home } }),
  );
  closeSync(output);
  const url = `http://127.0.0.1:${port}`;
  await untilOk(`${url}/health/ready`, () => {
    if (child.exitCode !== null || performance.now() - started > 20_000)
      throw new Error(`the gateway did not become ready:\n${readFileSync(outputFile, "utf8")}`);
  });
  const readyMs = performance.now() - started;
  return {
    pid: child.pid!,
    url,
    wsUrl: `ws://127.0.0.1:${port}/ws`,
    readyMs,
    collect: () => collectGarbage(/ws:\/\/\S+/.exec(readFileSync(outputFile, "utf8"))![0]),
    async stop() {
      child.kill("SIGTERM");
      await ended(child);
    },
  };
}

function configOf({ modelUrl, telegram, storage, channels }: GatewayProcessOptions, port: number): string {
  const lines = [
    `[gateway]\nport = ${port}\n[gateway.auth]\ntoken = "${TOKEN}"\n[gateway.rate_limit]\nrequests_per_minute = 1000000\nburst = 1000000`,
    modelUrl &&
      `[agents]\nmodel = "mock:instant"\n[providers.mock]\nkind = "openai-compatible"\nbase_url = "${modelUrl}"\napi_key = "bench"\n[sessions]\nmax_context_tokens = 16000`,
    storage && `[storage]\n${storage}`,
    channels,
    telegram && `[channels.telegram]\ntoken = "${telegram.token}"\napi_root = "${telegram.url}"\nowner_ids = ["42"]`,
  ];
  return `${lines.filter(Boolean).join("\n")}\n`;
}

/** Asks every millisecond or two; a refused connection costs next to nothing. @param check throws to give up. */
export async function untilOk(url: string, check: () => void): Promise<void> {
  for (;;) {
    const status = await new Promise<number>((resolve) => {
      get(url, { agent: false }, (response) => {
        response.resume().on("end", () => resolve(response.statusCode ?? 0));
      }).on("error", () => resolve(0));
    });
    if (status === 200) return;
    check();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Through the inspector: memory that is garbage does not count. */
async function collectGarbage(url: string): Promise<void> {
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", () => reject(new Error("the inspector did not answer")));
  });
  const answered = new Promise((resolve) => socket.addEventListener("message", resolve));
  socket.send(JSON.stringify({ id: 1, method: "HeapProfiler.collectGarbage" }));
  await answered;
  socket.close();
}
