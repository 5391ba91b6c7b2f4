import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { ConfigChange, ConfigEditor, ConfigEditOptions, ConfigValue } from "../core/config-editor.ts";
import { RequestError } from "../core/errors.ts";
import { silentLog, type Log } from "../core/log.ts";
import { writeFileAtomic } from "../lib/atomic-file/index.ts";
import { changedPaths, valuesOf } from "./config-diff.ts";
import { badPath, formatPath, getAt, parsePath, type Table } from "./config-path.ts";
import { ConfigInvalid, formatSource, refuseChange, type Source } from "./config-problem.ts";
import { editText } from "./edit-text.ts";
import { appendItems, mergePatch, requirePlain, setValue, unsetValue, type ConfigKeys } from "./edit-tree.ts";
import { childOf } from "./known-keys.ts";
import { completeConfig, nearestSource, originsWithEnv, type LoadConfigOptions, type LoadedConfig } from "./load-config.ts";
import { nearestName } from "../lib/nearest-name/index.ts";
import { readConfig, type WrittenConfig } from "./read-config.ts";
import { configJsonSchema, rootSchema, type Config } from "./schema.ts";
import { showConfig } from "./show-config.ts";

/** Puts a change into force. Rejecting means that it is not: the owner is told that a restart is needed. */
export type ApplyChange = (config: Config, paths: readonly string[]) => void | Promise<void>;

export interface ConfigEditorOptions {
  /** What the gateway was started with. */
  readonly loaded: LoadedConfig;
  /** As they were given to loadConfig. */
  readonly load: LoadConfigOptions;
  readonly log?: Log;
  /** Writes the file; default writeFileAtomic with mode 0600. */
  readonly write?: (path: string, text: string) => Promise<void>;
}

export interface RunningConfigEditor extends ConfigEditor {
  /**
   * Registers who applies changes below a dotted path (the longest path wins). What nobody applies needs a restart.
   * @returns the function that ends the registration.
   */
  onChange(prefix: string, apply: ApplyChange): () => void;
  /** The newest checked config: what the next start would use. */
  current(): LoadedConfig;
}

interface Work {
  readonly options: ConfigEditorOptions;
  readonly listeners: { readonly prefix: string; readonly apply: ApplyChange }[];
  /** What is on disk, as last seen. */
  latest: LoadedConfig;
  /** Values that are in force, by path. */
  readonly running: Map<string, string>;
}

/** The ConfigEditor of a running gateway, or of a command when there is none. Changes are made one after the other. */
export function createConfigEditor(options: ConfigEditorOptions): RunningConfigEditor {
  const work: Work = { options, listeners: [], latest: options.loaded, running: new Map(valuesOf(options.loaded.config)) };
  const inTurn = oneAtATime();
  const change = (mutate: (tree: Table) => ConfigKeys[], edit: ConfigEditOptions = {}) =>
    inTurn(async () => {
      const next = await checkChange(work, mutate, edit);
      await writeChange(work, next);
      return adopt(work, next.loaded);
    });
  return {
    get: async (path = "") => getValue(work.latest, parsePath(path)),
    set: async (path, value, edit) => {
      const keys = knownPath(path, work.latest.tree);
      requirePlain(value, path);
      return change((tree) => setValue(tree, keys, value), edit);
    },
    append: async (path, items, edit) => {
      const keys = knownPath(path, work.latest.tree);
      requirePlain(items, path);
      return change((tree) => appendItems(tree, keys, items), edit);
    },
    unset: async (path, edit) => {
      const keys = knownPath(path, work.latest.tree);
      return change((tree) => unsetValue(tree, keys), edit);
    },
    patch: async (changes, edit) => change((tree) => mergePatch(tree, changes), edit),
    validate: async (changes = {}) => inTurn(async () => void (await checkChange(work, (tree) => mergePatch(tree, changes), {}))),
    reload: () => inTurn(async () => adopt(work, await completeConfig(await readConfig(work.latest.places.configFile), work.latest.places, options.load))),
    schema: configJsonSchema,
    onChange: (prefix, apply) => {
      const listener = { prefix, apply };
      work.listeners.push(listener);
      return () => void work.listeners.splice(work.listeners.indexOf(listener) >>> 0, 1);
    },
    current: () => work.latest,
  };
}

interface CheckedChange {
  readonly before: WrittenConfig;
  readonly text: string;
  readonly loaded: LoadedConfig;
}

/** Makes the new text and checks the whole config with it. Nothing is written. */
async function checkChange(work: Work, mutate: (tree: Table) => ConfigKeys[], { expectedDigest }: ConfigEditOptions): Promise<CheckedChange> {
  const { places } = work.latest;
  const before = await readConfig(places.configFile);
  if (expectedDigest !== undefined && expectedDigest !== before.digest) throw changedMeanwhile();
  const tree = structuredClone(before.main?.tree ?? {});
  const touched = mutate(tree);
  const { origins } = await originsWithEnv(before, places, work.options.load);
  if (touched.some(([key]) => key === "include" || key === "$include")) throw badPath("include", "includes are changed by hand only");
  for (const path of touched) refuseElsewhere(origins, path, places.configFile);
  const text = await editText(before.main?.text ?? "", tree, places.configFile);
  const loaded = await completeConfig(await readConfig(places.configFile, { text }), places, work.options.load).catch((thrown: unknown) => {
    throw thrown instanceof ConfigInvalid ? refuseChange(thrown, touched.map(formatPath)) : thrown;
  });
  return { before, text, loaded };
}

