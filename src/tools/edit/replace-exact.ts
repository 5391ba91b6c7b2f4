import { ToolError } from "../../core/errors.ts";

/** @throws ToolError `no_match`, `many_matches` */
export function replaceExact(text: string, { old, replacement, all }: { readonly old: string; readonly replacement: string; readonly all: boolean }): string {
  const pieces = text.split(old);
  if (pieces.length === 1)
    throw new ToolError("no_match", "the text to replace is not in the file", { hint: "read the file and give the text exactly as it is, with its spaces" });
  if (pieces.length > 2 && !all) {
    throw new ToolError("many_matches", `the text to replace occurs ${pieces.length - 1} times`, { hint: "give more of the text around it, or set all" });
  }
  return pieces.join(replacement);
}
