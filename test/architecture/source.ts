import { dirname, join } from "node:path";
import { parseSync } from "oxc-parser";

/** What one source file says about itself, as far as the walls of the house care. */
export interface Source {
  /** From the root of the repository, with `/`. */
  readonly path: string;
  readonly imports: readonly Import[];
  /** Uses of globals: `Date.now`, `new Date()`, `process.env`, `fetch` ... */
  readonly globals: readonly Use[];
  /** Mutable state at the top level of the module. */
  readonly state: readonly Use[];
  /** Constructs the house does without: default export, enum, namespace. */
  readonly constructs: readonly Use[];
}

export interface Use {
  readonly name: string;
  readonly line: number;
}

export interface Import {
  /** A path from the root for relative imports, else the package or `node:` name without what stands behind it. */
  readonly target: string;
  readonly local: boolean;
  readonly typeOnly: boolean;
  readonly dynamic: boolean;
  readonly line: number;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly [field: string]: unknown;
}

const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null && typeof (value as Node).type === "string";

const WATCHED = new Set(
  (
    "Date performance setTimeout setInterval setImmediate clearTimeout clearInterval clearImmediate process AbortSignal Math crypto fetch WebSocket EventSource " +
    "XMLHttpRequest WeakRef FinalizationRegistry globalThis global require eval Function"
  ).split(" "),
);

/** Of these only some members matter; anything else than a member or a `new` with arguments hands the whole thing on. */
const BY_MEMBER = new Set(["Date", "Math", "AbortSignal", "process", "globalThis", "global"]);

/** @throws Error when the file does not parse. */
export function readSource(path: string, text: string): Source {
  const parsed = parseSync(path, text);
  if (parsed.errors.length > 0) throw new Error(`${path}: ${parsed.errors[0]?.message}`);
  const lineOf = (offset: number) => text.slice(0, offset).split("\n").length;
  const program = parsed.program as unknown as Node;
  const imports: Import[] = [];
  const globals: Use[] = [];
  const constructs: Use[] = [];
  const declared = declaredNames(program);
  const add = (specifier: unknown, node: Node, how: { typeOnly: boolean; dynamic: boolean }) =>
    imports.push({ ...resolveSpecifier(path, specifier), ...how, line: lineOf(node.start) });

  walk(program, (node, parent, field) => {
    const use = (name: string) => globals.push({ name, line: lineOf(node.start) });
    switch (node.type) {
      case "ImportDeclaration":
      case "ExportNamedDeclaration":
      case "ExportAllDeclaration":
        if (isNode(node["source"])) add(node["source"]["value"], node, { typeOnly: isTypeOnly(node), dynamic: false });
        return;
      case "ImportExpression":
        return void add((node["source"] as Node)["value"], node, { typeOnly: false, dynamic: true });
      case "TSImportType":
        return void add((node["source"] as Node)["value"], node, { typeOnly: true, dynamic: true });
      case "NewExpression": {
        const url = workerUrl(node);
        if (url !== undefined) add(url, node, { typeOnly: false, dynamic: true });
        return;
      }
      case "ExportDefaultDeclaration":
        return void constructs.push({ name: "default export", line: lineOf(node.start) });
      case "TSEnumDeclaration":
        return void constructs.push({ name: "enum", line: lineOf(node.start) });
      case "Identifier": {
        const name = node["name"] as string;
        if (!WATCHED.has(name) || declared.has(name) || parent === undefined || !isReference(parent, field)) return;
        const found = describe(name, parent, field);
        if (found !== undefined) use(found);
      }
    }
  });
  return { path, imports, globals, state: moduleState(program, lineOf), constructs };
}

function resolveSpecifier(path: string, specifier: unknown): { target: string; local: boolean } {
  if (typeof specifier !== "string") return { target: "(computed)", local: false };
  if (specifier.startsWith(".")) return { target: join(dirname(path), specifier), local: true };
  const parts = specifier.split("/");
  const name = specifier.startsWith("node:") ? specifier : parts.slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
  return { target: name, local: false };
}

function isTypeOnly(node: Node): boolean {
  if (node["importKind"] === "type" || node["exportKind"] === "type") return true;
  const specifiers = (node["specifiers"] as Node[] | undefined) ?? [];
  return specifiers.length > 0 && specifiers.every((item) => item["importKind"] === "type" || item["exportKind"] === "type");
}

