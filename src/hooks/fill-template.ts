/** Longest text that a hook tells, UTF-16 units. */
const MAX_TEXT = 50_000;
const PLACE = /\{\{\s*([\w.-]+)\s*\}\}/g;

/**
 * Puts values of a JSON body into a text: `{{a.b.0}}` is looked up by own keys and positions, `{{body}}` is all of it as JSON, what is not there is nothing. There is
 * no code in a template, and what a value says is not read as one.
 */
export function fillTemplate(template: string, body: unknown): string {
  const text = template.replaceAll(PLACE, (_, path: string) => show(path === "body" ? body : lookUp(body, path.split("."))));
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}\n(cut: ${text.length} characters)`;
}

function lookUp(value: unknown, [name, ...rest]: readonly string[]): unknown {
  if (name === undefined) return value;
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return lookUp((value as Record<string, unknown>)[name], rest);
}

function show(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? JSON.stringify(value, undefined, 1) : String(value);
}
