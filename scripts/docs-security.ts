/**
 * Writes the table of security cases in docs/security.md from the tests: a case counts as tested where a test's title or header carries its number. Fails when the page
 * promises something by a case that has no test.
 *   node scripts/docs-security.ts           writes
 *   node scripts/docs-security.ts --check   fails when the file is not what would be written
 */
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const target = "docs/security.md";
const BEGIN = "<!-- made by node scripts/docs-security.ts -->";
const END = "<!-- end of what is made -->";

/** What is tried in each case. The numbers are stable; some are not given out. */
const CASES: Readonly<Record<number, string>> = {
  1: "an upgrade from another origin",
  2: "origins that look alike",
  3: "DNS rebinding: another Host on every route",
  4: "a page that is told another gateway",
  6: "a trusted proxy that leaves out for whom it calls",
  7: "callers without a credential, also from loopback",
  8: "guessing tokens",
  9: "one guesser with many addresses",
  10: "a million sources",
  11: "tokens in a query",
  12: "a client that names its own scopes",
  13: "rights that are handed on wider than they are held",
  15: "a revoked token on an open socket",
  16: "a rotated token or secret",
  17: "large, many and no frames before authentication",
  19: "every method with every scope",
  20: "keys that reach a prototype",
  21: "forms of other sites",
  22: "the time that comparing secrets takes",
  23: "approving without the right to",
  24: "settings that look safe and are not",
  25: "one secret for two doors",
  26: "script in names, tool output and file names on the page",
  28: "control characters and orders in the log",
  29: "empty lists and missing policies",
  30: "names instead of ids",
  32: "trust carried to a group or another account",
  33: "the bot's own id in a list",
  34: "every kind of event of a stranger",
  35: "buttons pressed by others, elsewhere, twice",
  36: "media of strangers",
  37: "pairing codes guessed, used twice, too late",
  38: "edits after the fact, quotes and forwards",
  39: "bots that answer each other",
  40: "a tool that is not offered, called by its name",
  41: "text that plays the system or a tool",
  43: "an allowed program that starts another",
  44: "approvals carried through wrappers",
  45: "flags of allowed programs that execute",
  46: "shell characters in arguments",
  47: "file names that are options",
  49: "environment variables that inject code",
  50: "programs given as text",
  51: "a script changed after the approval",
  52: "a program or folder exchanged after the approval",
  53: "any field of an approved plan changed",
  54: "one approval used a hundred times at once",
  55: "approvals that are old, foreign or claimed",
  57: "a model that describes its own call",
  58: "answers of anybody but the owner",
  59: "a hundred questions",
  60: "a sandbox that is missing",
  61: "sub-agents with more rights than their parent",
  63: "STOP in the middle of a loop of calls",
  64: "fork bombs, endless output, processes that stay",
  65: "Windows: cmd.exe and batch files",
  66: "paths that lead out",
  67: "links and races on paths",
  68: "all arguments that carry a path, a link or an address",
  70: "ids that are paths",
  71: "archives",
  72: "names of skills, plugins and downloads that are paths",
  73: "paths of a browser",
  74: "modes of files",
  76: "what a container leaves behind",
  77: "spellings of private addresses",
  78: "names that change their address",
  79: "redirects",
  81: "endless, slow and exploding bodies",
  82: "other schemes",
  83: "ways around the one door to the network",
  84: "every kind of packet from the sandbox",
  85: "pages in a browser that reach inside",
  86: "certificates that are not the pinned one",
  87: "a page that commands the assistant",
  88: "private data written into links",
  90: "a page that wants a message sent to somebody",
  91: "whether taint survives every way content takes",
  92: "memories written under a stranger's influence",
  93: "rules, config and schedules changed under a stranger's influence",
  94: "500 deletions against the owner's rule",
  96: "orders hidden in every kind of content",
  97: "an MCP server that changes after its approval",
  98: "an MCP server that gives orders or asks the model",
  99: "the Rule of Two over every tool and label",
  100: "secrets in prompts, transcripts, logs, errors",
  101: "a program in the sandbox that looks for the gateway",
  102: "a second model in the middle of a turn",
  103: "a message to a third person that the owner has not seen",
  104: "webhooks without a secret",
  106: "replayed and altered webhooks",
  107: "large bodies without a signature",
  108: "two accounts on one token or webhook secret",
  110: "another person's conversations, memories and files",
  111: "five people on three channels, with restarts",
  112: "callers that name their own lineage",
  113: "an audit that was changed, cut or reordered",
  114: "a kill between intent and effect",
  115: "secrets in every form that a log may take",
  116: "WASM that loops, grows and lies",
  118: "plugins that change",
  119: "devices: foreign keys, replays",
  120: "repetition and size",
};

