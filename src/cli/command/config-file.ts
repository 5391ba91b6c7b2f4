import { copyFile, mkdir, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import {
  changeKey,
  ConfigInvalid,
  configJsonSchema,
  createConfigEditor,
  formatSource,
  generateConfig,
  loadConfig,
  parseConfigValue,
  parsePath,
  readKey,
  showConfig,
  type RunningConfigEditor,
} from "../../config/index.ts";
import { writeFileAtomic } from "../../lib/atomic-file/index.ts";
import { RequestError } from "../../core/errors.ts";
import type { CliContext } from "../context.ts";
import { UsageError } from "../exit-code.ts";
import { placesOf, withGatewayIfUp } from "../gateway-link.ts";
import { loadForCli, loadOptions } from "../load-for-cli.ts";
import { runEditor } from "../workbench.ts";

interface Change {
  readonly applied: readonly string[];
  readonly restart_required: readonly string[];
}

/** `clanker config generate [--output FILE]` */
export async function generate({ output }: CliContext, { options }: { options: { output?: string; force?: boolean } }): Promise<void> {
  const text = generateConfig();
  if (options.output === undefined) return output.result({ json: { format: "toml", text }, text });
  const there = await stat(options.output).catch(() => undefined);
  if (there !== undefined && options.force !== true) {
    throw new RequestError("file_exists", `${options.output} is already there`, { hint: "choose another name, or overwrite it with --force" });
  }
  if (there?.isDirectory() === true) throw new RequestError("file_exists", `${options.output} is a folder`, { hint: "name a file in it" });
  await mkdir(dirname(options.output), { recursive: true, mode: 0o700 });
  await writeFileAtomic(options.output, text);
  output.result({ json: { written: options.output }, text: `written to ${options.output}` });
}

/** `clanker config validate`: everything that is wrong, each with its line; exit 78 then. */
export async function validate(context: CliContext): Promise<void> {
  try {
    const { places, written } = await loadForCli(context);
    const text = written.main === undefined ? `there is no ${places.configFile}: the defaults hold` : `${places.configFile} is valid`;
    context.output.result({ json: { valid: true, file: places.configFile }, text });
  } catch (error) {
    if (!(error instanceof ConfigInvalid) || !context.output.json) throw error;
    const problems = error.problems.map(({ source, ...problem }) => ({ ...problem, source: formatSource(source) }));
    context.output.result({ json: { valid: false, problems, error: { code: error.code, message: error.message, hint: error.hint } }, text: "", exitCode: 78 });
  }
}

/** `clanker config show`: what holds, with defaults; secrets masked. */
export async function show(context: CliContext): Promise<void> {
  const { config, tree } = await loadForCli(context);
  const value = showConfig(config, tree);
  context.output.result({ json: value, text: JSON.stringify(value, null, 2) });
}

export async function get(context: CliContext, { args: [key = ""] }: { args: string[] }): Promise<void> {
  const { value, source } = await (await openEditor(context)).get(key);
  if (value === undefined || value === null)
    throw new RequestError("key_not_found", `nothing is set under ${key}`, { hint: `set it with: clanker config set ${key} VALUE` });
  const shown = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  if (context.options.verbose === true) context.output.warn(context.output.paint("dim", `from ${source}`));
  context.output.result({ json: { key, value, source }, text: shown });
}

/** `clanker config set KEY VALUE`, or `KEY+ VALUE` to add to a list: through the gateway while one runs, so that it takes effect at once where it can. */
export async function set(context: CliContext, { args: [key = "", text = ""] }: { args: string[] }): Promise<void> {
  const value = parseConfigValue(key, text);
  const up = await withGatewayIfUp(context, (client) => client.call("config.set", { key, value }));
  await report(context, key, up === undefined ? changeKey(await openEditor(context), key, { value }) : up.value);
}

export async function unset(context: CliContext, { args: [key = ""] }: { args: string[] }): Promise<void> {
  const up = await withGatewayIfUp(context, (client) => client.call("config.patch", { patch: nested(parsePath(key), null) }));
  await report(context, key, up === undefined ? (await openEditor(context)).unset(key) : up.value);
}

function nested(path: readonly string[], value: unknown): Record<string, unknown> {
  const [first = "", ...rest] = path;
  return { [first]: rest.length === 0 ? value : nested(rest, value) };
}

async function report({ output }: CliContext, written: string, change: Change | Promise<Change>): Promise<void> {
  const { applied, restart_required } = await change;
  const { key } = readKey(written);
  const text =
    restart_required.length > 0
      ? `${key} is written; in force after the next start`
      : applied.length > 0
        ? `${key} is written and in force`
        : `${key} stays as it is`;
  output.result({ json: { key, applied, restart_required }, text });
}

async function openEditor(context: CliContext): Promise<RunningConfigEditor> {
  return createConfigEditor({ loaded: await loadForCli(context), load: loadOptions(context) });
}

export async function path(context: CliContext): Promise<void> {
  const { configFile, dataFolder } = placesOf(context);
  context.output.result({ json: { config: configFile, data: dataFolder }, text: configFile });
}

export async function schema({ output }: CliContext): Promise<void> {
  const json = configJsonSchema();
  output.result({ json, text: JSON.stringify(json, null, 2) });
}

/** `clanker config edit`: a copy is edited and checked; only a valid one takes the file's place. */
export async function edit(context: CliContext): Promise<void> {
  const editor = context.env["VISUAL"] || context.env["EDITOR"];
  if (editor === undefined || editor === "") throw new UsageError("neither VISUAL nor EDITOR is set", "for example: EDITOR=nano clanker config edit");
  const { configFile, configFolder } = placesOf(context);
  await mkdir(configFolder, { recursive: true, mode: 0o700 });
  // Inside the folder, because includes and file: references are relative to it.
  const folder = await mkdtemp(join(configFolder, ".edit-"));
  const copy = join(folder, `config${extname(configFile)}`);
  try {
    const before = await readFile(configFile, "utf8").catch(() => undefined);
    if (before === undefined) await writeFileAtomic(copy, generateConfig());
    else await copyFile(configFile, copy);
    await runEditor(editor, copy);
    const text = await readFile(copy, "utf8");
    if (text === before) return context.output.result({ json: { written: false }, text: "nothing was changed" });
    await checkAsIfInPlace(context, text, configFile);
    await writeFileAtomic(configFile, text);
    context.output.result({ json: { written: true, file: configFile }, text: `${configFile} is written; a running gateway takes it at its next start` });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @throws ConfigInvalid, with the text kept beside the config so that the work is not lost. */
async function checkAsIfInPlace(context: CliContext, text: string, configFile: string): Promise<void> {
  const rejected = join(dirname(configFile), `config.rejected${extname(configFile)}`);
  await writeFileAtomic(rejected, text);
  try {
    await loadConfig({ ...loadOptions(context), path: rejected });
  } catch (error) {
    if (!(error instanceof ConfigInvalid)) throw error;
    context.output.warn(`${configFile} stays as it was; your text is kept in ${rejected}`);
    throw error;
  }
  await rm(rejected, { force: true });
}
