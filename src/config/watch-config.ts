/**
 * Watches the config file, what it includes and `.env` for edits made by hand. Folders are watched, not files: an editor that saves by renaming leaves a
 * watch on the file behind with the old one. What must stay true: a file that is gone, blank or half-written is never taken for a config, and whatever cannot be
 * taken leaves the config in force as it is.
 */
import { watch } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Clock } from "../core/clock.ts";
import type { ConfigChange } from "../core/config-editor.ts";
import { ConfigError, toClankerError, type ClankerError } from "../core/errors.ts";
import type { RunningConfigEditor } from "./create-config-editor.ts";

export interface WatchConfigOptions {
  readonly editor: Pick<RunningConfigEditor, "current" | "reload">;
  readonly clock: Clock;
  /** What an edit has changed; not called when it changed nothing. */
  readonly onChange: (change: ConfigChange) => void;
  /** An edit that cannot be taken. */
  readonly onRefused: (error: ClankerError) => void;
  /** Silence after which an edit counts as finished; default 200 ms. */
  readonly quietMs?: number;
  /** How long a file may be half-written, or away, before that is said; default 2 s. */
  readonly patienceMs?: number;
  /** Files are looked at this often as well, because not every file system tells of changes; default 5 s. */
  readonly lookMs?: number;
}

/** @returns the function that ends it. */
export function watchConfig({ editor, clock, onChange, onRefused, quietMs = 200, patienceMs = 2_000, lookMs = 5_000 }: WatchConfigOptions): () => void {
  let closed = false;
  let cancelQuiet = () => {};
  let cancelLook = () => {};
  /** Watches by folder. */
  const watches = new Map<string, { close(): void }>();
  let stamp: string | undefined;
  let looking = false;

  const files = (): string[] => {
    const { places, written } = editor.current();
    return [...new Set([places.configFile, ...written.files, join(places.configFolder, ".env")])];
  };
  const watchFolders = () => {
    const folders = new Set(files().map((file) => dirname(file)));
    for (const [folder, one] of watches) {
      if (folders.has(folder)) continue;
      one.close();
      watches.delete(folder);
    }
    for (const folder of folders) if (!watches.has(folder)) watchFolder(folder);
  };
  const watchFolder = (folder: string) => {
    try {
      const one = watch(folder, { persistent: false }, (_, name) => {
        if (name === null || files().some((file) => dirname(file) === folder && basename(file) === name)) poke();
      });
      // The folder has gone; the looks at the files go on.
      one.on("error", () => {
        one.close();
        watches.delete(folder);
      });
      watches.set(folder, one);
    } catch {
      // Not there yet: the next look tries again.
    }
  };

  const poke = (ms = quietMs, patience = patienceMs) => {
    cancelQuiet();
    if (!closed) cancelQuiet = clock.timer(ms, () => void take(patience));
  };

  /** @param patience milliseconds that what is wrong may still turn out to be half-written. */
  const take = async (patience: number) => {
    try {
      await refuseLost(editor);
      const change = await editor.reload();
      if (!closed && change.applied.length + change.restart_required.length > 0) onChange(change);
      watchFolders();
      stamp = await stampOf(files());
    } catch (thrown) {
      if (closed) return;
      const step = Math.max(quietMs, 50);
      if (patience > 0) return poke(step, patience - step);
      stamp = await stampOf(files());
      onRefused(toClankerError(thrown));
    }
  };

  const look = async () => {
    if (looking) return;
    looking = true;
    try {
      watchFolders();
      const now = await stampOf(files());
      if (stamp !== undefined && now !== stamp) poke();
      stamp = now;
    } finally {
      looking = false;
      if (!closed) cancelLook = clock.timer(lookMs, () => void look());
    }
  };
  void look();

  return () => {
    closed = true;
    cancelQuiet();
    cancelLook();
    for (const one of watches.values()) one.close();
    watches.clear();
  };
}

/** A config that had something in it does not become empty by an edit: that is an editor at work, a full disk or a mistake. @throws ConfigError `config_lost` */
async function refuseLost(editor: Pick<RunningConfigEditor, "current">): Promise<void> {
  const { places, written } = editor.current();
  if (written.main === undefined || written.main.text.trim() === "") return;
  const text = await readFile(places.configFile, "utf8").catch(() => undefined);
  if (text !== undefined && text.trim() !== "") return;
  throw new ConfigError("config_lost", `${places.configFile} is ${text === undefined ? "gone" : "empty"}; the config in force stays`, {
    hint: "put it back, or take it as it is by a restart of the gateway",
  });
}

/** Changes with every change of a file, also when it is replaced by another one of the same size. */
async function stampOf(files: readonly string[]): Promise<string> {
  const stamps = await Promise.all(
    files.map(async (file) => {
      const found = await stat(file).catch(() => undefined);
      return found === undefined ? "none" : `${found.ino} ${found.size} ${found.mtimeMs} ${found.ctimeMs}`;
    }),
  );
  return stamps.join("|");
}