async function writeChange(work: Work, { before, text }: CheckedChange): Promise<void> {
  const { configFile } = work.latest.places;
  if (text === before.main?.text) return;
  if ((await readConfig(configFile)).digest !== before.digest) throw changedMeanwhile();
  await mkdir(dirname(configFile), { recursive: true, mode: 0o700 });
  const write = work.options.write ?? writeFileAtomic;
  await write(configFile, text);
}

/** Takes a checked config as the newest and lets the listeners apply what they can. */
async function adopt(work: Work, loaded: LoadedConfig): Promise<ConfigChange> {
  const after = valuesOf(loaded.config);
  const changed = changedPaths(valuesOf(work.latest.config), after);
  work.latest = loaded;
  const applied = changed.filter((path) => work.running.get(path) === after.get(path));
  const groups = Map.groupBy(
    changed.filter((path) => !applied.includes(path)),
    (path) => listenerOf(work, path),
  );
  // In the order of their registration: who comes first may be needed by those behind it.
  const inOrder = [...groups].toSorted(([a], [b]) => work.listeners.indexOf(a!) - work.listeners.indexOf(b!));
  for (const [listener, paths] of inOrder) if (listener !== undefined && (await tryApply(work, listener.apply, paths))) applied.push(...paths);
  for (const path of applied) {
    const value = after.get(path);
    if (value === undefined) work.running.delete(path);
    else work.running.set(path, value);
  }
  return { applied: applied.toSorted(), restart_required: changed.filter((path) => !applied.includes(path)), digest: loaded.digest };
}

async function tryApply(work: Work, apply: ApplyChange, paths: readonly string[]): Promise<boolean> {
  try {
    await apply(work.latest.config, paths);
    return true;
  } catch (error) {
    (work.options.log ?? silentLog).error("a change of the config could not be applied; it needs a restart", { paths, error });
    return false;
  }
}

function listenerOf(work: Work, path: string) {
  return work.listeners
    .filter(({ prefix }) => path === prefix || path.startsWith(`${prefix}.`) || path.startsWith(`${prefix}[`))
    .toSorted((a, b) => b.prefix.length - a.prefix.length)[0];
}

function getValue(loaded: LoadedConfig, path: readonly string[]): ConfigValue {
  requireKnown(path, loaded.tree);
  const source = nearestSource(loaded.provenance, path);
  return {
    value: showConfig(getAt(loaded.config, path), getAt(loaded.tree, path)),
    source: formatSource(loaded.provenance.has(formatPath(path)) || getAt(loaded.tree, path) !== undefined ? source : { type: "default" }),
    digest: loaded.digest,
  };
}

function knownPath(text: string, tree: Table): string[] {
  const path = parsePath(text);
  if (path.length === 0) throw badPath(text, "name a key, for example gateway.port");
  requireKnown(path, tree);
  return path;
}

/** @throws RequestError `config_bad_path` naming the nearest key. */
function requireKnown(path: readonly string[], tree: Table): void {
  let schema: Parameters<typeof childOf>[0] = rootSchema;
  for (const [index, key] of path.entries()) {
    const { schema: below, names } = childOf(schema, key, getAt(tree, path.slice(0, index)));
    if (below === undefined) {
      const nearest = nearestName(key, names);
      throw badPath(
        formatPath(path),
        nearest === undefined ? `there are: ${names.join(", ") || "no keys below it"}` : `did you mean ${formatPath([...path.slice(0, index), nearest])}?`,
      );
    }
    schema = below;
  }
}

/** A change in the main file would be hidden, or would hide what somebody keeps elsewhere on purpose. */
function refuseElsewhere(origins: ReadonlyMap<string, Source>, path: readonly string[], mainFile: string): void {
  const key = formatPath(path);
  const elsewhere = (source: Source) => source.type === "env" || (source.type === "file" && source.file !== mainFile);
  let found = [...origins].find(
    ([origin, source]) => (origin === key || origin.startsWith(`${key}.`) || origin.startsWith(`${key}[`)) && elsewhere(source),
  )?.[1];
  for (let length = path.length - 1; length > 0 && found === undefined; length--) {
    const above = origins.get(formatPath(path.slice(0, length)));
    if (above?.type === "env") found = above;
  }
  if (found !== undefined)
    throw new RequestError("config_elsewhere", `${key} is set by ${formatSource(found)}`, { hint: `change it there: ${formatSource(found)}` });
}

function changedMeanwhile(): RequestError {
  return new RequestError("config_changed", "the config has changed since it was read", { hint: "read it again and repeat the change" });
}

/** Runs one after the other, whether or not the one before failed. */
function oneAtATime(): <T>(run: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (run) => {
    const result = last.then(run, run);
    last = result.catch(() => {});
    return result;
  };
}
