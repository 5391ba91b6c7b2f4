import { closeSync, existsSync, ftruncateSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { dirname } from "node:path";

export interface LogFileOptions {
  readonly path: string;
  /** A file that would grow past this is put aside as PATH.1, PATH.2 ... Default 10 MB. */
  readonly maxBytes?: number;
  /** How many put-aside files are kept; default 5. */
  readonly keep?: number;
}

export interface LogFile {
  /** Takes whole lines. @throws what the file system says; the log drops the line then, and the next call tries anew. */
  write(line: string): void;
  /** Takes lines out of the file and those that were put aside. @returns how many. */
  remove(matches: (line: string) => boolean): number;
  /** Lines of the file and those that were put aside, oldest first. */
  find(matches: (line: string) => boolean): string[];
  close(): void;
}

/** A log file of mode 0600 that rotates by size. Opened on the first write, and again after any failure, so that space or a mount that returns is enough. */
export function createLogFile({ path, maxBytes = 10_000_000, keep = 5 }: LogFileOptions): LogFile {
  let file: { fd: number; bytes: number } | undefined;

  const open = () => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const bytes = existsSync(path) ? statSync(path).size : 0;
    return { fd: openSync(path, "a", 0o600), bytes };
  };
  const close = () => {
    if (file === undefined) return;
    const { fd } = file;
    file = undefined;
    closeSync(fd);
  };
  const rotate = () => {
    close();
    rmSync(`${path}.${keep}`, { force: true });
    for (let number = keep - 1; number >= 1; number--) if (existsSync(`${path}.${number}`)) renameSync(`${path}.${number}`, `${path}.${number + 1}`);
    if (keep > 0) renameSync(path, `${path}.1`);
    else rmSync(path, { force: true });
  };

  /** Newest first. */
  const names = () => [path, ...Array.from({ length: keep }, (_, index) => `${path}.${index + 1}`)].filter((name) => existsSync(name));

  return {
    write(line) {
      const bytes = Buffer.from(line);
      file ??= open();
      if (file.bytes > 0 && file.bytes + bytes.length > maxBytes) {
        rotate();
        file = open();
      }
      try {
        const written = writeSync(file.fd, bytes);
        if (written < bytes.length) {
          // A disk that becomes full takes a part of it, without an error: the next line would begin behind half a line.
          ftruncateSync(file.fd, file.bytes);
          throw new Error(`ENOSPC: the disk took ${written} of ${bytes.length} bytes of a line`);
        }
        file.bytes += written;
      } catch (error) {
        close();
        throw error;
      }
    },
    remove(matches) {
      close();
      let removed = 0;
      for (const name of names()) {
        const lines = readFileSync(name, "utf8").split("\n");
        const kept = lines.filter((line) => !matches(line));
        if (kept.length === lines.length) continue;
        removed += lines.length - kept.length;
        writeFileSync(`${name}.new`, kept.join("\n"), { mode: 0o600 });
        renameSync(`${name}.new`, name);
      }
      return removed;
    },
    find: (matches) =>
      names()
        .toReversed()
        .flatMap((name) => readFileSync(name, "utf8").split("\n").filter(matches)),
    close,
  };
}
