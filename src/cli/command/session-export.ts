import { writeFile } from "node:fs/promises";
import type { Client, Methods } from "../../client/index.ts";
import type { CliContext } from "../context.ts";
import { withGateway } from "../gateway-link.ts";
import { when } from "../table.ts";

type ExportedEntry = Methods["chat.history"]["result"]["entries"][number];

const PAGE = 500;

/** A whole transcript: as Markdown to read, as JSON lines for programs, with `--json` as one document. */
export async function exportSession(
  context: CliContext,
  { args: [session = ""], options }: { args: string[]; options: { format: "markdown" | "jsonl"; output?: string } },
): Promise<void> {
  const { key, entries } = await withGateway(context, (client) => readAll(client, session));
  const text = options.format === "jsonl" ? entries.map((entry) => JSON.stringify(entry)).join("\n") : markdown(key, entries);
  if (options.output === undefined) {
    context.output.result({ json: { session: key, entries }, text });
    return;
  }
  // What was said is nobody else's business.
  await writeFile(options.output, `${text}\n`, { mode: 0o600 });
  const done = { session: key, entries: entries.length, file: options.output };
  context.output.result({ json: done, text: `${entries.length} entries of ${key} are in ${options.output}` });
}

async function readAll(client: Client, session: string): Promise<{ key: string; entries: ExportedEntry[] }> {
  const entries: ExportedEntry[] = [];
  for (;;) {
    const page = await client.call("chat.history", { session, after: entries.at(-1)?.number ?? 0, limit: PAGE });
    entries.push(...page.entries);
    if (page.entries.length < PAGE) return { key: page.session, entries };
  }
}

function markdown(key: string, entries: readonly ExportedEntry[]): string {
  return [`# ${key}`, ...entries.map(section)].join("\n\n");
}

/** What tools were asked and answered stands in fences that their text cannot close. */
function section(entry: ExportedEntry): string {
  const who = entry.role === "user" ? (entry.sender ?? "person") : entry.role === "tool" ? `result of ${entry.name ?? "a tool"}` : entry.role;
  const calls = (entry.calls ?? []).map(({ name, args }) => `Calls ${name}:\n\n${fenced(JSON.stringify(args, undefined, 2))}`);
  const media = (entry.media ?? []).map((item) => `(${item.kind}${item.name === undefined ? "" : ` ${item.name}`})`);
  const text = entry.text === "" ? [] : [entry.role === "tool" ? fenced(entry.text) : entry.text];
  return [`## ${who}, ${when(entry.at)}`, ...text, ...media, ...calls].join("\n\n");
}

function fenced(text: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((ticks) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}\n${text}\n${fence}`;
}
