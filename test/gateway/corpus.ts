/** Requests made from a method's own schema: what is right, and what is wrong in every way a caller can be. */
type Json = Record<string, unknown>;

export interface Case {
  /** What is wrong with it; `right` when nothing is. */
  readonly what: string;
  readonly params: unknown;
}

const HUGE = "x".repeat(100_000);

/** A value the schema takes; what it says about form (patterns) is only met for the forms we know. */
export function sampleOf(schema: unknown): unknown {
  const s = (schema ?? {}) as Json;
  if ("const" in s) return s["const"];
  if (Array.isArray(s["enum"])) return s["enum"][0];
  const union = (s["anyOf"] ?? s["oneOf"]) as unknown[] | undefined;
  if (union !== undefined) return sampleOf(union[0]);
  switch (s["type"]) {
    case "string":
      return textOf(s);
    case "integer":
    case "number":
      return typeof s["minimum"] === "number" ? s["minimum"] : 1;
    case "boolean":
      return true;
    case "null":
      return null;
    case "array":
      return [sampleOf(s["items"])];
    case "object": {
      const properties = (s["properties"] ?? {}) as Json;
      const required = (s["required"] ?? []) as string[];
      return Object.fromEntries(required.map((key) => [key, sampleOf(properties[key])]));
    }
    default:
      return "anything";
  }
}

function textOf({ pattern, minLength = 1 }: Json): string {
  const known = ["a", "A".repeat(43), "A".repeat(86), "scripted:test", "gateway.port", "2030-01-01T00:00"];
  if (typeof pattern !== "string") return "a".repeat(Math.max(1, Number(minLength)));
  return known.find((text) => new RegExp(pattern, "u").test(text)) ?? "a";
}

const WRONG: readonly (readonly [string, unknown])[] = [
  ["null", null],
  ["a number", 7],
  ["a negative fraction", -1.5],
  ["a number beyond all", 1e308],
  ["a truth", true],
  ["an empty text", ""],
  ["NUL in a text", "a\u0000b"],
  ["half a character", "\ud800"],
  ["a huge text", HUGE],
  ["a path", "../../etc/passwd"],
  ["a list", [1, "two", null]],
  ["a table", { a: { b: 1 } }],
  ["a deep list", nested(200)],
];

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = [value];
  return value;
}

/** Every case for a parameter schema. */
export function casesOf(schema: unknown): Case[] {
  const right = sampleOf(schema) as Json;
  const { properties = {}, required = [] } = schema as { properties?: Json; required?: string[] };
  const cases: Case[] = [{ what: "right", params: right }];
  for (const params of [null, 1, "text", [], [right], true]) cases.push({ what: `params is ${JSON.stringify(params)?.slice(0, 20)}`, params });
  cases.push({ what: "a key more", params: { ...right, no_such_key: 1 } });
  cases.push({ what: "a prototype", params: JSON.parse('{"__proto__":{"admin":true},"constructor":1}') });
  for (const key of required) {
    const { [key]: _, ...rest } = right;
    cases.push({ what: `${key} is missing`, params: rest });
  }
  for (const [key, property] of Object.entries(properties)) {
    for (const [what, value] of WRONG) cases.push({ what: `${key} is ${what}`, params: { ...right, [key]: value } });
    const sample = sampleOf(property);
    if (!required.includes(key)) cases.push({ what: `right with ${key}`, params: { ...right, [key]: sample } });
  }
  return cases;
}