/** `new URL("./worker.ts", import.meta.url)` loads a file as surely as an import. */
function workerUrl(node: Node): string | undefined {
  const callee = node["callee"] as Node;
  const first = (node["arguments"] as Node[])[0];
  const value = first?.["value"];
  return callee["name"] === "URL" && typeof value === "string" && /^\.{1,2}\/.*\.tsx?$/.test(value) ? value : undefined;
}

function declaredNames(program: Node): Set<string> {
  const names = new Set<string>();
  const bind = (pattern: unknown): void => {
    if (!isNode(pattern)) return;
    if (pattern.type === "Identifier") names.add(pattern["name"] as string);
    else if (pattern.type === "ObjectPattern") for (const item of pattern["properties"] as Node[]) bind(item["value"] ?? item["argument"]);
    else if (pattern.type === "ArrayPattern") for (const item of pattern["elements"] as (Node | null)[]) bind(item);
    else bind(pattern["left"] ?? pattern["argument"] ?? pattern["parameter"]);
  };
  walk(program, (node) => {
    if (node.type === "VariableDeclarator" || node.type === "FunctionDeclaration" || node.type === "ClassDeclaration") bind(node["id"]);
    if (node.type.startsWith("Import") && isNode(node["local"])) bind(node["local"]);
    if (node.type === "CatchClause") bind(node["param"]);
    const params = node["params"];
    if (Array.isArray(params)) for (const param of params) bind(param);
  });
  return names;
}

/** False where an identifier is only a name: a property, a key, a specifier, a type. */
function isReference(parent: Node, field: string): boolean {
  if (parent.type === "MemberExpression") return field === "object" || parent["computed"] === true;
  if (/^(Property|MethodDefinition|PropertyDefinition|AccessorProperty)$/.test(parent.type)) return field === "value" || parent["computed"] === true;
  if (/^(Import|Export)/.test(parent.type) && parent.type.endsWith("Specifier")) return false;
  if (parent.type.startsWith("TS")) return /^TS(As|NonNull|Satisfies|Instantiation)/.test(parent.type) && field === "expression";
  return !/^(LabeledStatement|BreakStatement|ContinueStatement)$/.test(parent.type);
}

function describe(name: string, parent: Node, field: string): string | undefined {
  if (!BY_MEMBER.has(name)) return name;
  if (parent.type === "MemberExpression" && field === "object") {
    const property = parent["property"] as Node;
    const member = (parent["computed"] === true ? property["value"] : property["name"]) as string | undefined;
    if (name === "globalThis" || name === "global") return member;
    return `${name}.${member ?? "(computed)"}`;
  }
  if (name === "Date" && parent.type === "NewExpression" && field === "callee") return (parent["arguments"] as Node[]).length === 0 ? "new Date()" : undefined;
  // `x instanceof Date` reads no clock.
  if (parent.type === "BinaryExpression") return undefined;
  return `${name} as a value`;
}

/** Top-level `let` and `var`, and containers that are born empty: they are there to be filled. */
function moduleState(program: Node, lineOf: (offset: number) => number): Use[] {
  const found: Use[] = [];
  for (const statement of program["body"] as Node[]) {
    const inner = statement.type === "ExportNamedDeclaration" ? statement["declaration"] : statement;
    if (!isNode(inner) || inner.type !== "VariableDeclaration") continue;
    for (const item of inner["declarations"] as Node[]) {
      const init = item["init"] as Node | null;
      const empty =
        init?.type === "NewExpression" &&
        /^(Map|Set|WeakMap|WeakSet)$/.test(String((init["callee"] as Node)["name"])) &&
        (init["arguments"] as Node[]).length === 0;
      if (inner["kind"] !== "const" || empty) found.push({ name: String((item["id"] as Node)["name"]), line: lineOf(inner.start) });
    }
  }
  return found;
}

function walk(node: Node, visit: (node: Node, parent: Node | undefined, field: string) => void, parent?: Node, field = ""): void {
  visit(node, parent, field);
  for (const [name, value] of Object.entries(node)) {
    if (isNode(value)) walk(value, visit, node, name);
    else if (Array.isArray(value)) for (const item of value) if (isNode(item)) walk(item, visit, node, name);
  }
}
