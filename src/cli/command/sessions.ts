import { escapeControls } from "../../lib/plain-text/index.ts";
import type { CliContext } from "../context.ts";
import { withGateway } from "../gateway-link.ts";
import { confirmOrFlag } from "../read-input.ts";
import { table, when } from "../table.ts";

export async function list(context: CliContext, { options }: { options: { limit: number; archived?: boolean } }): Promise<void> {
  const answer = await withGateway(context, (client) => client.call("sessions.list", { limit: options.limit, archived: options.archived === true }));
  const rows = answer.sessions.map((session) => [
    session.session,
    String(session.last_entry),
    when(session.updated_at),
    session.model ?? "",
    // An older session of the same key stays listed until retention takes it.
    session.ended_at !== undefined ? "ended" : session.archived_at !== undefined ? "archived" : "",
    session.label ?? "",
  ]);
  context.output.result({ json: answer, text: table(context.output, ["SESSION", "ENTRIES", "UPDATED", "MODEL", "STATE", "LABEL"], rows, "no sessions yet") });
}

export async function show(context: CliContext, { args: [session = ""], options }: { args: string[]; options: { limit: number } }): Promise<void> {
  const answer = await withGateway(context, (client) => client.call("chat.history", { session, limit: options.limit }));
  const text = answer.entries.map((entry) => {
    const head = `${when(entry.at)} ${entry.role}${entry.name === undefined ? "" : ` ${entry.name}`}`;
    const calls = (entry.calls ?? []).map(({ name }) => context.output.paint("dim", `  calls ${escapeControls(name)}`));
    const body = entry.text === "" ? [] : entry.text.split("\n").map((line) => `  ${escapeControls(line)}`);
    return [context.output.paint("bold", escapeControls(head)), ...body, ...calls].join("\n");
  });
  context.output.result({ json: answer, text: text.length === 0 ? "nothing was said yet" : text.join("\n") });
}

export async function reset(context: CliContext, { args: [session = ""] }: { args: string[] }): Promise<void> {
  const answer = await withGateway(context, (client) => client.call("sessions.reset", { session }));
  context.output.result({ json: answer, text: `${answer.session} begins anew (${answer.session_id})` });
}

export async function compact(context: CliContext, { args: [session = ""] }: { args: string[] }): Promise<void> {
  const answer = await withGateway(context, (client) => client.call("sessions.compact", { session }));
  const { outcome, entries, tokens_before: before, tokens_after: after } = answer;
  const text = {
    summarised: `a summary stands for ${entries} entries; about ${after} tokens instead of ${before}`,
    trimmed: `old tool results are shown shortened; about ${after} tokens instead of ${before}`,
    nothing: "it is short already: nothing was changed",
    busy: "it is being summarised already",
  }[outcome];
  context.output.result({ json: answer, text });
}

export async function remove(context: CliContext, { args: [session = ""], options }: { args: string[]; options: { yes?: boolean } }): Promise<void> {
  const answer = await withGateway(context, async (client) => {
    await confirmOrFlag(`Delete ${session} and everything in it?`, options.yes);
    return client.call("sessions.delete", { session });
  });
  context.output.result({ json: answer, text: `${session} is deleted` });
}

export async function search(
  context: CliContext,
  { args, options }: { args: string[]; options: { session?: string; agent?: string; limit: number } },
): Promise<void> {
  const { session, agent, limit } = options;
  const query = { query: args.flat().join(" "), limit, ...(session === undefined ? {} : { session }), ...(agent === undefined ? {} : { agent }) };
  const answer = await withGateway(context, (client) => client.call("sessions.search", query));
  const rows = answer.messages.map((found) => [found.label ?? found.session, String(found.number), when(found.at), found.sender ?? found.role, found.text]);
  context.output.result({ json: answer, text: table(context.output, ["SESSION", "ENTRY", "SAID", "BY", ""], rows, "nothing was found") });
}

export async function archive(context: CliContext, { args: [session = ""] }: { args: string[] }): Promise<void> {
  const answer = await withGateway(context, (client) => client.call("sessions.archive", { session }));
  context.output.result({ json: answer, text: `${answer.session} is archived; its next message brings it back` });
}

export async function restore(context: CliContext, { args: [session = ""] }: { args: string[] }): Promise<void> {
  const answer = await withGateway(context, (client) => client.call("sessions.restore", { session }));
  context.output.result({ json: answer, text: `${answer.session} is listed again` });
}

export async function branch(
  context: CliContext,
  { args: [session = ""], options }: { args: string[]; options: { entry?: number; label?: string } },
): Promise<void> {
  const { entry, label } = options;
  const query = { session, ...(entry === undefined ? {} : { entry }), ...(label === undefined ? {} : { label }) };
  const answer = await withGateway(context, (client) => client.call("sessions.branch", query));
  context.output.result({ json: answer, text: `${answer.session} begins with ${answer.last_entry} entries of ${session}` });
}
