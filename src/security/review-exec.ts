import type { ToolReview } from "../core/tool.ts";
import { execRisk } from "./exec-risk.ts";

/**
 * What the gate has to know of a call that runs a program, from its arguments `argv` or `script` alone: whatever runs other code than its name says always asks and is
 * never remembered (sec-44, sec-50). Broken arguments are the tool's own matter.
 */
export function reviewExec(args: unknown): ToolReview {
  const { argv, script } = (typeof args === "object" && args !== null ? args : {}) as { argv?: unknown; script?: unknown };
  if (typeof script === "string") return unsafe(execRisk({ kind: "script", script }));
  if (!Array.isArray(argv) || argv.length === 0 || !argv.every((item) => typeof item === "string")) return {};
  return unsafe(execRisk({ kind: "argv", argv: argv as string[] }));
}

function unsafe(risk: ReturnType<typeof execRisk>): ToolReview {
  return risk.kind === "plain" ? {} : { ask: risk.reason, rememberable: false };
}
