import type { CliContext } from "../context.ts";
import { withGateway } from "../gateway-link.ts";

/** `clanker send`: the message goes into the outbox; the gateway delivers it. */
export async function send(context: CliContext, { options }: { options: { channel: string; to: string; message: string } }): Promise<void> {
  const [channel = "", account] = options.channel.split(":");
  const params = { channel, to: options.to, message: options.message, ...(account === undefined ? {} : { account }) };
  const answer = await withGateway(context, (client) => client.call("send", params));
  context.output.result({ json: answer, text: `accepted as delivery ${answer.delivery_id}` });
}
