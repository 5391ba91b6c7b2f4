import type { Output } from "./output.ts";

/** The options that every command has. */
export interface GlobalOptions {
  readonly config?: string;
  readonly home?: string;
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly debug?: boolean;
  readonly color?: boolean;
}

/** What a command gets besides its own arguments. */
export interface CliContext {
  readonly output: Output;
  readonly options: GlobalOptions;
  readonly env: Readonly<Record<string, string | undefined>>;
}
