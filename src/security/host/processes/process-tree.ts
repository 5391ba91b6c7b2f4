import { readdir, readFile } from "node:fs/promises";

/** Every process below `pid`, itself included. Linux; elsewhere just `pid`. What ends meanwhile is left out. */
export async function processTree(pid: number): Promise<number[]> {
  const found: number[] = [];
  const waiting = [pid];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    found.push(next);
    waiting.push(...(await childrenOf(next)));
  }
  return found;
}

async function childrenOf(pid: number): Promise<number[]> {
  // Each thread has its own list of children.
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, "utf8").catch(() => "")));
  return lists.flatMap((list) => list.split(" ").map(Number)).filter((child) => child > 0);
}

/** Memory that belongs to these processes, MB: anonymous pages and shared memory, without the files they have mapped. */
export async function memoryOf(pids: readonly number[]): Promise<number> {
  const sizes = await Promise.all(
    pids.map(async (pid) => {
      const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
      const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "mu").exec(status)?.[1] ?? 0);
      return kilobytes("RssAnon") + kilobytes("RssShmem");
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0) / 1_000;
}

/** Processes of this user whose environment has `NAME=VALUE...`; on Linux alone. Finds what has left its group and its parents. */
export async function markedProcesses(mark: string): Promise<number[]> {
  const entries = await readdir("/proc").catch(() => []);
  const found = await Promise.all(
    entries
      .filter((entry) => /^\d+$/u.test(entry))
      .map(async (entry) => {
        const environ = await readFile(`/proc/${entry}/environ`, "latin1").catch(() => "");
        return environ.startsWith(mark) || environ.includes(`\0${mark}`) ? Number(entry) : undefined;
      }),
  );
  return found.filter((pid) => pid !== undefined);
}
