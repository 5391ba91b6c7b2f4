/**
 * Writes docs/errors.md from the sources: every `new XError("code", message, { hint })`.
 *   node scripts/docs-errors.ts           writes
 *   node scripts/docs-errors.ts --check   fails when the file is not what would be written
 */
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSync } from "oxc-parser";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const target = "docs/errors.md";

interface ErrorUse {
  readonly code: string;
  readonly who: string;
  readonly hint: string | undefined;
}

const CODE = /^[a-z…][a-z0-9_…]*$/;

type Node = { readonly type: string; readonly [field: string]: unknown };
const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null && typeof (value as Node).type === "string";

/** Every error that the sources make, in no order. */
export function collectErrors(folder: string): ErrorUse[] {
  const found: ErrorUse[] = [];
  const programs = globSync("src/**/*.ts", { cwd: folder }).map((path) => ({
    room: dirname(path),
    program: parseSync(path, readFileSync(join(folder, path), "utf8")).program as unknown as Node,
  }));
  const makers = new Map<string, Maker>();
  for (const { room, program } of programs) visit(program, (node) => makerOf(node).forEach((maker) => makers.set(`${room} ${maker.name}`, maker)));
  for (const { room, program } of programs) {
    visit(program, (node) => {
      const maker = node.type === "CallExpression" ? makers.get(`${room} ${(node["callee"] as Node)["name"] as string}`) : undefined;
      if (maker !== undefined) found.push(...usesOf(maker, node["arguments"] as Node[]));
      const name = node.type === "NewExpression" ? (node["callee"] as Node)["name"] : undefined;
      if (typeof name !== "string" || !/(Error|Failure)$/.test(name)) return;
      const args = node["arguments"] as Node[];
      const hint = args.flatMap((arg) => hintsOf(arg))[0];
      // A code is the first of two arguments or more: `new Error("closed")` has none.
      if (args.length > 1) for (const code of textsOf(args[0])) if (CODE.test(code)) found.push({ code, who: name, hint });
    });
  }
  return found;
}

/** A function that makes an error of a code which it is handed, such as `const permanent = (code, hint) => new ChannelError(code, ...)`. */
interface Maker {
  readonly name: string;
  readonly who: string;
  readonly codeAt: number;
  readonly hintAt: number;
}

function makerOf(node: Node): Maker[] {
  const [id, made] = node.type === "VariableDeclarator" ? [node["id"], node["init"]] : node.type === "FunctionDeclaration" ? [node["id"], node] : [];
  if (!isNode(id) || !isNode(made) || !(made.type === "ArrowFunctionExpression" || made.type === "FunctionDeclaration")) return [];
  const names = (made["params"] as Node[]).map((param) => param["name"] as string | undefined);
  const makers: Maker[] = [];
  visit(made, (inner) => {
    const who = inner.type === "NewExpression" ? (inner["callee"] as Node)["name"] : undefined;
    if (typeof who !== "string" || !who.endsWith("Error")) return;
    const code = (inner["arguments"] as Node[])[0];
    const codeAt = code?.type === "Identifier" ? names.indexOf(code["name"] as string) : -1;
    if (codeAt >= 0) makers.push({ name: id["name"] as string, who, codeAt, hintAt: names.indexOf("hint") });
  });
  return makers;
}

function usesOf({ who, codeAt, hintAt }: Maker, args: readonly Node[]): ErrorUse[] {
  const [hint] = textsOf(args[hintAt]);
  return textsOf(args[codeAt]).flatMap((code) => (CODE.test(code) ? [{ code, who, hint }] : []));
}

/** The texts an expression can be: literals, both arms of a condition, templates with `…` for what is filled in. */
function textsOf(node: Node | undefined): string[] {
  if (node === undefined) return [];
  if (node.type === "Literal" && typeof node["value"] === "string") return [node["value"]];
  if (node.type === "ConditionalExpression") return [...textsOf(node["consequent"] as Node), ...textsOf(node["alternate"] as Node)];
  if (node.type !== "TemplateLiteral") return [];
  return [(node["quasis"] as Node[]).map((part) => (part["value"] as { cooked: string }).cooked).join("…")];
}