/** Cases that wait for something that is not built. */
const LATER: readonly { readonly cases: readonly number[]; readonly what: string; readonly comes: string }[] = [
  { cases: [65], what: "programs on Windows", comes: "Windows: until then there is no sandbox on it, so no programs for anybody but the owner" },
  { cases: [71], what: "archives", comes: "reading archives: until then none is opened" },
  {
    cases: [72, 116, 118],
    what: "plugins and skills (downloads have no names of their own already)",
    comes: "plugins and skills: until then nothing is loaded",
  },
  { cases: [73, 85], what: "the browser tool", comes: "the browser tool" },
  { cases: [97, 98], what: "MCP servers", comes: "MCP" },
];

/** Cases that are tried in part, and what of them is not. */
const PARTS: readonly string[] = [
  "91: restart, files, memory, jobs, summaries, sub-agents, later turns and edits are tried; export and import are not built.",
  "93: skills and identity files join when they exist; config and schedules are tried.",
  "103: messages on channels; mail joins with the mail tool.",
  "106: Telegram's posts carry no time of their own, so a late one is told by its key alone, however old.",
  "111: thousands of messages in every run of the tests, not a hundred thousand; the simulator (`fault-87`) runs the same hall through whole days.",
  "119: devices; nodes join when they exist.",
  "120: sizes and repetition of tool calls; the price of a guest's 10,000 messages is measured by the lab (docs/reliability.md).",
];

/** Files by case number. Fakes and figures are no tests. */
function testsByCase(folder: string): Map<number, string[]> {
  const found = new Map<number, string[]>();
  for (const file of globSync("test/**/*.ts", { cwd: folder, exclude: ["test/tmp/**", "test/fakes/**", "test/sim/**"] }).toSorted()) {
    const numbers = new Set([...readFileSync(join(folder, file), "utf8").matchAll(/\bsec-(\d+)\b/g)].map((match) => Number(match[1])));
    for (const number of numbers) found.set(number, [...(found.get(number) ?? []), file]);
  }
  return found;
}

function table(tests: ReadonlyMap<number, readonly string[]>): string {
  const unnamed = [...tests.keys()].filter((number) => !Object.hasOwn(CASES, number));
  if (unnamed.length > 0) throw new Error(`give sec ${unnamed.join(", ")} a name in scripts/docs-security.ts`);
  const later = new Set(LATER.flatMap(({ cases }) => cases));
  const open = Object.keys(CASES).filter((number) => !tests.has(Number(number)) && !later.has(Number(number)));
  if (open.length > 0) throw new Error(`no test carries sec ${open.join(", ")}, and scripts/docs-security.ts does not say what they wait for`);
  const built = [...later].filter((number) => tests.has(number));
  if (built.length > 0) throw new Error(`sec ${built.join(", ")} has a test and waits for nothing: take it out of LATER in scripts/docs-security.ts`);
  const rows = [...tests]
    .toSorted(([a], [b]) => a - b)
    .map(([number, files]) => `| sec-${number} | ${CASES[number]} | ${files.map((file) => `\`${file}\``).join("<br>")} |`);
  return [
    "| case | what is tried | tests |",
    "|---|---|---|",
    ...rows,
    "",
    "Tried in part:",
    "",
    ...PARTS.map((part) => `- ${part}`),
    "",
    "Not there yet, and what brings it together with its tests:",
    "",
    "| cases | what | comes with |",
    "|---|---|---|",
    ...LATER.map(({ cases, what, comes }) => `| ${cases.join(", ")} | ${what} | ${comes} |`),
  ].join("\n");
}

/** The page with its table as it has to be. @throws Error when the marks are missing, or when it promises what no test holds. */
export function securityPage(folder: string): string {
  const page = readFileSync(join(folder, target), "utf8");
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`${target} has no place for the table: ${BEGIN} ... ${END}`);
  const tests = testsByCase(folder);
  const empty = [...`${before}${after}`.matchAll(/\bsec-(\d+)\b/g)].map((match) => Number(match[1])).filter((number) => !tests.has(number));
  if (empty.length > 0) throw new Error(`${target} promises by sec ${[...new Set(empty)].join(", ")}, which no test carries`);
  return `${before}${BEGIN}\n\n${table(tests)}\n\n${END}${after}`;
}

if (process.argv[1] !== undefined && basename(process.argv[1]) === "docs-security.ts") {
  const page = securityPage(root);
  const file = join(root, target);
  if (!process.argv.includes("--check")) writeFileSync(file, page);
  else if (readFileSync(file, "utf8") !== page) {
    console.error(`${target} is not up to date`);
    process.exitCode = 1;
  }
}
