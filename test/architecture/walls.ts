import { basename } from "node:path";
import { FORBIDDEN_NAMES, PLURAL, POWERS, ROOMS, SHARED_CONFIG, TIME_AND_CHANCE, UI_OUTSIDE, type Outside, type Room, COMPUTED_IMPORTS } from "./rooms.ts";
import type { Import, Source } from "./source.ts";

/** One fault, as `file:line what is wrong: what to do`. */
export type Fault = string;

/** The room of a file of src: `turn`, `security/host`, `channels/telegram`, `main`. */
export function roomOf(path: string): string {
  const [, first = "", second = "", ...rest] = path.split("/");
  if (first === "main.ts") return "main";
  if (first === "security" && second === "host") return "security/host";
  if (PLURAL.includes(first) && rest.length > 0) return `${first}/${second}`;
  return first;
}

function ruleOf(room: string): Room | undefined {
  return ROOMS.find((rule) => rule.name === room) ?? ROOMS.find((rule) => rule.name === `${room.split("/")[0]}/*` && room.includes("/"));
}

/** A room's config.ts: composed by config/ without loading the room. */
const isLeafConfig = (path: string) => /^src\/(?!config\/)[a-z]+\/(?!methods\/|command\/)([a-z-]+\/)?config\.ts$/.test(path);

/** Faults of one file of src, ui or any other folder of sources. */
export function faultsOf(source: Source): Fault[] {
  const faults: Fault[] = [];
  const add = (line: number, text: string) => faults.push(`${source.path}:${line} ${text}`);
  if (source.path.startsWith("src/")) {
    for (const item of source.imports) {
      const text = item.local ? localFault(source.path, item) : outsideFault(source.path, item);
      if (text !== undefined) add(item.line, text);
    }
    const rule = ruleOf(roomOf(source.path));
    if (rule?.deterministic === true && !isLeafConfig(source.path)) {
      for (const use of source.globals) {
        const ban = TIME_AND_CHANCE.find(({ what }) => what.test(use.name));
        if (ban !== undefined) add(use.line, `${use.name} is banned in ${rule.name}: ${ban.hint}`);
      }
      for (const use of source.state) add(use.line, `module-level state \`${use.name}\` is banned in ${rule.name}: keep it in the object a factory returns`);
    }
  } else if (source.path.startsWith("ui/")) {
    for (const item of source.imports) {
      if (item.local ? !/^(ui|src\/client)\//.test(item.target) : !UI_OUTSIDE.includes(item.target))
        add(item.line, `the page may not import ${item.target}: it knows src/client only`);
    }
  }
  if (/^(src|ui)\//.test(source.path)) {
    for (const use of source.globals) {
      const power = POWERS.find(({ what, where }) => what.test(use.name) && !where.test(source.path));
      if (power !== undefined) add(use.line, `${use.name} is not allowed here: ${power.hint}`);
    }
  }
  for (const use of source.constructs) add(use.line, `${use.name}: ${use.name === "enum" ? "use a union of strings" : "export by name"}`);
  return [...faults, ...nameFaults(source.path)];
}

function localFault(path: string, item: Import): string | undefined {
  const from = roomOf(path);
  const to = roomOf(item.target);
  const rule = ruleOf(from);
  const shared = SHARED_CONFIG.includes(item.target) && to === from.split("/")[0];
  if (isLeafConfig(path)) {
    return shared || /^src\/(lib\/schema|core\/)/.test(item.target) ? undefined : `a room's config.ts imports lib/schema and core only, not ${item.target}`;
  }
  if (shared) return undefined;
  if (rule === undefined) return `room ${from} is not in test/architecture/rooms.ts: add a line or move the file`;
  if (!item.target.startsWith("src/")) return /^package\.json$/.test(item.target) ? undefined : `imports ${item.target}: sources import from src only`;
  if (to === from || to === "lib" || rule.imports.includes(to)) return undefined;
  if (rule.imports.includes("*") && to !== "main") return undefined;
  if (from === "config" && isLeafConfig(item.target)) return undefined;
  if (rule.imports.includes(`${to} (dynamic)`)) {
    return item.dynamic && !item.typeOnly ? undefined : `${from} reaches ${to} by await import() only, so that a quick command loads nothing`;
  }
  const sideways = from.split("/")[0] === to.split("/")[0] && from.includes("/");
  return `${from} may not import ${to} (${item.target}): ${sideways ? "what two adapters share moves down to lib" : "hand it in as a port of core, or move what is shared down"}`;
}

function outsideFault(path: string, item: Import): string | undefined {
  const rule = ruleOf(roomOf(path));
  if (item.target === "(computed)") return COMPUTED_IMPORTS.includes(path) ? undefined : "import of a computed name: name the module";
  const power = POWERS.find(({ what, where }) => what.test(item.target) && !where.test(path));
  if (power !== undefined) return `${item.target} is not allowed here: ${power.hint}`;
  if (isLeafConfig(path)) return `a room's config.ts imports lib/schema and core only, not ${item.target}`;
  if (rule === undefined) return `room ${roomOf(path)} is not in test/architecture/rooms.ts: add a line or move the file`;
  const powerHere = POWERS.some(({ what, where }) => what.test(item.target) && where.test(path));
  if (powerHere || rule.outside.some((allowed) => permits(allowed, item, path))) return undefined;
  return `${rule.name} may not use ${item.target}: the powers of a room stand in test/architecture/rooms.ts; most come through a port of core`;
}

function permits(allowed: Outside, item: Import, path: string): boolean {
  if (typeof allowed === "string") return allowed === item.target || (allowed === "node:*" && item.target.startsWith("node:"));
  if (allowed.module !== item.target) return false;
  return "files" in allowed ? allowed.files.test(path) : item.typeOnly;
}

function nameFaults(path: string): Fault[] {
  const file = basename(path).replace(/(\.test)?\.tsx?$/, "");
  const faults: Fault[] = [];
  if (!path.split("/").every((part) => /^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.generated)?(\.tsx?|\.d\.ts)?$/.test(part)))
    faults.push(`${path}: names are kebab-case`);
  if (FORBIDDEN_NAMES.includes(file)) faults.push(`${path}: a file is named after the one thing it exports, not ${file}`);
  return faults;
}

/** Every cycle of the graph, each once, as the nodes of one strongly connected part (Tarjan). */
export function cyclesOf(edges: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const cycles: string[][] = [];
  const visit = (node: string): void => {
    index.set(node, index.size);
    low.set(node, index.get(node) ?? 0);
    stack.push(node);
    for (const next of edges.get(node) ?? []) {
      if (!index.has(next)) visit(next);
      if (stack.includes(next)) low.set(node, Math.min(low.get(node) ?? 0, low.get(next) ?? 0));
    }
    if (low.get(node) !== index.get(node)) return;
    const part = stack.splice(stack.indexOf(node));
    if (part.length > 1 || edges.get(node)?.has(node)) cycles.push(part.toSorted());
  };
  for (const node of edges.keys()) if (!index.has(node)) visit(node);
  return cycles;
}

/** Who imports whom; `key` groups files into rooms. */
export function graphOf(sources: readonly Source[], key: (path: string) => string = (path) => path): Map<string, Set<string>> {
  const edges = new Map<string, Set<string>>();
  for (const source of sources) {
    const from = key(source.path);
    const targets = edges.get(from) ?? new Set<string>();
    edges.set(from, targets);
    for (const item of source.imports) {
      const to = key(item.target);
      // Inside a room files may import each other; a file that imports itself is a cycle.
      if (item.local && (to !== from || from === source.path)) targets.add(to);
    }
  }
  return edges;
}
