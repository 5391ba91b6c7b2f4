import { spawn } from "node:child_process";
import { constants } from "node:fs";
import { mkdtemp, open, realpath, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { isAbsolute, join, relative, sep } from "node:path";
import { ChannelError } from "../../../core/errors.ts";
import type { LentFile, OwnersProgram, ProgramDestination, Programs } from "../../../core/programs.ts";
import { speakLines } from "./speak-lines.ts";

/** Longer lines are no messages. */
const MAX_LINE = 16_000_000;
/** What a program of the owner's finds its things by; nothing else of ours. */
const HANDED_ON = ["HOME", "PATH", "USER", "LOGNAME", "LANG", "TMPDIR", "SSH_AUTH_SOCK"];

/** @param env of the gateway. */
export function createPrograms(env: Readonly<Record<string, string | undefined>>): Programs {
  const own = Object.fromEntries(HANDED_ON.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
  return { start: (destination) => startProgram(destination, own) };
}

function startProgram({ command, folders }: ProgramDestination, env: Readonly<Record<string, string>>): OwnersProgram {
  const [file = "", ...args] = command;
  const child = spawn(file, args, { cwd: "/", env: { ...env }, stdio: ["pipe", "pipe", "ignore"], detached: true });
  return { ...speakLines(child, MAX_LINE), read: (path, limit) => readNamed(path, folders, limit), lend };
}

function atHome(path: string): string {
  return path.startsWith("~/") ? join(homedir(), path.slice(2)) : path;
}

/** What is read is the file behind all links, and only if that lies in one of the folders behind all links. */
async function readNamed(path: string, folders: readonly string[], limit: number): Promise<Uint8Array> {
  const real = await realpath(atHome(path)).catch(() => undefined);
  const gone = (why: unknown) => new ChannelError("file_gone", "the file is not there any more", "permanent", { hint: "Ask for it again", cause: why });
  if (real === undefined) throw gone(undefined);
  const roots = await Promise.all(folders.map((folder) => realpath(atHome(folder)).catch(() => undefined)));
  if (!roots.some((root) => root !== undefined && isBelow(real, root)))
    throw new ChannelError("file_refused", "the file is in no folder that may be read", "permanent", { hint: "Only files of messages are read" });
  // A link that took its place meanwhile is not followed.
  const file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW).catch((error: unknown) => {
    throw gone(error);
  });
  try {
    const { size } = await file.stat();
    if (size > limit) throw new ChannelError("file_too_big", `the file has ${size} bytes`, "permanent", { hint: "Files of up to 20 MB can be fetched" });
    return await file.readFile();
  } finally {
    await file.close();
  }
}

function isBelow(path: string, root: string): boolean {
  const way = relative(root, path);
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

async function lend(name: string, bytes: Uint8Array): Promise<LentFile> {
  const folder = await mkdtemp(join(tmpdir(), "clanker-file-"));
  const path = join(folder, name.replace(/[/\\\0]/g, "_"));
  const giveBack = () => rm(folder, { recursive: true, force: true }).catch(() => {});
  try {
    await writeFile(path, bytes, { mode: 0o600 });
  } catch (error) {
    await giveBack();
    throw error;
  }
  return { path, giveBack };
}
