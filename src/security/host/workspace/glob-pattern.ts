/**
 * A glob as a regular expression over paths with `/`: `*` and `?` within a name, `**` across folders, `{a,b}`. A glob without a slash is about the last name alone, as
 * people mean it. Built so that matching takes linear time in practice: no nested repetition.
 */
export function globPattern(glob: string): RegExp {
  const whole = glob.includes("/") ? glob.replace(/^\.?\//u, "") : `**/${glob}`;
  let source = "";
  let open = false;
  for (const [token] of whole.matchAll(/\*\*\/|\*+|[^]/gu)) {
    if (token === "**/") source += "(?:.*/)?";
    else if (token === "**") source += ".*";
    else if (token.startsWith("*")) source += "[^/]*";
    else if (token === "?") source += "[^/]";
    else if (token === "{") source += ((open = true), "(?:");
    else if (token === "}" && open) source += ((open = false), ")");
    else if (token === "," && open) source += "|";
    else source += token.replaceAll(/[\\^$.*+?()[\]{}|]/gu, "\\$&");
  }
  return new RegExp(`^${source}${open ? ")" : ""}$`, "u");
}
