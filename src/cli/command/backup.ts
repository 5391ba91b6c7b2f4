import type { Methods } from "../../client/index.ts";
import { resolve } from "node:path";
import type { CliContext } from "../context.ts";
import { placesOf, readRunning, withGateway } from "../gateway-link.ts";
import { loadForCli } from "../load-for-cli.ts";
import { confirmOrFlag } from "../read-input.ts";
import { size, table, when } from "../table.ts";
import { openBackups, proveBackup, resetHome, restoreHome } from "../workbench.ts";

type Info = Methods["system.backup"]["result"]["backup"];

interface BackupFlags {
  readonly to?: string;
  readonly list?: boolean;
  readonly verify?: string;
  readonly workspaces: boolean;
}

/** `clanker backup [--to FOLDER] [--no-workspaces]`, `--list`, `--verify FOLDER`: asks a running gateway, else does it itself. */
export async function backup(context: CliContext, { options }: { options: BackupFlags }): Promise<void> {
  if (options.verify !== undefined) return verify(context, resolve(options.verify));
  if (options.list === true) return list(context);
  const order = { workspaces: options.workspaces, ...(options.to === undefined ? {} : { into: resolve(options.to) }) };
  const running = await readRunning(placesOf(context));
  const made = running === undefined ? await (await openBackups(await loadForCli(context))).make(order) : await askGateway(context, order);
  context.output.result({ json: { backup: made }, text: [`backed up to ${made.folder}`, describe(made), ...warnings(made)].join("\n") });
}

async function askGateway(context: CliContext, order: { workspaces: boolean; into?: string }): Promise<Info> {
  return withGateway(context, async (client) => (await client.call("system.backup", order)).backup);
}

async function list(context: CliContext): Promise<void> {
  const running = await readRunning(placesOf(context));
  const backups =
    running === undefined
      ? await (await openBackups(await loadForCli(context))).list()
      : await withGateway(context, async (client) => (await client.call("system.backups", {})).backups);
  const rows = backups.map((one) => [when(one.created_at), size(one.bytes), one.by, one.version, one.folder]);
  context.output.result({
    json: { backups },
    text: table(context.output, ["MADE", "SIZE", "BY", "VERSION", "FOLDER"], rows, "no backups yet: clanker backup makes one"),
  });
}

async function verify(context: CliContext, folder: string): Promise<void> {
  const proved = await proveBackup(folder);
  context.output.result({ json: { ok: true, backup: proved }, text: [`${folder} is whole`, describe(proved)].join("\n") });
}

function describe({ files, bytes, database, workspaces }: Info): string {
  return `${size(bytes)}: ${database ? "the database, " : ""}${files} files${workspaces ? "" : ", no workspaces"}. It holds secrets: keep it as safe as the home itself.`;
}

function warnings({ database }: Info): string[] {
  return database ? [] : ["The database is not in it: it is a server's. Back it up with pg_dump."];
}

/** `clanker restore FOLDER [--database-only] [--yes]`: with the gateway stopped; what is replaced stays beside it. */
export async function restore(
  context: CliContext,
  { args: [given = ""], options }: { args: string[]; options: { yes?: boolean; databaseOnly?: boolean } },
): Promise<void> {
  const folder = resolve(given);
  const { created_at } = await proveBackup(folder);
  await confirmOrFlag(`Put this home back as it was on ${when(created_at)}? What is there now is kept beside it.`, options.yes);
  const done = await restoreHome({ folder, databaseOnly: options.databaseOnly === true }, placesOf(context), context.env);
  const lines = [
    `restored the state of ${when(created_at)}`,
    ...done.aside.map((path) => `  what was there before: ${path}`),
    "start the gateway with: clanker start",
  ];
  context.output.result({ json: { restored: folder, backup_at: created_at, aside: done.aside }, text: lines.join("\n") });
}

/** `clanker reset [--yes]`: begins anew; conversations, keys and files are moved aside, the config stays. */
export async function reset(context: CliContext, { options }: { options: { yes?: boolean } }): Promise<void> {
  const places = placesOf(context);
  await confirmOrFlag(`Begin anew? Everything in ${places.dataFolder} is moved aside: conversations, keys, workspaces.`, options.yes);
  const aside = await resetHome(places);
  const text = aside === undefined ? "there is nothing to reset" : `the next start is a first one; what was there is in ${aside} (delete it when you are sure)`;
  context.output.result({ json: { reset: aside !== undefined, aside: aside ?? null }, text });
}
