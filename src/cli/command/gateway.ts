import type { Methods } from "../../client/index.ts";
import { ClankerError } from "../../core/errors.ts";
import type { CliContext } from "../context.ts";
import { endProcess } from "../end-process.ts";
import { findGateway, openGateway, placesOf, readRunning, withGateway, type RunningGateway } from "../gateway-link.ts";
import { UnreachableError } from "../exit-code.ts";
import { counted, duration, table } from "../table.ts";
import { troubleOf } from "../trouble-of.ts";

type Status = Methods["status"]["result"];

/** `clanker start`, `clanker gateway run` */
export async function runInForeground({ output, options, env }: CliContext): Promise<void> {
  const { runGateway } = await import("../../app/index.ts");
  const { config, home, verbose, debug } = options;
  output.outliveReader();
  const exitCode = await runGateway({
    env,
    color: output.color,
    print: output.say,
    ...(config === undefined ? {} : { configPath: config }),
    ...(home === undefined ? {} : { home }),
    ...(verbose === undefined ? {} : { verbose }),
    ...(debug === undefined ? {} : { debug }),
  });
  output.result({ json: { exit_code: exitCode }, text: "", exitCode });
}

/** `clanker gateway stop`: asks the gateway itself whether it is ours before its process gets a signal. */
export async function stop(context: CliContext): Promise<void> {
  const { running, url } = await findGateway(context);
  if (running === undefined) throw new UnreachableError("gateway_unreachable", `no gateway runs at ${url}`, { hint: "there is nothing to stop" });
  // Whoever took over the process id of a dead gateway must not be hit: only a gateway answers here.
  await withGateway(context, (client) => client.call("status", {}));
  await endProcess(running.pid);
  context.output.result({ json: { stopped: true, pid: running.pid }, text: `stopped (pid ${running.pid})` });
}

/** `clanker gateway token`: what clients show. Whoever may read this home's files may have it. */
export async function token(context: CliContext): Promise<void> {
  const { credential, url } = await findGateway(context);
  const shown = credential.token ?? credential.password;
  if (shown === undefined) {
    throw new ClankerError("token_not_made", "this gateway has no token", {
      hint: 'it is made by the first start: clanker start; with gateway.auth.mode = "none" clients need none',
    });
  }
  context.output.result({ json: { ...credential, url }, text: shown });
}

/** `clanker gateway status [--deep]` */
export async function status(context: CliContext, { options }: { options: { deep?: boolean } }): Promise<void> {
  await withGateway(context, async (client, { url, running }) => {
    const now = await client.call("status", {});
    const models = options.deep === true ? (await client.call("usage.status", {})).models : undefined;
    const json = { running: true, url, ...processOf(running), ...now, ...(models === undefined ? {} : { usage: models }) };
    context.output.result({ json, text: describe(context, { now, url, running, deep: options.deep === true }), exitCode: now.ready ? 0 : 1 });
  });
}

function processOf(running: RunningGateway | undefined) {
  if (running === undefined) return {};
  return { pid: running.pid, ...(running.tls === undefined ? {} : { tls_fingerprint: running.tls.fingerprint }) };
}

interface Described {
  readonly now: Status;
  readonly url: string;
  readonly running: RunningGateway | undefined;
  readonly deep: boolean;
}

function describe({ output }: CliContext, { now, url, running, deep }: Described): string {
  const state = now.ready ? output.paint("green", "ready") : output.paint("yellow", "not ready");
  const lines = [`gateway ${state} at ${url}, version ${now.version}, up ${duration(now.uptime_ms)}`, ...now.reasons.map((reason) => `  ${reason}`)];
  if (running?.tls !== undefined) lines.push(`certificate SHA-256 ${running.tls.fingerprint}`);
  if (!deep) return lines.join("\n");
  const turns = Object.entries(now.turns).map(([name, number]) => `${number} ${name}`);
  const { open, unknown, failed } = now.deliveries;
  lines.push(
    `turns: ${turns.join(", ")}`,
    `deliveries: ${open} open, ${unknown} unknown, ${failed} failed`,
    `${counted(now.sessions, "session")}, ${counted(now.connections, "connection")}`,
  );
  return [...lines, channelTable(output, now.channels)].join("\n");
}

function channelTable(output: CliContext["output"], channels: Status["channels"]): string {
  return table(
    output,
    ["CHANNEL", "ACCOUNT", "STATE", ""],
    channels.map(({ channel, account, state, detail, code }) => [channel, account, state, troubleOf({ detail, code })]),
    "no channels",
  );
}

/** `clanker status`: as above with channels and the model, for a first look. */
export async function statusAtAGlance(context: CliContext): Promise<void> {
  const { client, target } = await openGateway(context);
  try {
    const now = await client.call("status", {});
    const { agents } = await client.call("agents.list", {});
    const running = await readRunning(placesOf(context));
    const text = [
      describe(context, { now, url: target.url, running, deep: true }),
      ...agents.map(({ name, model }) => `agent ${name}: ${model}`),
      context.output.paint("dim", `page: ${target.url}/ui/`),
    ].join("\n");
    const json = { running: true, url: target.url, ...processOf(running), ...now, agents };
    context.output.result({ json, text, exitCode: now.ready ? 0 : 1 });
  } finally {
    client.close();
  }
}
