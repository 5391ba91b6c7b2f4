import type { Label } from "./label.ts";
import type { Principal } from "./principal.ts";

/**
 * The one door to paths that a model named (security/host/workspace). Every path is relative to a workspace folder and is walked component by component by
 * descriptors, so that neither a link nor a race leads out of it. What must stay true: no byte outside of the folder is read, changed or revealed.
 *
 * All methods throw ToolError: `path_refused` (the name, a link that leaves, a hard link, not a plain file), `not_found`, `exists`, `too_large`, `file_changed`,
 * `file_failed` (disk full, no permission).
 */
export interface Workspace {
  /** Real path of the folder, for ExecRequest. */
  readonly root: string;
  /** The path as people and results name it: relative, without `.` and `..`. Says nothing about what is there. */
  normalise(path: string): string;
  stat(path: string): Promise<FileInfo | undefined>;
  /** @param options.limit bytes; a longer file is `too_large` unless `part` asks for a piece of it. */
  read(path: string, options: ReadOptions): Promise<FileBytes>;
  /** Replaces or makes a file, whole or not at all; missing folders are made. `digest`: only if the file still has it. */
  write(path: string, bytes: Uint8Array, options: WriteOptions): Promise<FileInfo>;
  /** Adds to the end; makes the file if there is none. */
  append(path: string, bytes: Uint8Array, options: WriteOptions): Promise<FileInfo>;
  /** What is in a folder, by name, at most `limit` items over all depths. */
  list(path: string, options: { readonly depth: number; readonly limit: number; readonly signal?: AbortSignal }): Promise<Listing>;
  /** Lines that match; a regular expression that takes too long ends with what was found and `timedOut`. */
  search(query: SearchQuery, options: { readonly signal?: AbortSignal }): Promise<SearchResult>;
  /** Who may have written anything in it, names of files included; survives restarts (sec-91). Single files have labels of their own: see `read` and `write`. */
  label(): Label;
  /** Joins a label to everything, before a program runs that may write anywhere. Durable before it resolves. */
  taint(label: Label): Promise<void>;
}

export interface FileInfo {
  readonly path: string;
  readonly kind: "file" | "folder" | "link" | "other";
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly changedAt: number;
}

export interface ReadOptions {
  readonly limit: number;
  /** First byte; default 0. */
  readonly offset?: number;
  /** A file that goes on behind `limit` is cut there instead of refused. */
  readonly part?: boolean;
}

export interface FileBytes extends FileInfo {
  readonly bytes: Uint8Array;
  /** SHA-256 of the bytes, hexadecimal. */
  readonly digest: string;
  /** Who may have written it. */
  readonly label: Label;
}

export interface WriteOptions {
  /** Of what is written: the context's. Joined to the file's own, durably, before the file changes. */
  readonly label: Label;
  /** The file must not be there yet. */
  readonly create?: boolean;
  /** The file must still have these bytes (an edit that was made from them). */
  readonly digest?: string;
}

export interface Listing {
  readonly items: readonly FileInfo[];
  /** There is more than `limit`. */
  readonly more: boolean;
}

export interface SearchQuery {
  readonly path: string;
  readonly pattern: string;
  readonly kind: "literal" | "regex";
  readonly ignoreCase: boolean;
  /** Only files whose path below `path` matches: `*` within a folder, `**` across folders. */
  readonly files?: string;
  /** Most matching lines. */
  readonly limit: number;
  /** Milliseconds. */
  readonly timeMs: number;
}

export interface SearchResult {
  readonly matches: readonly { readonly path: string; readonly line: number; readonly text: string }[];
  /** Files that were looked into. */
  readonly files: number;
  /** `limit`: there may be more; `time`: the time was up. */
  readonly cut?: "limit" | "time";
}

/** Whose workspace: the owner's turns share the agent's folder; anybody else has one per session, so that files do not travel between people (sec-110). */
export interface WorkspaceOwner {
  readonly agent: string;
  readonly principal: Principal;
  readonly sessionId: string;
}

export interface Workspaces {
  /** Makes the folder when there is none. @throws ToolError `path_refused` for a name that is not a plain one (sec-70), `file_failed` */
  open(owner: WorkspaceOwner): Promise<Workspace>;
}

/** What file tools are given: the workspace of a call. @throws ToolError as `Workspaces.open`, and `sandbox_unavailable` where a sandbox is required and missing (sec-60) */
export type OpenWorkspace = (owner: WorkspaceOwner) => Promise<Workspace>;
