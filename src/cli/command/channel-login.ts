import { renderUnicodeCompact } from "uqr";
import type { Client } from "../../client/index.ts";
import { escapeControls } from "../../lib/plain-text/index.ts";
import type { CliContext } from "../context.ts";
import { withGateway } from "../gateway-link.ts";

/** `clanker channels login NAME [--phone NUMBER]`: shows each step until the account is linked. Ctrl-C leaves; the gateway then gives the login up. */
export async function login(context: CliContext, { args: [name = ""], options }: { args: string[]; options: { phone?: string } }): Promise<void> {
  const identity = await withGateway(context, (client) => follow(client, context, { ...placeOf(name), ...phoneOf(options.phone) }));
  context.output.result({ json: { linked: true, identity }, text: `${name} is linked as ${escapeControls(identity)}` });
}

/** `clanker channels logout NAME` */
export async function logout(context: CliContext, { args: [name = ""] }: { args: string[] }): Promise<void> {
  const answer = await withGateway(context, (client) => client.call("channels.logout", placeOf(name)));
  context.output.result({ json: answer, text: `${name} is unlinked and its keys are forgotten` });
}

async function follow(client: Client, { output }: CliContext, params: { channel: string; account?: string; phone?: string }): Promise<string> {
  let shown = 0;
  const begun = await client.call("channels.login", params);
  let { number, step } = begun;
  for (;;) {
    if (step.type === "linked") return step.identity;
    if (number > shown) {
      if (step.type === "qr") output.say(`Scan this with the phone (the newest one counts):\n\n${renderUnicodeCompact(step.text, { border: 2 })}\n`);
      else output.say(`Type this code on the phone: ${escapeControls(step.code)}`);
    }
    shown = number;
    ({ number, step } = await client.call("channels.login_next", { login_id: begun.login_id, after: number }));
  }
}

function placeOf(name: string): { channel: string; account?: string } {
  const [channel = "", account] = name.split(":");
  return account === undefined ? { channel } : { channel, account };
}

/** As people write it: `+49 170 1234567`. */
function phoneOf(given: string | undefined): { phone?: string } {
  return given === undefined ? {} : { phone: given.replace(/[\s().+-]/g, "") };
}
