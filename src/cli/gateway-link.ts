/** Finds the gateway of this home and talks to it: address from `gateway.json` (written while it runs) or the config, credential from the config or `gateway-token`. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createClient, type Client } from "../client/index.ts";
import { bindAddress, localHost } from "../config/bind-address.ts";
import type { Config } from "../config/schema.ts";
import { findPlaces, type Places } from "../config/places.ts";
import { AuthError, ConfigError } from "../core/errors.ts";
import type { CliContext } from "./context.ts";
import type { Pin } from "./pinned-socket.ts";
import { UnreachableError } from "./exit-code.ts";

/** What a running gateway writes about itself into its data folder. */
export interface RunningGateway {
  readonly pid: number;
  readonly url: string;
  readonly startedAt: number;
  /** With TLS: the gateway's own certificate. */
  readonly tls?: Pin;
}

export interface GatewayTarget {
  /** `http://host:port` */
  readonly url: string;
  readonly credential: { readonly token?: string; readonly password?: string };
  /** From gateway.json; undefined when there is none or its process is gone. */
  readonly running?: RunningGateway;
}

/** Until an answer to the first request; a gateway that is down is known at once. */
const CONNECT_MS = 5_000;

export function placesOf({ options, env }: CliContext): Places {
  const { config, home } = options;
  return findPlaces({ env, platform: process.platform, ...(config === undefined ? {} : { path: config }), ...(home === undefined ? {} : { home }) });
}

/** @throws ConfigError when nothing runs and the config, which would say where to look, is wrong. */
export async function findGateway(context: CliContext): Promise<GatewayTarget> {
  const places = placesOf(context);
  const running = await readRunning(places);
  const loaded = await tryLoad(context);
  // A running gateway is found even when its config file has been spoilt meanwhile.
  if (loaded instanceof ConfigError && running === undefined) throw loaded;
  const config = loaded instanceof ConfigError ? undefined : loaded;
  const url = running?.url ?? urlOf(config);
  return { url: url.replace(/\/$/, ""), credential: await credentialOf(config, places), ...(running === undefined ? {} : { running }) };
}

/** @returns undefined when no process of that id lives any more. */
export async function readRunning(places: Places): Promise<RunningGateway | undefined> {
  const text = await readFile(join(places.dataFolder, "gateway.json"), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const { pid, url, startedAt, tls } = JSON.parse(text) as Partial<RunningGateway>;
    if (typeof pid !== "number" || typeof url !== "string" || !isAlive(pid)) return undefined;
    return { pid, url, startedAt: startedAt ?? 0, ...(tls === undefined ? {} : { tls }) };
  } catch {
    return undefined;
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function tryLoad(context: CliContext): Promise<Config | ConfigError> {
  try {
    const { loadForCli } = await import("./load-for-cli.ts");
    return (await loadForCli(context)).config;
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}

function urlOf(config: Config | undefined): string {
  const { bind_address: bind = "127.0.0.1", port = 18_789 } = config?.gateway ?? {};
  const host = localHost(bindAddress(bind));
  return `${config?.gateway.tls.enabled === true ? "https" : "http"}://${host}:${port}`;
}

async function credentialOf(config: Config | undefined, places: Places): Promise<GatewayTarget["credential"]> {
  const { mode, token, password } = config?.gateway.auth ?? {};
  if (mode === "none") return {};
  if (mode === "password" && password !== undefined) return { password: password.reveal() };
  if (token !== undefined) return { token: token.reveal() };
  const kept = await readFile(join(places.dataFolder, "gateway-token"), "utf8").catch(() => "");
  return kept.trim() === "" ? {} : { token: kept.trim() };
}

/** A connected client; the caller closes it. @throws UnreachableError, AuthError and what findGateway throws. */
export async function openGateway(context: CliContext): Promise<{ client: Client; target: GatewayTarget }> {
  const target = await findGateway(context);
  const client = createClient({ url: `${target.url.replace(/^http/, "ws")}/ws`, ...target.credential, ...(await socketOf(target, context)) });
  try {
    await connectOnce(client);
    return { client, target };
  } catch (error) {
    client.close();
    throw asUnreachable(error, target);
  }
}

async function socketOf({ running }: GatewayTarget, { env }: CliContext): Promise<{ WebSocket?: typeof WebSocket }> {
  if (running?.tls === undefined) return {};
  const { CLANKER_CLIENT_CERT: cert, CLANKER_CLIENT_KEY: key } = env;
  const { pinnedSocket } = await import("./pinned-socket.ts");
  return { WebSocket: pinnedSocket(running.tls, cert === undefined || key === undefined ? undefined : { cert, key }) };
}

/** Runs `use` with a connected client and closes it. */
export async function withGateway<T>(context: CliContext, use: (client: Client, target: GatewayTarget) => Promise<T>): Promise<T> {
  const { client, target } = await openGateway(context);
  try {
    return await use(client, target);
  } finally {
    client.close();
  }
}

/** As withGateway, but undefined when no gateway runs: for commands that can do without. */
export async function withGatewayIfUp<T>(context: CliContext, use: (client: Client) => Promise<T>): Promise<{ value: T } | undefined> {
  const opened = await openGateway(context).catch((error: unknown) => {
    if (error instanceof UnreachableError || error instanceof ConfigError) return undefined;
    throw error;
  });
  if (opened === undefined) return undefined;
  try {
    return { value: await use(opened.client) };
  } finally {
    opened.client.close();
  }
}

const REFUSED = new Set(["unauthenticated", "forbidden", "unauthorized", "host_refused", "origin_refused"]);

function asUnreachable(error: unknown, { url, running }: GatewayTarget): unknown {
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
  // Before any call was made, only authenticating can have been too much.
  if (code === "rate_limited") return new AuthError(code, (error as Error).message, { hint: "wait a minute, then use the right token", cause: error });
  if (REFUSED.has(code)) return error;
  const hint =
    running === undefined
      ? "start it with: clanker start"
      : `process ${running.pid} is there but does not answer: see clanker logs, or stop it with: clanker gateway stop`;
  return new UnreachableError("gateway_unreachable", `no gateway answers at ${url}`, { hint, cause: error });
}

/** The client tries for ever; a command wants to know at once. */
async function connectOnce(client: Client): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let stop = () => {};
  const failed = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${CONNECT_MS} ms`)), CONNECT_MS);
    stop = client.on("state", (state) => {
      if (state === "waiting") reject(client.trouble ?? new Error("the connection was refused or closed"));
    });
  });
  try {
    await Promise.race([client.connect(), failed]);
  } finally {
    clearTimeout(timer);
    stop();
  }
}