function hintsOf(node: Node): string[] {
  if (node.type !== "ObjectExpression") return [];
  return (node["properties"] as Node[]).flatMap((item) => {
    if (item.type === "SpreadElement") return [];
    return (item["key"] as Node)["name"] === "hint" ? textsOf(item["value"] as Node) : [];
  });
}

function visit(node: Node, see: (node: Node) => void): void {
  see(node);
  for (const value of Object.values(node)) {
    if (isNode(value)) visit(value, see);
    else if (Array.isArray(value)) for (const item of value) if (isNode(item)) visit(item, see);
  }
}

interface State {
  readonly code: string;
  readonly words: string | undefined;
}

/** What the status of a channel may say: codes that begin with its name, handed on beside their words, wherever its sources do so. */
export function collectStates(folder: string): State[] {
  return globSync("src/channels/*/**/*.ts", { cwd: folder }).flatMap((path) => {
    const [, , channel] = path.split("/");
    const own = new RegExp(`^${channel}_[a-z_]+$`);
    const found: State[] = [];
    const see = (code: Node | undefined, ...words: (Node | undefined)[]) => {
      const [told] = words.flatMap((node) => (node === undefined ? [] : [...textsOf(node), ...hintsOf(node)])).filter((text) => text.includes(" "));
      for (const text of textsOf(code)) if (own.test(text)) found.push({ code: text, words: told });
    };
    visit(parseSync(path, readFileSync(join(folder, path), "utf8")).program as unknown as Node, (node) => {
      const list = (node["arguments"] ?? (node.type === "ArrayExpression" ? node["elements"] : [])) as Node[];
      list.forEach((item, at) => isNode(item) && see(item, list[at + 1], list[at + 2]));
      if (node.type !== "ObjectExpression") return;
      const value = (name: string) =>
        (node["properties"] as Node[]).find((item) => (item["key"] as Node | undefined)?.["name"] === name)?.["value"] as Node | undefined;
      see(value("code"), value("detail"));
    });
    return found;
  });
}

/** The page: one line per code. */
export function errorsPage(uses: readonly ErrorUse[], states: readonly State[]): string {
  const codes = [...new Set(uses.map((use) => use.code))].toSorted();
  const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll(/\s+/g, " ");
  const unique = (values: readonly (string | undefined)[]) => [...new Set(values.filter((value) => value !== undefined))].toSorted().map(cell);
  const rows = codes.map((code) => {
    const same = uses.filter((use) => use.code === code);
    return `| \`${code}\` | ${unique(same.map((use) => use.who)).join(", ")} | ${unique(same.map((use) => use.hint)).join("<br>")} |`;
  });
  const told = [...new Set(states.map((state) => state.code))].filter((code) => !codes.includes(code)).toSorted();
  const stateRows = told.map((code) => `| \`${code}\` | ${unique(states.filter((state) => state.code === code).map((state) => state.words)).join("<br>")} |`);
  return `# Error codes

Every error has a stable \`code\`, a \`message\` for the log and often a \`hint\` that says what to do next. Over HTTP they come as
\`{"error":{"code","message","hint"}}\`, over /ws as \`error.data.code\` and \`error.data.hint\`. The class says who failed: ConfigError the
configuration, AuthError who called, RequestError what was asked, StoreError the database, ChannelError a messenger, ModelError a
provider, ToolError a tool. An ellipsis stands for what is filled in.

This table is made from the sources: \`node scripts/docs-errors.ts\`.

| code | class | what to do |
|---|---|---|
${rows.join("\n")}

## States of channels

\`clanker channels status\` shows a code behind each trouble, and a failed delivery has one: one of the above, or one of these. The guides in docs/channels say what to do.

| code | what it says |
|---|---|
${stateRows.join("\n")}
`;
}

if (process.argv[1] !== undefined && basename(process.argv[1]) === "docs-errors.ts") {
  const page = errorsPage(collectErrors(root), collectStates(root));
  const file = join(root, target);
  if (!process.argv.includes("--check")) writeFileSync(file, page);
  else if (readFileSync(file, "utf8") !== page) {
    console.error(`${target} is not up to date`);
    process.exitCode = 1;
  }
}
