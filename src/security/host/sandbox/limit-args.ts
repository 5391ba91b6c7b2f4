import type { ExecLimits } from "../../../core/processes.ts";

const MB = 1_000_000;
const OPEN_FILES = 1_024;

/**
 * `prlimit ... --`, put before a command: limits of each process, which the kernel keeps. What only holds for all of them together (memory, time, output) is watched
 * from outside. RLIMIT_DATA counts what is really written to, unlike RLIMIT_AS, which programs with large reservations (Node, Go, Java) run into at once.
 * @param counted false where processes of the same user outside of the sandbox would be counted, too.
 */
export function limitArgs({ timeMs, memoryMb, processes, fileMb }: ExecLimits, counted = true): string[] {
  const both = (name: string, value: number) => `--${name}=${value}:${value}`;
  return [
    "/usr/bin/prlimit",
    ...(counted ? [both("nproc", processes)] : []),
    both("fsize", fileMb * MB),
    both("data", memoryMb * MB),
    both("cpu", Math.ceil(timeMs / 1_000)),
    both("nofile", OPEN_FILES),
    both("core", 0),
    "--",
  ];
}
