import type { CliContext } from "../context.ts";
import { VERSION } from "../../core/version.ts";

/** `clanker version` */
export async function version({ output }: CliContext): Promise<void> {
  const json = { version: VERSION, node: process.versions.node, sqlite: process.versions["sqlite"] ?? "", platform: `${process.platform}-${process.arch}` };
  output.result({ json, text: `clanker ${VERSION} (node ${json.node}, sqlite ${json.sqlite}, ${json.platform})` });
}
