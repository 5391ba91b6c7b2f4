/**
 * The real program as a child process with a home folder of its own. Unbuilt by default; with CLANKER_TEST_BUNDLE=1 it is the bundle that people install.
 *
 * @example
 * const home = createGatewayHome({ config: telegramAndModel({ telegram, modelUrl: model.url }) });
 * const gateway = await home.start();
 * await gateway.stop();
 * home.remove();
 */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
/** The entry file of the program. */
export const PROGRAM = process.env["CLANKER_TEST_BUNDLE"] === "1" ? join(root, "dist/clanker.js") : join(root, "src/main.ts");
const START_MS = 60_000;

/** What every gateway of these tests asks of its callers. */
export const GATEWAY_TOKEN = "token-for-tests-0123456789abcdef";

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One child, ready or not. */
export interface GatewayChild {
  readonly pid: number;
  /** Resolves with the URL when it says that it is ready. @throws Error with its last output when it ends before. */
  readonly ready: Promise<string>;
  readonly exited: Promise<Exit>;
  stdout(): string;
  stderr(): string;
  kill(signal: NodeJS.Signals): void;
}

/** A child that is ready. */
export interface RunningGateway extends GatewayChild {
  readonly url: string;
  /** A JSON call with the owner's token. */
  call(method: "GET" | "POST", path: string, body?: unknown): Promise<{ status: number; body: Record<string, unknown> }>;
  /** SIGTERM. @returns how it ended */
  stop(): Promise<Exit>;
}

export interface GatewayHome {
  readonly folder: string;
  readonly dataFolder: string;
  readonly configFile: string;
  writeConfig(text: string): void;
  /** Starts the program and waits for nothing. */
  spawn(args?: readonly string[]): GatewayChild;
  /** Starts the program and waits until it is ready. */
  start(): Promise<RunningGateway>;
  /** Ends what still runs and removes the folder. */
  remove(): Promise<void>;
}

/** @param given the text of config.toml, where its home folder is made (default: the system's temporary folder), and a command that puts the program somewhere else */
export function createGatewayHome(given: { config: string; env?: Record<string, string>; parent?: string; within?: readonly string[] }): GatewayHome {
  const folder = mkdtempSync(join(given.parent ?? tmpdir(), "clanker-home-"));
  const dataFolder = join(folder, "data");
  const configFile = join(folder, "config.toml");
  mkdirSync(dataFolder);
  writeFileSync(configFile, given.config);
  const children = new Set<GatewayChild>();
  const home: GatewayHome = {
    folder,
    dataFolder,
    configFile,
    writeConfig: (text) => writeFileSync(configFile, text),
    spawn(args = ["start"]) {
      const child = runProgram(args, { folder, dataFolder, within: given.within ?? [], ...(given.env && { env: given.env }) });
      children.add(child);
      void child.exited.then(() => children.delete(child));
      return child;
    },
    async start() {
      const child = home.spawn();
      const url = await child.ready;
      return {
        ...child,
        url,
        call: (method, path, body) => call(`${url}${path}`, method, body),
        async stop() {
          child.kill("SIGTERM");
          return await child.exited;
        },
      };
    },
    async remove() {
      for (const child of children) child.kill("SIGKILL");
      await Promise.all([...children].map((child) => child.exited));
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return home;
}

function runProgram(
  args: readonly string[],
  home: { folder: string; dataFolder: string; within: readonly string[]; env?: Record<string, string> },
): GatewayChild {
  const [command, ...rest] = [...home.within, process.execPath, "--max-semi-space-size=2", PROGRAM, ...args];
  const child = spawn(command!, rest, {
    cwd: home.folder,
    stdio: ["ignore", "pipe", "pipe"],
    // Nothing of the machine's own: a variable of the owner must not change what is tested.
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: home.folder,
      TZ: "UTC",
      NODE_COMPILE_CACHE: join(root, "node_modules/.cache/node-compile"),
      CLANKER_HOME: home.folder,
      CLANKER__GATEWAY__PORT: "0",
      ...home.env,
    },
  });
  // A test run that dies must not leave a gateway behind.
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const exited = new Promise<Exit>((resolve) => {
    child.once("error", () => resolve({ code: null, signal: null }));
    // `close`, not `exit`: then everything it wrote has been read.
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
  void exited.then(() => process.off("exit", kill));
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  const ready = waitForReady(child, exited, { dataFolder: home.dataFolder, stderr });
  // Who only wants to see it end does not wait for this.
  ready.catch(() => {});
  return { pid: child.pid ?? -1, ready, exited, stdout: () => stdout.text, stderr: () => stderr.text, kill: (signal) => void child.kill(signal) };
}

interface Collected {
  text: string;
  onText: () => void;
}

const KEPT = 200_000;

function collect(stream: NodeJS.ReadableStream): Collected {
  const collected: Collected = { text: "", onText: () => {} };
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    collected.text = (collected.text + chunk).slice(-KEPT);
    collected.onText();
  });
  return collected;
}

async function waitForReady(child: ChildProcess, exited: Promise<Exit>, from: { dataFolder: string; stderr: Collected }): Promise<string> {
  const { stderr } = from;
  let timer: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      stderr.onText = () => {
        if (stderr.text.includes('"gateway is ready"')) resolve();
      };
      timer = setTimeout(() => reject(new Error(`not ready after ${START_MS} ms:\n${stderr.text.slice(-4000)}`)), START_MS);
      void exited.then(({ code, signal }) => reject(new Error(`the gateway ended (${code ?? signal}) before it was ready:\n${stderr.text.slice(-4000)}`)));
    });
    const { pid, url } = JSON.parse(readFileSync(join(from.dataFolder, "gateway.json"), "utf8")) as { pid: number; url: string };
    if (pid !== child.pid) throw new Error(`gateway.json names process ${pid}, not ${child.pid}`);
    return url;
  } finally {
    clearTimeout(timer);
    stderr.onText = () => {};
  }
}

