import { escapeControls } from "../../lib/plain-text/index.ts";
import type { CliContext } from "../context.ts";
import { withGateway } from "../gateway-link.ts";
import { when } from "../table.ts";

/** `clanker approvals list [--all]`: the plans themselves, because a line would not show what is asked. */
export async function list(context: CliContext, { options }: { options: { all?: boolean } }): Promise<void> {
  const answer = await withGateway(context, (client) => client.call("approvals.list", { all: options.all === true }));
  const { output } = context;
  const text = answer.approvals.map(({ code, status, session, text: plan, expires_at: until, scope }) => {
    const state = status === "pending" ? `open until ${when(until)}` : `${status}${scope === undefined ? "" : ` (${scope})`}`;
    const lines = plan.split("\n").map((line) => `  ${escapeControls(line)}`);
    return [`${output.paint("bold", code)}  ${state}  ${escapeControls(session)}`, ...lines].join("\n");
  });
  output.result({ json: answer, text: text.length === 0 ? "nothing waits for you" : text.join("\n\n") });
}

/** `clanker approvals approve CODE [--session | --always]` */
export async function approve(
  context: CliContext,
  { args: [code = ""], options }: { args: string[]; options: { session?: boolean; always?: boolean } },
): Promise<void> {
  await resolve(context, code, options.always ? "always" : options.session ? "session" : "once");
}

export async function deny(context: CliContext, { args: [code = ""] }: { args: string[] }): Promise<void> {
  await resolve(context, code, "deny");
}

async function resolve(context: CliContext, approval: string, decision: "once" | "session" | "always" | "deny"): Promise<void> {
  const answer = await withGateway(context, (client) => client.call("approvals.resolve", { approval, decision }));
  const { status } = answer.approval;
  const done = decision === "deny" ? status === "denied" : status === "approved" || status === "used";
  context.output.result({ json: answer, text: escapeControls(answer.reply), exitCode: done ? 0 : 1 });
}
