import type { Env } from "../config/index.ts";

export interface RunGatewayOptions {
  readonly configPath?: string;
  readonly home?: string;
  readonly env: Env;
  readonly verbose?: boolean;
  readonly debug?: boolean;
  readonly color?: boolean;
  /** For a person at a terminal: the URL and what to do next. */
  readonly print: (line: string) => void;
  /** Stops the gateway as SIGTERM does. */
  readonly signal?: AbortSignal;
}