async function call(url: string, method: "GET" | "POST", body: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${GATEWAY_TOKEN}`, ...(body === undefined ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? {} : (JSON.parse(text) as Record<string, unknown>) };
}

export interface ConfigParts {
  /** Owner 42 and the `allowed` ones may write directly. */
  readonly telegram?: { readonly url: string; readonly token: string };
  readonly allowed?: readonly number[];
  /** Further lines of `[channels.telegram.groups]`. */
  readonly groups?: string;
  /** base_url of the provider `mock`. */
  readonly modelUrl?: string;
  readonly kind?: "openai-compatible" | "anthropic";
  /** `provider:model`, default mock:echo. */
  readonly model?: string;
  readonly apiKey?: string;
  /** `[storage]` lines. */
  readonly storage?: string;
}

/** The text of a config.toml for these tests. */
export function gatewayConfig(parts: ConfigParts): string {
  const lines = [
    "[gateway.auth]",
    `token = ${JSON.stringify(GATEWAY_TOKEN)}`,
    "[gateway.rate_limit]",
    "requests_per_minute = 100000",
    "burst = 10000",
    "[agents]",
    `model = ${JSON.stringify(parts.model ?? (parts.modelUrl === undefined ? "offline:demo" : "mock:echo"))}`,
    "[logging]",
    'level = "info"',
    'format = "json"',
  ];
  if (parts.storage !== undefined) lines.push("[storage]", parts.storage);
  if (parts.modelUrl !== undefined) {
    lines.push("[providers.mock]", `kind = ${JSON.stringify(parts.kind ?? "openai-compatible")}`, `base_url = ${JSON.stringify(parts.modelUrl)}`);
    lines.push(`api_key = ${JSON.stringify(parts.apiKey ?? "sk-mock-key-for-tests-0123456789")}`, 'models = ["echo"]');
  }
  if (parts.telegram !== undefined) {
    lines.push("[channels.telegram]", `token = ${JSON.stringify(parts.telegram.token)}`, `api_root = ${JSON.stringify(parts.telegram.url)}`);
    lines.push("owner_ids = [42]", `allowed_users = ${JSON.stringify((parts.allowed ?? []).map(String))}`);
    if (parts.groups !== undefined) lines.push("[channels.telegram.groups]", parts.groups);
  }
  return `${lines.join("\n")}\n`;
}
