/** A JSON Schema (as our valibot schemas give it) as a TypeScript type on one line. */
export function schemaToType(schema: unknown): string {
  if (typeof schema !== "object" || schema === null) return "unknown";
  const s = schema as Record<string, unknown>;
  if ("const" in s) return JSON.stringify(s["const"]);
  if (Array.isArray(s["enum"])) return s["enum"].map((value) => JSON.stringify(value)).join(" | ");
  const union = s["anyOf"] ?? s["oneOf"];
  if (Array.isArray(union)) return union.map(schemaToType).join(" | ");
  switch (s["type"]) {
    case "string":
    case "boolean":
    case "null":
      return s["type"];
    case "number":
    case "integer":
      return "number";
    case "array":
      return `readonly ${parenthesised(schemaToType(s["items"]))}[]`;
    case "object":
      return objectType(s);
    default:
      return "unknown";
  }
}

function objectType(s: Record<string, unknown>): string {
  const properties = Object.entries((s["properties"] ?? {}) as Record<string, unknown>);
  const required = new Set((s["required"] ?? []) as string[]);
  if (properties.length === 0) {
    const values = s["additionalProperties"];
    return typeof values === "object" && values !== null ? `Readonly<Record<string, ${schemaToType(values)}>>` : s["additionalProperties"] === false ? "Record<string, never>" : "Readonly<Record<string, unknown>>";
  }
  return `{ ${properties.map(([name, value]) => `readonly ${name}${required.has(name) ? "" : "?"}: ${schemaToType(value)}`).join("; ")} }`;
}

function parenthesised(type: string): string {
  return type.includes(" | ") ? `(${type})` : type;
}
