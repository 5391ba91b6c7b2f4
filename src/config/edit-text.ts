import { isDeepStrictEqual } from "node:util";
import { ConfigError, RequestError } from "../core/errors.ts";
import type { Table } from "./config-path.ts";
import { formatOf, parseConfig } from "./parse-config.ts";

/**
 * The text of a config file with `tree` in place of what it holds. TOML keeps its comments and layout; JSON is written anew, and JSON5 only when it has no comments.
 * @throws RequestError `config_has_comments`; ConfigError `config_edit_failed` when the new text would not say exactly `tree`.
 */
export async function editText(text: string, tree: Table, file: string): Promise<string> {
  const edited = formatOf(file) === "toml" ? await editToml(text, tree, file) : editJson(text, tree, file);
  if (!isDeepStrictEqual(plain(parseConfig(edited, file).tree), plain(tree))) throw editFailed(file, "other keys would be touched");
  return edited;
}

function editFailed(file: string, why: string): ConfigError {
  return new ConfigError("config_edit_failed", `${file} could not be changed: ${why}`, { hint: "change it by hand, then run: clanker config validate" });
}

async function editToml(text: string, tree: Table, file: string): Promise<string> {
  // Large, and needed for a change alone: a start does without it.
  const { patch, TomlFormat } = await import("@decimalturn/toml-patch");
  const format = text.trim() === "" ? TomlFormat.default() : TomlFormat.autoDetectFormat(text);
  // Tables of the config are sections, whatever their depth.
  format.inlineTableStart = 8;
  try {
    return patch(text, tree, format);
  } catch (error) {
    throw editFailed(file, error instanceof Error ? error.message : String(error));
  }
}

function editJson(text: string, tree: Table, file: string): string {
  if (text.trim() !== "" && parseConfig(text, file).comments) {
    throw new RequestError("config_has_comments", `${file} has comments, which would be lost`, {
      hint: "change it by hand, or move to config.toml, where comments are kept",
    });
  }
  return `${JSON.stringify(tree, null, 2)}\n`;
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
