/** A disk that can be full: a small tmpfs where mounting is allowed, else a limit on the size of the files that one process may write. */
import { spawnSync } from "node:child_process";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface SmallDisk {
  /** For the home folder; its parent is the disk. */
  readonly folder: string;
  /** How the disk is made full: `tmpfs`, or `rlimit` where nothing may be mounted (plain containers). */
  readonly how: "tmpfs" | "rlimit";
  /** Nothing more can be written, by the process `pid` at least. */
  fill(pid: number): void;
  free(pid: number): void;
  remove(): void;
}

/** @param megabytes of the tmpfs. @throws Error when neither way is there */
export function openSmallDisk(megabytes = 24): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), "clanker-disk-"));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m,mode=700`, "tmpfs", folder]).status === 0;
  const unmount = () => void spawnSync("umount", ["-l", folder]);
  if (mounted) process.once("exit", unmount);
  const ballast = join(folder, "ballast");
  // Even an append to a file that is there must fail: so nothing at all may be written.
  const limit = (pid: number, bytes: string) => {
    const { status, stderr } = spawnSync("prlimit", ["--pid", String(pid), `--fsize=${bytes}:unlimited`]);
    if (status !== 0) throw new Error(`neither a tmpfs may be mounted nor a limit be set: ${String(stderr)}`);
  };
  return {
    folder,
    how: mounted ? "tmpfs" : "rlimit",
    fill(pid) {
      if (!mounted) return limit(pid, "0");
      try {
        for (;;) appendFileSync(ballast, Buffer.alloc(4096));
      } catch (error) {
        if ((error as { code?: string }).code !== "ENOSPC") throw error;
      }
    },
    free(pid) {
      if (mounted) rmSync(ballast, { force: true });
      else limit(pid, "unlimited");
    },
    remove() {
      if (mounted) {
        unmount();
        process.off("exit", unmount);
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
