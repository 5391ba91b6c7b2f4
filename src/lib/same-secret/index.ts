import type { Secret } from "../../core/secret.ts";

/** Compares all characters whatever the first difference is, so that the time tells nothing about the secret. An empty secret is nobody's (sec-104). */
export function isSameSecret(given: string | null, secret: Secret): boolean {
  const expected = secret.reveal();
  const text = given ?? "";
  let difference = text.length ^ expected.length;
  for (let i = 0; i < expected.length; i++) difference |= expected.charCodeAt(i) ^ (i < text.length ? text.charCodeAt(i) : 0);
  return expected !== "" && difference === 0;
}
