import { access, chmod, constants, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { bindAddress, localHost } from "../../config/bind-address.ts";
import { ConfigInvalid, formatConfigProblems } from "../../config/config-problem.ts";
import type { LoadedConfig } from "../../config/load-config.ts";
import type { Client } from "../../client/index.ts";
import { HttpFailure } from "../../core/http.ts";
import { escapeControls } from "../../lib/plain-text/index.ts";
import type { CliContext } from "../context.ts";
import { placesOf, readRunning, withGatewayIfUp } from "../gateway-link.ts";
import { loadForCli } from "../load-for-cli.ts";
import { describeError } from "../output.ts";
import { troubleOf } from "../trouble-of.ts";
import { completeRestore, openHttp, openProviders, openSecrets, proveSandbox } from "../workbench.ts";

interface Check {
  readonly name: string;
  readonly state: "ok" | "warn" | "fail";
  readonly detail: string;
  /** What to do next. */
  readonly hint?: string;
  /** What `--fix` does about it: only what is surely ours, and nothing that cannot be done again by hand. */
  readonly fix?: () => Promise<string>;
}

const ok = (name: string, detail: string): Check => ({ name, state: "ok", detail });
const warn = (name: string, detail: string, hint: string, fix?: Check["fix"]): Check => ({ name, state: "warn", detail, hint, ...(fix && { fix }) });
const fail = (name: string, detail: string, hint: string, fix?: Check["fix"]): Check => ({ name, state: "fail", detail, hint, ...(fix && { fix }) });

const PROVIDER_MS = 10_000;
const PORT_MS = 2_000;

/** `clanker doctor [--fix]`: looks, and changes nothing unless it is told to; exit 1 when something has to be done before the gateway can work. */
export async function doctor(context: CliContext, { options }: { options: { fix?: boolean } }): Promise<void> {
  const found: Check[] = [checkNode(), checkSqlite(), checkClock(Date.now())];
  found.push(...(await checkFolders(context)), ...(await checkLeftovers(context)));
  // What is broken here would hide what the rest says.
  const checks = options.fix === true ? await Promise.all(found.map(repair)) : found;
  const loaded = await tryConfig(context);
  checks.push(loaded.check, ...(loaded.config?.warnings ?? []).map((detail) => warn("secret file", detail, "a secret is for its owner alone")));
  checks.push(await checkSecrets(context));
  if (loaded.config !== undefined) checks.push(...(await checkProviders(loaded.config)));
  if (loaded.config !== undefined) checks.push(await checkSandbox(context, loaded.config));
  checks.push(...(await checkGateway(context, loaded.config)));

  const fixable = checks.filter(({ fix }) => fix !== undefined).length;
  const failed = checks.some(({ state }) => state === "fail");
  const lines = checks.map((check) => describe(context, check));
  if (fixable > 0) lines.push(`${fixable} of this is mended by: clanker doctor --fix`);
  const shown = checks.map(({ fix, ...check }) => ({ ...check, ...(fix && { fixable: true }) }));
  context.output.result({ json: { ok: !failed, checks: shown }, text: lines.join("\n"), exitCode: failed ? 1 : 0 });
}

function describe({ output }: CliContext, { name, state, detail, hint }: Check): string {
  const color = { ok: "green", warn: "yellow", fail: "red" } as const;
  const line = `${output.paint(color[state], state.padEnd(4))} ${name}: ${escapeControls(detail)}`;
  return hint === undefined ? line : `${line}\n     ${output.paint("dim", hint)}`;
}

async function repair(check: Check): Promise<Check> {
  if (check.fix === undefined) return check;
  try {
    return ok(check.name, `${check.detail}: ${await check.fix()}`);
  } catch (error) {
    return fail(check.name, `${check.detail}; it could not be mended: ${describeError(error).message}`, check.hint ?? "mend it by hand");
  }
}

/** What a process that died may have left. */
async function checkLeftovers(context: CliContext): Promise<Check[]> {
  const places = placesOf(context);
  const checks: Check[] = [];
  const written = join(places.dataFolder, "gateway.json");
  if ((await stat(written).catch(() => undefined)) !== undefined && (await readRunning(places)) === undefined) {
    const remove = async () => {
      await rm(written, { force: true });
      return "removed";
    };
    checks.push(warn("gateway.json", "names a gateway that does not run any more", "the next start replaces it", remove));
  }
  if ((await stat(join(places.dataFolder, "restore.json")).catch(() => undefined)) !== undefined) {
    const complete = async () => {
      await completeRestore(places);
      return "completed";
    };
    checks.push(fail("restore", "a restore was cut short", "the next start of the gateway completes it", complete));
  }
  return checks;
}

/** As in package.json, `engines`. */
const NODE = [24, 15] as const;

function checkNode(): Check {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const enough = major > NODE[0] || (major === NODE[0] && minor >= NODE[1]);
  return enough ? ok("node", process.versions.node) : fail("node", process.versions.node, `install Node ${NODE.join(".")} or newer`);
}

/** Older versions can corrupt a write-ahead log when it is reset; the fix was brought to two older lines (https://sqlite.org/wal.html). */
const SQLITE_FIXED: readonly (readonly [number, number, number])[] = [
  [3, 51, 3],
  [3, 50, 7],
  [3, 44, 6],
];

function checkSqlite(): Check {
  const version = process.versions["sqlite"] ?? "";
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
  const [newest] = SQLITE_FIXED;
  const isNewer = newest !== undefined && (major > newest[0] || (major === newest[0] && minor > newest[1]));
  const isFixed = SQLITE_FIXED.some((fixed) => fixed[0] === major && fixed[1] === minor && patch >= fixed[2]);
  return isNewer || isFixed ? ok("sqlite", version) : fail("sqlite", version || "none", "install a Node whose SQLite is 3.51.3 or newer");
}

/** A clock that stands before the program was written makes every certificate invalid. */
const WRITTEN = Date.UTC(2026, 10, 1);

function checkClock(now: number): Check {
  const text = new Date(now).toISOString();
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return now > WRITTEN ? ok("time", `${text} (${zone})`) : warn("time", text, "this clock is wrong: set it, or switch on time synchronisation");
}

async function checkFolders(context: CliContext): Promise<Check[]> {
  const { configFolder, dataFolder, configFile } = placesOf(context);
  const folders = await Promise.all(
    [...new Set([configFolder, dataFolder])].map(async (folder) => {
      const found = await stat(folder).catch(() => undefined);
      if (found === undefined) return ok("folder", `${folder} is made at the first start`);
      const writable = await access(folder, constants.W_OK).then(
        () => true,
        () => false,
      ); // oxfmt
      if (!writable) return fail("folder", `${folder} cannot be written`, `make it yours: chown -R "$USER" ${folder}`);
      if (folder === dataFolder && isOpen(found.mode))
        return warn("folder", `${folder} can be read by others (mode ${mode(found.mode)})`, `chmod 700 ${folder}`, () => close(folder, 0o700));
      return ok("folder", `${folder} (mode ${mode(found.mode)})`);
    }),
  );
  const file = await stat(configFile).catch(() => undefined);
  if (file !== undefined && isOpen(file.mode))
    folders.push(
      warn("config file", `${configFile} can be read by others (mode ${mode(file.mode)})`, `chmod 600 ${configFile}`, () => close(configFile, 0o600)),
    );
  return folders;
}

async function close(path: string, bits: number): Promise<string> {
  await chmod(path, bits);
  return `it is yours alone now (mode ${mode(bits)})`;
}

const isOpen = (bits: number) => process.platform !== "win32" && (bits & 0o077) !== 0;
const mode = (bits: number) => (bits & 0o777).toString(8).padStart(4, "0");

async function tryConfig(context: CliContext): Promise<{ check: Check; config?: LoadedConfig }> {
  try {
    const config = await loadForCli(context);
    const { configFile } = config.places;
    if (config.written.main === undefined) return { config, check: warn("config", `no ${configFile}: the built-in defaults hold`, "run: clanker setup") };
    return { config, check: ok("config", configFile) };
  } catch (error) {
    const { message, hint = "see clanker config validate" } = describeError(error);
    return { check: fail("config", error instanceof ConfigInvalid ? formatConfigProblems(error.problems) : message, hint) };
  }
}

async function checkSecrets(context: CliContext): Promise<Check> {
  try {
    const names = await (await openSecrets(placesOf(context), context.env)).list();
    return ok("secrets", names.length === 0 ? "none are stored" : `${names.length} stored`);
  } catch (error) {
    const { message, hint = "set CLANKER_SECRET_KEY to the key that the secrets were stored with" } = describeError(error);
    return fail("secrets", message, hint);
  }
}

async function checkProviders({ config }: LoadedConfig): Promise<Check[]> {
  const inUse = config.agents.model.split(":")[0] ?? "";
  let providers: Awaited<ReturnType<typeof openProviders>>;
  try {
    providers = await openProviders(config);
  } catch (error) {
    const { message, hint = "see [providers] in the config" } = describeError(error);
    return [fail("providers", message, hint)];
  }
  const checks = await Promise.all(
    [...providers].map(async ([name, provider]) => {
      try {
        const models = await provider.models(AbortSignal.timeout(PROVIDER_MS));
        return ok(`provider ${name}`, `${models.length} ${models.length === 1 ? "model" : "models"}`);
      } catch (error) {
        const { message, hint = `try: clanker models test ${name}:MODEL` } = describeError(error);
        return name === inUse ? fail(`provider ${name}`, message, hint) : warn(`provider ${name}`, message, hint);
      }
    }),
  );
  if (!providers.has(inUse))
    checks.push(fail("model", `${config.agents.model}: there is no provider ${inUse}`, `add [providers.${inUse}] or change agents.model`));
  else if (inUse === "offline") checks.push(warn("model", `${config.agents.model} is the built-in model for trying things out`, "run: clanker setup"));
  return checks;
}

/** Programs that a model asks for must not get out. Without a sandbox the gateway works, only without programs and files for whoever has to be sandboxed. */
async function checkSandbox(context: CliContext, { config, places }: LoadedConfig): Promise<Check> {
  const { mode } = config.agents.sandbox;
  try {
    const proof = await proveSandbox(config, places, context.env);
    if (proof.kind === "unavailable") {
      const missing = mode === "never" ? "agents.sandbox.mode is never" : "shell and files are unavailable where a sandbox is required";
      return warn("sandbox", `${proof.reason}; ${missing}`, proof.hint);
    }
    if (proof.faults.length > 0)
      return fail("sandbox", `${proof.backend} does not hold: ${proof.faults.join("; ")}`, "use another back end: agents.sandbox.backend");
    return ok("sandbox", `${proof.backend}, mode ${mode}; ${proof.attempts} attempts to get out failed`);
  } catch (error) {
    const { message, hint = "see agents.sandbox in the config" } = describeError(error);
    return fail("sandbox", message, hint);
  }
}

async function checkGateway(context: CliContext, loaded: LoadedConfig | undefined): Promise<Check[]> {
  try {
    const up = await withGatewayIfUp(context, (client) => askGateway(client));
    if (up !== undefined) return up.value;
  } catch (error) {
    const { message, hint = "see clanker logs" } = describeError(error);
    return [fail("gateway", message, hint)];
  }
  const running = await readRunning(placesOf(context));
  if (running !== undefined)
    return [fail("gateway", `process ${running.pid} does not answer at ${running.url}`, "look at its output, or stop it and run: clanker start")];
  const { port = 18_789, bind_address: bind = "127.0.0.1" } = loaded?.config.gateway ?? {};
  if (port === 0 || !(await somebodyListens(port, bind))) return [ok("gateway", `not running; port ${port} is free (start it with: clanker start)`)];
  return [
    fail(
      "gateway",
      `not running, and port ${port} is taken by another program`,
      "end that program, or set another port: clanker config set gateway.port 18790",
    ),
  ];
}

async function somebodyListens(port: number, bind: string): Promise<boolean> {
  const host = localHost(bindAddress(bind));
  const http = await openHttp();
  try {
    await http.request({ baseUrl: `http://${host}:${port}` }, { path: "/", timeoutMs: PORT_MS });
    return true;
  } catch (error) {
    // Whoever does not speak HTTP has the port all the same.
    return !(error instanceof HttpFailure) || error.kind !== "connect";
  }
}

async function askGateway(client: Client): Promise<Check[]> {
  const status = await client.call("status", {});
  const { channels } = await client.call("channels.status", {});
  const gateway = status.ready
    ? ok("gateway", `ready, version ${status.version}`)
    : warn("gateway", `not ready: ${status.reasons.join("; ")}`, "see clanker logs");
  const { unknown, failed } = status.deliveries;
  const lost = unknown + failed === 0 ? [] : [warn("deliveries", `${failed} failed, ${unknown} of unknown fate`, "see clanker logs --level warn")];
  return [gateway, ...lost, ...channels.map(checkChannel)];
}

function checkChannel({ channel, account, state, ...more }: { channel: string; account: string; state: string; detail?: string; code?: string }): Check {
  const name = `channel ${channel}:${account}`;
  const trouble = troubleOf(more);
  const text = trouble === "" ? state : `${state}: ${trouble}`;
  if (state === "ready") return ok(name, text);
  return state === "failed" ? fail(name, text, "see clanker channels status") : warn(name, text, "see clanker channels status");
}
