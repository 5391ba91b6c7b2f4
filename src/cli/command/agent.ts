import { ClankerError } from "../../core/errors.ts";
import type { Thinking } from "../../core/update.ts";
import type { CliContext } from "../context.ts";
import { withGateway } from "../gateway-link.ts";
import { counted, duration, table } from "../table.ts";

/** `clanker agent run`: sends, waits for the turn to end, prints its answer; exit 1 when the turn did not end well. */
export async function run(context: CliContext, { options }: { options: { message: string; session?: string; thinking?: Thinking } }): Promise<void> {
  const { message, session, thinking } = options;
  const params = { message, ...(session === undefined ? {} : { session }), ...(thinking === undefined ? {} : { thinking }) };
  const answer = await withGateway(context, (client) => client.call("agent.run", params));
  if ("command" in answer) return context.output.result({ json: answer, text: answer.reply });
  if (answer.outcome === "done") return context.output.result({ json: answer, text: answer.text });
  const { code = `turn_${answer.outcome}`, message: why = `the turn is ${answer.outcome}`, hint } = answer.error ?? {};
  throw new ClankerError(code, why, hint === undefined ? {} : { hint });
}

/** `clanker agent status`: turns that are not over. */
export async function status(context: CliContext): Promise<void> {
  const { turns } = await withGateway(context, (client) => client.call("agent.status", {}));
  const rows = turns.map((turn) => [turn.turn_id, turn.session, turn.status, String(turn.steps), duration(Date.now() - turn.created_at)]);
  context.output.result({
    json: { turns },
    text: table(context.output, ["TURN", "SESSION", "STATUS", "STEPS", "AGE"], rows, "idle: no turn is queued or running"),
  });
}

/** `clanker agent stop [--session KEY]`: turns that are queued, running or waiting end as cancelled. */
export async function stop(context: CliContext, { options: { session } }: { options: { session?: string } }): Promise<void> {
  const stopped = await withGateway(context, async (client) => {
    if (session !== undefined) return (await client.call("chat.abort", { session })).turn_ids;
    const { turns } = await client.call("agent.status", { limit: 500 });
    // By turn: one that has outlived a reset is in no session that a key names.
    return (await Promise.all(turns.map(({ turn_id }) => client.call("chat.abort", { turn_id })))).flatMap(({ turn_ids }) => turn_ids);
  });
  context.output.result({ json: { turn_ids: stopped }, text: stopped.length === 0 ? "nothing was running" : `stopped: ${counted(stopped.length, "turn")}` });
}
