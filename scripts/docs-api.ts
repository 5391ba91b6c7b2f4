/** Writes docs/api.md and the client's types from the method registry. `--check`: writes nothing, fails when they differ. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { format } from "oxfmt";
import { describeMethods, type MethodDescription } from "../src/gateway/docs/describe-methods.ts";
import { createRegistry } from "../src/gateway/registry.ts";

const root = join(import.meta.dirname, "..");
const methods = describeMethods(createRegistry());

const cell = (text: string) => text.replaceAll("|", "\\|");

function markdown(): string {
  const section = ({ name, summary, scope, route, params, result }: MethodDescription) => {
    const where = route === undefined ? "`/ws` only" : `\`${route}\``;
    const rows = params.map((param) => `| \`${param.name}\` | \`${cell(param.type)}\` | ${param.required ? "yes" : ""} |`);
    const table = rows.length === 0 ? "No parameters." : ["| parameter | type | required |", "|---|---|---|", ...rows].join("\n");
    return `## ${name}\n\n${summary} Scope: ${scope}. ${where}\n\n${table}\n\nAnswers \`${result}\`\n`;
  };
  const intro = `# API

Every method is called as JSON-RPC 2.0 on \`/ws\`, and over HTTP at the route named with it. A credential goes into \`Authorization: Bearer TOKEN\`, on \`/ws\` also into \`authenticate\`.
The running gateway serves the same as OpenRPC (\`rpc.discover\`) and OpenAPI (\`/api/openapi.json\`). This page is written by \`scripts/docs-api.ts\`.
From TypeScript and JavaScript use [the client package](client.md). The configuration can also be read and changed as one document with \`GET\` and \`PATCH /control/config\`: the answer's
ETag goes into \`If-Match\`, and whoever was slower is refused with 412.
`;
  return [intro, ...methods.map(section)].join("\n");
}

function types(): string {
  const lines = methods.map(
    ({ name, summary, paramsType, result }) =>
      `  /** ${summary} */\n  readonly ${JSON.stringify(name)}: {\n    readonly params: ${paramsType};\n    readonly result: ${result};\n  };`,
  );
  return `// Written by scripts/docs-api.ts from the method registry; do not edit.\n\n/** Parameters and results of every method. */\nexport interface Methods {\n${lines.join("\n")}\n}\n`;
}

/** The payloads of events by their names, from the sources: `src/core/event.ts` is types alone. */
async function events(): Promise<string> {
  const source = await readFile(join(root, "src/core/event.ts"), "utf8");
  const union = /export type Event =([^]*?);\n\n/.exec(source)?.[1];
  const usage = /export interface Usage (\{[^]*?\n\})/.exec(await readFile(join(root, "src/core/model.ts"), "utf8"))?.[1];
  const outcome = /export type TurnOutcome = (.*);/.exec(source)?.[1];
  if (union === undefined || usage === undefined || outcome === undefined) throw new Error("src/core/event.ts has another form than this script reads");
  return `// Written by scripts/docs-api.ts from src/core/event.ts; do not edit.

type TurnOutcome = ${outcome};
interface Usage ${usage}

type Event =${union};

/** Payloads of the events, by name. */
export type Events = { readonly [E in Event as E["event"]]: E["payload"] };
`;
}

async function keep(path: string, text: string, check: boolean): Promise<boolean> {
  const file = join(root, path);
  const old = await readFile(file, "utf8").catch(() => "");
  if (old === text) return true;
  if (check) {
    console.error(`${path} is not what the registry says: run node scripts/docs-api.ts`);
    return false;
  }
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return true;
}

const check = process.argv.includes("--check");
const client = "src/client/methods.generated.ts";
const style = JSON.parse(await readFile(join(root, ".oxfmtrc.json"), "utf8")) as { printWidth: number };
const formatted = (await format(client, types(), { printWidth: style.printWidth })).code;
const eventTypes = "src/client/events.generated.ts";
const formattedEvents = (await format(eventTypes, await events(), { printWidth: style.printWidth })).code;
const kept = [await keep("docs/api.md", markdown(), check), await keep(client, formatted, check), await keep(eventTypes, formattedEvents, check)];
if (kept.includes(false)) process.exitCode = 1;
