import { ToolError } from "../../core/errors.ts";

/** The arguments of a tool call, read by name. Every reader throws ToolError `bad_arguments` for a wrong type. */
export interface ToolArgs {
  has(name: string): boolean;
  text(name: string): string | undefined;
  /** A text that has to be there and not empty. */
  needText(name: string): string;
  texts(name: string): readonly string[] | undefined;
  flag(name: string): boolean;
  /** A whole number within bounds. */
  count(name: string, bounds: { readonly min: number; readonly max: number }): number | undefined;
}

/** @param known the names in the tool's schema; any other is refused. @throws ToolError `bad_arguments` */
export function toolArgs(args: unknown, known: readonly string[]): ToolArgs {
  if (typeof args !== "object" || args === null || Array.isArray(args)) throw bad("the arguments must be an object");
  const values = args as Record<string, unknown>;
  const unknown = Object.keys(values).find((name) => !known.includes(name));
  if (unknown !== undefined) throw bad(`unknown argument ${JSON.stringify(unknown.slice(0, 100))}; known: ${known.join(", ")}`);

  const text = (name: string) => {
    const value = values[name];
    if (value !== undefined && typeof value !== "string") throw bad(`${name} must be a text`);
    return value;
  };
  return {
    has: (name) => values[name] !== undefined,
    text,
    needText(name) {
      const value = text(name);
      if (value === undefined || value === "") throw bad(`${name} is missing`);
      return value;
    },
    texts(name) {
      const value = values[name];
      if (value === undefined) return undefined;
      if (!Array.isArray(value) || !value.every((item) => typeof item === "string")) throw bad(`${name} must be a list of texts`);
      return value;
    },
    flag(name) {
      const value = values[name];
      if (value !== undefined && typeof value !== "boolean") throw bad(`${name} must be true or false`);
      return value === true;
    },
    count(name, { min, max }) {
      const value = values[name];
      if (value === undefined) return undefined;
      if (!Number.isInteger(value) || (value as number) < min || (value as number) > max) throw bad(`${name} must be a whole number from ${min} to ${max}`);
      return value as number;
    },
  };
}

function bad(message: string): ToolError {
  return new ToolError("bad_arguments", message);
}
