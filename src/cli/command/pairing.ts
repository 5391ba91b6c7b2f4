import { escapeControls } from "../../lib/plain-text/index.ts";
import type { CliContext } from "../context.ts";
import { withGateway } from "../gateway-link.ts";
import { table, when } from "../table.ts";

/** `clanker pairing list` */
export async function list(context: CliContext): Promise<void> {
  const answer = await withGateway(context, (client) => client.call("pairing.list", {}));
  const rows = answer.pairings.map(({ pairing_id: id, channel, account, sender_id: sender, name, status, expires_at: until }) => [
    id,
    `${channel}:${account}`,
    sender,
    status === "pending" ? `waits until ${when(until)}` : status,
    name ?? "",
  ]);
  context.output.result({
    json: answer,
    text: table(context.output, ["ID", "CHANNEL", "SENDER", "STATE", "CALLS THEMSELVES"], rows, "nobody has asked to be let in"),
  });
}

/** `clanker pairing approve CODE [--channel channel[:account]]` */
export async function approve(context: CliContext, { args: [code = ""], options }: { args: string[]; options: { channel?: string } }): Promise<void> {
  const answer = await withGateway(context, (client) => client.call("pairing.approve", { code, ...placeOf(options.channel) }));
  const { channel, sender_id: sender, name } = answer.pairing;
  context.output.result({ json: answer, text: `let in: ${escapeControls(name ?? "somebody")} (${escapeControls(sender)} on ${channel})` });
}

/** `clanker pairing deny CODE|ID`: an id takes back what was approved. */
export async function deny(context: CliContext, { args: [named = ""] }: { args: string[] }): Promise<void> {
  const answer = await withGateway(context, (client) => client.call("pairing.deny", named.length > 16 ? { pairing_id: named } : { code: named }));
  context.output.result({ json: answer, text: `not let in: ${escapeControls(answer.pairing.sender_id)} on ${answer.pairing.channel}` });
}

function placeOf(given: string | undefined): { channel?: string; account?: string } {
  if (given === undefined) return {};
  const [channel = "", account] = given.split(":");
  return account === undefined ? { channel } : { channel, account };
}
