import type { Tool, ToolResult } from "../../core/tool.ts";
import { defineTool } from "../../lib/define-tool/index.ts";
import { evaluate, MAX_EXPRESSION } from "./evaluate.ts";
import { formatRational } from "./rational.ts";

/** The tool `calculate`: exact arithmetic on fractions of any size, where models guess. */
export function createCalculateTool(): Tool {
  return defineTool<{ expression: string }>({
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
    run: async ({ expression }) => calculate(expression),
  });
}

function calculate(expression: string): ToolResult {
  const value = evaluate(expression);
  const { text, exact } = formatRational(value);
  const fraction = !exact && value.exact && String(value.above).length + String(value.below).length < 40 ? ` (exactly ${value.above}/${value.below})` : "";
  return { text: `${expression.trim()} ${exact ? "=" : "≈"} ${text}${fraction}`, error: false };
}
