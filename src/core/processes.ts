/**
 * The one door to other programs (security/host/processes). A tool hands in what to run and where; the door builds the environment from nothing, puts the
 * program into a sandbox or, where the owner permits, on the host, and keeps limits. What must stay true: a program that should be sandboxed never runs elsewhere;
 * after `run` settles or `kill` resolves none of its processes is left.
 */

/** `sandbox`: only /usr and the workspace, no network. `host`: the owner's machine, for the owner's own main session. */
export type ExecProfile = "sandbox" | "host";

/** `argv` is handed to execve as it is; `script` goes to `sh -c` and is never remembered by an approval (security.md, Exec). */
export type ExecProgram = { readonly kind: "argv"; readonly argv: readonly string[] } | { readonly kind: "script"; readonly script: string };

export interface ExecLimits {
  /** Wall clock, milliseconds. */
  readonly timeMs: number;
  /** Of all its processes together, MB. */
  readonly memoryMb: number;
  readonly processes: number;
  /** Longest file it may write, MB. */
  readonly fileMb: number;
  /** Bytes of stdout and stderr after which it is stopped. */
  readonly outputBytes: number;
}

export interface ExecRequest {
  readonly program: ExecProgram;
  readonly profile: ExecProfile;
  /** Real path of the workspace folder, from `Workspace.root`. */
  readonly workspace: string;
  /** Folder inside the workspace, as the model named it; default: the workspace itself. */
  readonly cwd?: string;
  readonly stdin?: string;
  readonly limits?: Partial<ExecLimits>;
}

/** What is about to be run, as facts that are computed before and checked again at the run (sec-51, sec-52, sec-53). Hashes are SHA-256, hexadecimal. */
export interface ExecPlan {
  readonly kind: ExecProgram["kind"];
  /** Exactly what execve gets inside the profile. */
  readonly argv: readonly string[];
  readonly executable: { readonly path: string; readonly sha256: string };
  /** Files of the workspace that the arguments name: they may be scripts. */
  readonly scripts: readonly { readonly path: string; readonly sha256: string }[];
  readonly cwd: { readonly path: string; readonly device: string; readonly inode: string };
  readonly envHash: string;
  readonly stdinHash: string;
  readonly profile: ExecProfile;
  /** Which back end, and its version. */
  readonly backend: string;
  readonly network: "none" | "host";
  readonly limits: ExecLimits;
}

/** `limit`: one of the limits stopped it; `cancelled`: the signal or a kill. */
export type ExecEnd =
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "signalled"; readonly signal: string }
  | { readonly kind: "limit"; readonly limit: "time" | "memory" | "processes" | "output" }
  | { readonly kind: "cancelled" };

export interface ExecResult {
  readonly end: ExecEnd;
  /** Beginning and end of what it wrote to stdout and stderr, in the order of arrival, with a line that says how much is left out. */
  readonly output: string;
  /** Bytes that it wrote, as far as they were read. */
  readonly written: number;
  /** Milliseconds. */
  readonly tookMs: number;
}

export interface ExecOptions {
  readonly signal?: AbortSignal;
  /** Facts that were approved: they are computed again, and a difference refuses the run. */
  readonly plan?: ExecPlan;
  /** Output as it comes, for showing alone. Must not throw. */
  readonly onOutput?: (text: string) => void;
}

/** A program that goes on while the turn ends. It belongs to one session. */
export interface BackgroundProcess {
  readonly id: string;
  /** What was asked for, shortened. */
  readonly title: string;
  /** Undefined while it runs. */
  end(): ExecEnd | undefined;
  /** Output since the last call; what did not fit is left out from its beginning. */
  poll(): string;
  /** Resolves when none of its processes is left. */
  kill(): Promise<void>;
}

export type ExecAvailability =
  | { readonly kind: "available"; readonly backend: string }
  | { readonly kind: "unavailable"; readonly reason: string; readonly hint: string };

export interface Processes {
  /** Asked once, then remembered. */
  availability(profile: ExecProfile): Promise<ExecAvailability>;
  /** @throws ToolError `sandbox_unavailable`, `path_refused`, `program_not_found`, `bad_arguments` */
  plan(request: ExecRequest): Promise<ExecPlan>;
  /** @throws ToolError as `plan`, and `plan_changed` */
  run(request: ExecRequest, options?: ExecOptions): Promise<ExecResult>;
  /** Starts a background process of `session`. @throws ToolError as `run`, and `too_many_processes` */
  start(session: string, request: ExecRequest, options?: Pick<ExecOptions, "plan">): Promise<BackgroundProcess>;
  /** Background processes of a session, ended ones included until they are polled. */
  list(session: string): readonly BackgroundProcess[];
  /** Ends every process; nothing can be started afterwards. */
  close(): Promise<void>;
}
