import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import type { Client, Methods } from "../../client/index.ts";
import type { CliContext } from "../context.ts";
import { UsageError } from "../exit-code.ts";
import { withGateway } from "../gateway-link.ts";
import { confirmOrFlag } from "../read-input.ts";
import { counted } from "../table.ts";

type Who = Pick<Methods["sessions.export_user"]["params"], "person" | "channel" | "account" | "sender">;

/** `telegram:12345`, `telegram:ACCOUNT:12345`, or a person's id. */
function whoOf(text: string): Who {
  const parts = text.split(":");
  if (parts.length === 1 && text !== "") return { person: text };
  const [channel, account, ...rest] = parts.length === 2 ? [parts[0], "default", parts[1]] : parts;
  const sender = rest.join(":");
  if (!channel || !account || sender === "")
    throw new UsageError(`nobody is called ${JSON.stringify(text)}`, "write CHANNEL:ID, for example telegram:12345, or CHANNEL:ACCOUNT:ID");
  return { channel, account, sender };
}

/** `clanker sessions export-user WHO --to FILE`: one JSON record in a line. */
export async function exportUser(context: CliContext, { args: [given = ""], options }: { args: string[]; options: { to?: string } }): Promise<void> {
  const who = whoOf(given);
  if (options.to === undefined) throw new UsageError("where to?", "add --to FILE");
  const file = createWriteStream(options.to, { flags: "wx", mode: 0o600 });
  const records = await withGateway(context, async (client) => {
    let count = 0;
    for await (const record of recordsOf(client, who)) {
      file.write(`${JSON.stringify(record)}\n`);
      count += 1;
    }
    return count;
  }).finally(() => file.end());
  await finished(file);
  context.output.result({ json: { records, file: options.to }, text: `${records} records in ${options.to}` });
}

async function* recordsOf(client: Client, who: Who): AsyncGenerator<Readonly<Record<string, unknown>>> {
  for (let after: string | undefined, first = true; first || after !== undefined; first = false) {
    const page = await client.call("sessions.export_user", { ...who, ...(after === undefined ? {} : { after }) });
    yield* page.records;
    after = page.after;
  }
}

/** `clanker sessions purge-user WHO [--yes]` */
export async function purgeUser(context: CliContext, { args: [given = ""], options }: { args: string[]; options: { yes?: boolean } }): Promise<void> {
  const who = whoOf(given);
  await confirmOrFlag(`Forget ${given}? Their conversations, memories, jobs and files are deleted; nothing brings them back but a backup.`, options.yes);
  const purged = await withGateway(context, (client) => client.call("sessions.purge_user", who));
  const { sessions, changed_sessions: changed, memories, jobs, files, backups } = purged;
  const what = [
    `${counted(sessions, "conversation")} of their own`,
    `their part of ${changed} more`,
    counted(memories, "memory", "memories"),
    counted(jobs, "job"),
    counted(files, "file"),
  ];
  const lines = [`forgotten: ${what.join(", ")}`];
  if (backups.length > 0) lines.push(`these backups and what was put aside may still hold them, delete them when you can: ${backups.join(", ")}`);
  context.output.result({ json: purged, text: lines.join("\n") });
}
