import { escapeControls } from "../../lib/plain-text/index.ts";
import type { CliContext } from "../context.ts";
import { withGateway } from "../gateway-link.ts";
import { table, when } from "../table.ts";

/** `clanker audit list [--limit N]`: the newest records. */
export async function list(context: CliContext, { options }: { options: { limit: number } }): Promise<void> {
  const answer = await withGateway(context, (client) => client.call("audit.list", { limit: options.limit }));
  const rows = answer.records.map(({ seq, at, kind, actor, data }) => [String(seq), when(at), kind, actor, escapeControls(JSON.stringify(data))]);
  context.output.result({ json: answer, text: table(context.output, ["SEQ", "AT", "WHAT", "WHO", ""], rows, "nothing has happened yet") });
}

/** `clanker audit verify`; exit 1 when a record was changed, taken out or cut off. */
export async function verify(context: CliContext): Promise<void> {
  const answer = await withGateway(context, (client) => client.call("audit.verify", {}));
  const { ok, records, checkpoints, first_bad: first, problem } = answer;
  const text = ok
    ? `${records} records, ${checkpoints} signed checkpoints: whole`
    : `broken${first === undefined ? "" : ` at record ${first}`}: ${problem ?? "unknown"}`;
  context.output.result({ json: answer, text, exitCode: ok ? 0 : 1 });
}
