import { choicesOf, exampleOf, toml } from "./generate-config.ts";
import { knownKeys, shapeOf, type KnownKey } from "./known-keys.ts";
import { rootSchema } from "./schema.ts";

const HEAD = `# Config

This page is made from the schema that checks the config (\`node scripts/docs-config.ts\`). \`clanker config generate\` writes the same as a commented file,
\`clanker config schema\` as JSON Schema.

The file is \`config.toml\` in the config folder (\`clanker config path\` prints it); \`.json5\` and \`.json\` are read too. A key that is not on this page is refused, with the
line it stands on and the nearest valid name.

- Text may hold \`\${VARIABLE}\` or \`\${VARIABLE:-default}\`; \`$\${\` writes the characters \`\${\`. Variables also come from \`.env\` beside the config; a variable that is really set wins.
- A secret may be a literal, \`\${VARIABLE}\`, \`secret:NAME\` (\`clanker secrets set NAME\`) or \`file:PATH\`. A blank one is refused.
- \`include = ["other.toml"]\` (JSON5: \`$include\`) reads further files of the config folder; what is in the including file wins.
- \`CLANKER__GATEWAY__PORT=1\` in the environment overrides a single key.

A running gateway takes an edit of these files a moment after it was saved, however the editor saves; SIGHUP and \`config.reload\` make it look at once. What it can it applies: agents,
models, providers, limits, jobs, and of the channels only the accounts that have changed start anew. A key that is only felt after a restart says so below, and the log, the page
and \`config.changed\` name those that were changed. An edit with a mistake is not taken as a whole: the former config stays in force, and the log and the page show the
file, the line and what was expected. A file that is suddenly gone or empty is not taken for an empty config. Who changes the config over the API may send the \`digest\` (HTTP:
the ETag as If-Match) that the change was made from, and is refused when somebody else was faster.
`;

/** docs/config.md. */
export function configDocs(): string {
  const keys = knownKeys(rootSchema);
  const tables = keys.filter((key) => key.isTable);
  const parts = tables.flatMap((table) => {
    const own = keys.filter((key) => !key.isTable && same(parentOf(key.path), table.path));
    return own.length === 0 ? [] : [sectionOf(table, own)];
  });
  return `${[HEAD, ...parts].join("\n")}`;
}

const same = (a: readonly string[], b: readonly string[]) => a.join("\0") === b.join("\0");

/** The table that explains a key: NAME itself is no key. */
function parentOf(path: readonly string[]): readonly string[] {
  const parent = path.slice(0, -1);
  return parent.at(-1) === "NAME" ? parent.slice(0, -1) : parent;
}

function sectionOf(table: KnownKey, own: readonly KnownKey[]): string {
  const name = own[0]!.path.slice(0, -1).join(".");
  const rows = own.map(
    (key) =>
      `| \`${key.path.at(-1)!}\` | ${typeOf(key)} | ${fallbackOf(key)} | ${cell(key.notes.description ?? "")}${key.notes.restart === true ? " A change needs a restart." : ""} |`,
  );
  return `## \`[${name}]\`\n\n${table.notes.description ?? ""}\n\n| key | type | default | |\n|---|---|---|---|\n${rows.join("\n")}\n`;
}

function typeOf({ schema, notes }: KnownKey): string {
  const choices = choicesOf(schema);
  if (choices.length > 0) return choices.map((choice) => `\`${choice}\``).join(", ");
  if (notes.secret === true) return "secret";
  const shape = shapeOf(schema);
  if (shape.kind === "array") return "list";
  if (shape.kind === "table" || shape.kind === "record") return "table";
  if (shape.kind === "choice") return "text or number";
  return shape.type === "string" ? "text" : shape.type === "boolean" ? "true or false" : shape.type;
}

function fallbackOf(key: KnownKey): string {
  if (key.fallback !== undefined) return `\`${cell(toml(key.fallback))}\``;
  return key.notes.example === undefined ? "" : `(example: \`${cell(toml(exampleOf(key)))}\`)`;
}

const cell = (text: string) => text.replaceAll("|", "\\|");
