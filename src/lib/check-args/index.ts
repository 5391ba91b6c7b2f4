type Schema = Record<string, unknown>;

/** Deepest nesting of arguments that is looked at; deeper ones are refused. */
const MAX_DEPTH = 32;

/**
 * Checks a tool call's arguments against the tool's JSON Schema, before the tool or the gate see them. Knows the keywords that tool schemas are made of (type, enum,
 * const, properties, required, additionalProperties, items, bounds of numbers, strings and arrays, pattern, anyOf, oneOf, allOf, $ref to $defs); others (format,
 * description ...) are annotations and let everything pass.
 * @returns what is wrong, in words for the model, or undefined.
 */
export function checkArgs(parameters: Schema, args: unknown): string | undefined {
  return check(parameters, args, { path: "", depth: 0, root: parameters });
}

interface Place {
  readonly path: string;
  readonly depth: number;
  readonly root: Schema;
}

function check(schema: unknown, value: unknown, place: Place): string | undefined {
  if (schema === false) return `${nameOf(place)} is not allowed`;
  if (!isRecord(schema)) return undefined;
  if (place.depth > MAX_DEPTH) return `${nameOf(place)} is nested too deep`;
  if (typeof schema["$ref"] === "string") return check(resolve(schema["$ref"], place.root), value, { ...place, depth: place.depth + 1 });
  return (
    checkType(schema, value, place) ??
    checkChoices(schema, value, place) ??
    checkCombined(schema, value, place) ??
    (typeof value === "string" ? checkString(schema, value, place) : undefined) ??
    (typeof value === "number" ? checkNumber(schema, value, place) : undefined) ??
    (Array.isArray(value) ? checkArray(schema, value, place) : undefined) ??
    (isRecord(value) ? checkObject(schema, value, place) : undefined)
  );
}

function checkType(schema: Schema, value: unknown, place: Place): string | undefined {
  const { type } = schema;
  const types = typeof type === "string" ? [type] : Array.isArray(type) ? type.filter((name) => typeof name === "string") : [];
  if (types.length === 0 || types.some((name) => hasType(name, value))) return undefined;
  return `${nameOf(place)} must be ${types.join(" or ")}, not ${typeName(value)}`;
}

function hasType(type: string, value: unknown): boolean {
  if (type === "integer") return Number.isInteger(value);
  if (type === "number") return typeof value === "number" && Number.isFinite(value);
  return type === typeName(value);
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

function checkChoices(schema: Schema, value: unknown, place: Place): string | undefined {
  if (Array.isArray(schema["enum"]) && !schema["enum"].some((choice) => same(choice, value)))
    return `${nameOf(place)} must be one of ${JSON.stringify(schema["enum"])}`;
  if ("const" in schema && !same(schema["const"], value)) return `${nameOf(place)} must be ${JSON.stringify(schema["const"])}`;
  return undefined;
}

function checkCombined(schema: Schema, value: unknown, place: Place): string | undefined {
  const deeper = { ...place, depth: place.depth + 1 };
  for (const part of listOf(schema["allOf"])) {
    const wrong = check(part, value, deeper);
    if (wrong !== undefined) return wrong;
  }
  for (const choices of [listOf(schema["anyOf"]), listOf(schema["oneOf"])]) {
    if (choices.length === 0) continue;
    const wrongs = choices.map((choice) => check(choice, value, deeper));
    if (wrongs.every((wrong) => wrong !== undefined)) return wrongs[0];
  }
  return undefined;
}

function checkString(schema: Schema, value: string, place: Place): string | undefined {
  const length = [...value].length;
  const { minLength, maxLength, pattern } = schema;
  if (typeof minLength === "number" && length < minLength) return `${nameOf(place)} must have at least ${minLength} characters`;
  if (typeof maxLength === "number" && length > maxLength) return `${nameOf(place)} must have at most ${maxLength} characters`;
  if (typeof pattern === "string" && !matches(pattern, value)) return `${nameOf(place)} must match ${pattern}`;
  return undefined;
}

function checkNumber(schema: Schema, value: number, place: Place): string | undefined {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  if (typeof minimum === "number" && value < minimum) return `${nameOf(place)} must be at least ${minimum}`;
  if (typeof maximum === "number" && value > maximum) return `${nameOf(place)} must be at most ${maximum}`;
  if (typeof exclusiveMinimum === "number" && value <= exclusiveMinimum) return `${nameOf(place)} must be more than ${exclusiveMinimum}`;
  if (typeof exclusiveMaximum === "number" && value >= exclusiveMaximum) return `${nameOf(place)} must be less than ${exclusiveMaximum}`;
  return undefined;
}

function checkArray(schema: Schema, value: readonly unknown[], place: Place): string | undefined {
  const { minItems, maxItems, items } = schema;
  if (typeof minItems === "number" && value.length < minItems) return `${nameOf(place)} must have at least ${minItems} items`;
  if (typeof maxItems === "number" && value.length > maxItems) return `${nameOf(place)} must have at most ${maxItems} items`;
  for (const [index, item] of value.entries()) {
    const wrong = check(items, item, { ...place, path: `${place.path}[${index}]`, depth: place.depth + 1 });
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function checkObject(schema: Schema, value: Record<string, unknown>, place: Place): string | undefined {
  const properties = isRecord(schema["properties"]) ? schema["properties"] : {};
  for (const name of listOf(schema["required"]))
    if (typeof name === "string" && !Object.hasOwn(value, name)) return `${nameOf(inside(place, name))} is missing`;
  for (const [name, item] of Object.entries(value)) {
    const known = Object.hasOwn(properties, name);
    if (!known && schema["additionalProperties"] === false)
      return `${nameOf(inside(place, name))} is unknown; known: ${Object.keys(properties).join(", ") || "none"}`;
    const wrong = check(known ? properties[name] : schema["additionalProperties"], item, inside(place, name));
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function inside(place: Place, name: string): Place {
  return { ...place, path: place.path === "" ? name : `${place.path}.${name}`, depth: place.depth + 1 };
}

function nameOf(place: Place): string {
  return place.path === "" ? "arguments" : JSON.stringify(place.path.slice(0, 200));
}

/** Local references only: `#/$defs/name`. An unknown one allows nothing. */
function resolve(reference: string, root: Schema): unknown {
  if (reference === "#") return root;
  let found: unknown = root;
  for (const step of reference.replace(/^#\//u, "").split("/")) {
    const name = step.replaceAll("~1", "/").replaceAll("~0", "~");
    if (!isRecord(found) || !Object.hasOwn(found, name)) return false;
    found = found[name];
  }
  return found;
}

function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern, "u").test(value);
  } catch {
    // A pattern of another dialect is the tool's own to check.
    return true;
  }
}

function same(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === "object" && JSON.stringify(a) === JSON.stringify(b));
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
