import { ToolError } from "../../core/errors.ts";
import type { Tool, ToolResult } from "../../core/tool.ts";
import { evaluate, MAX_EXPRESSION } from "./evaluate.ts";
import { formatRational } from "./rational.ts";

/** The tool `calculate`: exact arithmetic on fractions of any size, where models guess. */
export function createCalculateTool(): Tool {
  return {
    spec: {
      name: "calculate",
      description: "Exact arithmetic: + - * / ^ ( ), a % b (remainder), 15% (percent), sqrt abs round(x, places) min max pi.",
      parameters: {
        type: "object",
        properties: { expression: { type: "string", minLength: 1, maxLength: MAX_EXPRESSION, description: "for example (12.5 + 3) * 7" } },
        required: ["expression"],
        additionalProperties: false,
      },
    },
    effects: [],
    idempotent: true,
    parallel: true,
    timeoutMs: 2_000,
    run: async (args, context) => {
      if (context.signal.aborted) throw new ToolError("aborted", "the call was aborted");
      return calculate(expressionOf(args));
    },
  };
}

function calculate(expression: string): ToolResult {
  const value = evaluate(expression);
  const { text, exact } = formatRational(value);
  const fraction = !exact && value.exact && String(value.above).length + String(value.below).length < 40 ? ` (exactly ${value.above}/${value.below})` : "";
  return { text: `${expression.trim()} ${exact ? "=" : "≈"} ${text}${fraction}`, error: false };
}

/** @throws ToolError `bad_arguments` */
function expressionOf(args: unknown): string {
  if (typeof args !== "object" || args === null || Array.isArray(args)) throw new ToolError("bad_arguments", "the arguments must be an object");
  const { expression, ...others } = args as Record<string, unknown>;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw new ToolError("bad_arguments", `unknown argument ${JSON.stringify(unknown.slice(0, 100))}; known: expression`);
  if (typeof expression !== "string" || expression.trim() === "") throw new ToolError("bad_arguments", "expression must be a text such as 12 * 7");
  return expression;
}
