import type { ExecLimits } from "../../../core/processes.ts";

/** What is to run, as it looks from inside of the sandbox. */
export interface Inside {
  /** A name of this run that no other has: letters, digits and hyphens. */
  readonly id: string;
  readonly argv: readonly string[];
  /** Real path of the folder that becomes /workspace. */
  readonly workspace: string;
  /** Absolute, /workspace or below. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly limits: ExecLimits;
}

/** A command line for the host. */
export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  /** The whole environment of the command. */
  readonly env: Readonly<Record<string, string>>;
  /** Texts that the command reads from descriptors 3, 4 ... */
  readonly data?: readonly string[];
  /** It binds itself to its parent's end only after a while: until then, and as well as then, somebody else sees to it. */
  readonly leash?: true;
  /** Run to end the sandbox beside killing the command, where killing it is not enough. */
  readonly stop?: readonly string[];
}

/** One way to keep a program in. */
export interface Backend {
  /** Name and version. */
  readonly name: string;
  launch(inside: Inside): Launch;
  /** A command that ends what an earlier gateway of this home left behind; undefined where nothing can be left. */
  readonly reap?: Launch;
}

/** Runs a command of the host to its end, for finding out what works. Never throws: a program that is not there ends with code 127. */
export type Ask = (
  argv: readonly string[],
  env?: Readonly<Record<string, string>>,
  data?: readonly string[],
) => Promise<{ readonly code: number; readonly output: string }>;

/** What a back end that cannot be used says. */
export interface Refusal {
  readonly reason: string;
  readonly hint: string;
}

/** User and group of sandboxed programs when the gateway is root: nobody, who owns nothing. */
export const SANDBOX_USER = 65_534;

/** The environment of every program: built from nothing, nothing of the gateway's own gets through (sec-49, sec-100). */
export function execEnv(home: string): Record<string, string> {
  return { HOME: home, LANG: "C.UTF-8", PATH: "/usr/local/bin:/usr/bin:/bin", TERM: "dumb", TMPDIR: "/tmp" };
}
