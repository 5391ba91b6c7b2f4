import type { Schema } from "../lib/schema/index.ts";
import { shapeOf } from "./known-keys.ts";

/**
 * A text as the type that its key has: numbers and booleans by their usual spelling, lists as JSON or separated by commas, tables as JSON.
 * A text that does not fit stays as it is, so that the schema names what was expected.
 */
export function coerce(schema: Schema, text: string): unknown {
  const shape = shapeOf(schema);
  const trimmed = text.trim();
  if (shape.kind === "array") {
    if (trimmed.startsWith("[")) return fromJson(trimmed) ?? text;
    return trimmed === "" ? [] : trimmed.split(",").map((item) => coerce(shape.item, item.trim()));
  }
  if (shape.kind === "table" || shape.kind === "record" || shape.kind === "choice") return trimmed.startsWith("{") ? (fromJson(trimmed) ?? text) : text;
  return coerceScalar(shape.type, text);
}

/** Numbers and booleans only. */
export function coerceScalar(type: string, text: string): unknown {
  const trimmed = text.trim();
  if (type === "number" && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) return Number(trimmed);
  if (type === "boolean" && /^(true|1)$/i.test(trimmed)) return true;
  if (type === "boolean" && /^(false|0)$/i.test(trimmed)) return false;
  return text;
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
