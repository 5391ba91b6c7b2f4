import type { Config } from "../../config/schema.ts";
import type { CliContext } from "../context.ts";
import { withGateway, withGatewayIfUp } from "../gateway-link.ts";
import { table, when } from "../table.ts";
import { troubleOf } from "../trouble-of.ts";

interface ChannelInfo {
  readonly channel: string;
  readonly account: string;
  readonly state: string;
  readonly identity?: string;
  readonly detail?: string;
  readonly code?: string;
  readonly last_alive_at?: number;
  readonly last_event_at?: number;
}

/** `clanker channels list`: of the gateway, else what the config names. */
export async function list(context: CliContext): Promise<void> {
  const up = await withGatewayIfUp(context, async (client) => (await client.call("channels.list", {})).channels);
  const channels = up?.value ?? configured((await (await import("../load-for-cli.ts")).loadForCli(context)).config);
  const rows = channels.map(({ channel, account, state }) => [channel, account, state]);
  context.output.result({ json: { channels }, text: table(context.output, ["CHANNEL", "ACCOUNT", "STATE"], rows, "no channels besides the web page") });
}

function configured(config: Config): ChannelInfo[] {
  return Object.entries(config.channels).flatMap(([channel, settings]) => {
    if (settings === undefined || channel === "web") return [];
    const further = "accounts" in settings ? Object.keys(settings.accounts) : [];
    return ["default", ...further].map((account) => ({ channel, account, state: "not running" }));
  });
}

/** `clanker channels status [name] [--all]`; exit 1 when one that should run is not ready. */
export async function status(context: CliContext, { args: [name], options }: { args: string[]; options: { all?: boolean } }): Promise<void> {
  const params = name === undefined ? {} : accountOf(name);
  const { channels } = await withGateway(context, (client) => client.call("channels.status", params));
  const shown = channels.filter(({ state }) => options.all === true || name !== undefined || state !== "stopped");
  const rows = shown.map(({ channel, account, state, identity, last_alive_at: alive, last_event_at: event, detail, code }) => [
    channel,
    account,
    state,
    identity ?? "",
    when(alive),
    when(event),
    troubleOf({ detail, code }),
  ]);
  const bad = shown.some(({ state }) => state === "failed" || state === "degraded");
  const text = table(context.output, ["CHANNEL", "ACCOUNT", "STATE", "IDENTITY", "LAST ALIVE", "LAST EVENT", ""], rows, "no channels besides the web page");
  context.output.result({ json: { channels: shown }, text, exitCode: bad ? 1 : 0 });
}

function accountOf(name: string): { channel: string; account?: string } {
  const [channel = "", account] = name.split(":");
  return account === undefined ? { channel } : { channel, account };
}

export async function connect(context: CliContext, { args: [name = ""] }: { args: string[] }): Promise<void> {
  const answer = await withGateway(context, (client) => client.call("channels.connect", accountOf(name)));
  context.output.result({ json: answer, text: `${name} is being connected; see clanker channels status` });
}

export async function disconnect(context: CliContext, { args: [name = ""] }: { args: string[] }): Promise<void> {
  const answer = await withGateway(context, (client) => client.call("channels.disconnect", accountOf(name)));
  context.output.result({ json: answer, text: `${name} is disconnected` });
}
