import type { Env } from "./env.ts";

export type Interpolated = { readonly text: string; /** Whether anything was put in. */ readonly changed: boolean } | { readonly problem: string };

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * `${NAME}` is the variable, `${NAME:-text}` the text when the variable is unset or empty, `$${` the two characters `${`.
 * What is put in is not looked at again.
 */
export function interpolate(text: string, env: Env): Interpolated {
  let out = "";
  let at = 0;
  let changed = false;
  for (let next = text.indexOf("${"); next !== -1; next = text.indexOf("${", at)) {
    if (next > at && text[next - 1] === "$") {
      out += `${text.slice(at, next - 1)}\${`;
      at = next + 2;
      continue;
    }
    const end = text.indexOf("}", next);
    if (end === -1) return { problem: "${ without }: write $${ for the characters themselves" };
    const inside = text.slice(next + 2, end);
    const split = inside.indexOf(":-");
    const name = split === -1 ? inside : inside.slice(0, split);
    if (!NAME.test(name)) return { problem: "${ must be followed by the name of an environment variable and }: write $${ for the characters themselves" };
    const value = env[name];
    if (split === -1 && value === undefined) return { problem: `environment variable ${name} is not set` };
    out += text.slice(at, next) + (split !== -1 && (value === undefined || value === "") ? inside.slice(split + 2) : value!);
    at = end + 1;
    changed = true;
  }
  return { text: out + text.slice(at), changed };
}
