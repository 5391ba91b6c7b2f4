/** Writes the table in docs/openclaw-clients.md from the table of translations. `--check`: writes nothing, fails when they differ. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { EVENTS } from "../src/gateway/openclaw/event-rows.ts";
import { ROWS } from "../src/gateway/openclaw/table.ts";

const file = join(import.meta.dirname, "../docs/openclaw-clients.md");
const START = "<!-- rows: written by scripts/docs-openclaw.ts -->";
const END = "<!-- /rows -->";

const code = (text: string) => `\`${text}\``;
const rows = ROWS.map(({ method, scope, calls }) => `| ${code(method)} | ${code(`operator.${scope}`)} | ${calls.map(code).join(", ")} |`);
const table = ["| their method | asked for | stands on |", "|---|---|---|", ...rows].join("\n");
const events = `Events: ${EVENTS.map(code).join(", ")}.`;

const old = await readFile(file, "utf8");
const text = `${old.slice(0, old.indexOf(START))}${START}\n\n${table}\n\n${events}\n\n${END}${old.slice(old.indexOf(END) + END.length)}`;
if (text !== old && process.argv.includes("--check")) {
  console.error("docs/openclaw-clients.md is not what the table says: run node scripts/docs-openclaw.ts");
  process.exitCode = 1;
} else if (text !== old) await writeFile(file, text);
