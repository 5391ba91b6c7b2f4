/**
 * Writes the tables of promises and of fault cases in docs/reliability.md from the tests: a case counts as tested where a title or a header carries its number.
 *   node scripts/docs-reliability.ts           writes
 *   node scripts/docs-reliability.ts --check   fails when the file is not what would be written
 */
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const target = "docs/reliability.md";
const BEGIN = "<!-- made by node scripts/docs-reliability.ts -->";
const END = "<!-- end of what is made -->";

/** What is done to the gateway in each case. The numbers are stable. */
const CASES: Readonly<Record<number, string>> = {
  1: "killed at any point of a message's way",
  2: "killed at random under load",
  3: "killed while it recovers",
  4: "Telegram's offset against what is committed",
  5: "killed between the parts of an answer",
  6: "killed during a tool that must not run twice",
  8: "killed during a migration",
  9: "killed while the config is written",
  11: "a message that crashes the process",
  12: "a message that always throws",
  13: "the same update several times",
  15: "many sends into one session",
  16: "a message while another one is answered",
  18: "messages during a drain, a reset, a restart",
  20: "recovery races with a new message",
  22: "sends that fail or whose answer is lost",
  23: "429 with retry_after",
  24: "a platform that refuses for good",
  25: "a channel that is down when an answer is ready",
  26: "restarts with delivered answers",
  27: "a very long answer",
  30: "the receipt of a send cannot be stored",
  31: "the primary model is overloaded",
  32: "a model that asks for a long pause",
  33: "a stream that falls silent",
  34: "a stream cut at every byte",
  35: "network errors at every call",
  37: "every model is away",
  39: "a prompt that does not fit",
  40: "a model that calls the same tool for ever",
  43: "a poll that hangs",
  45: "another program polls the same bot",
  51: "what status says during channel faults",
  52: "schedules over many days and restarts",
  55: "the wall clock jumps",
  58: "the disk is full",
  59: "bits of the database flip",
  60: "a reader that never ends",
  61: "a second daemon or the CLI at once",
  62: "a SQLite that is too old",
  65: "PostgreSQL goes away in the middle",
  68: "10,000 sockets",
  70: "clients that stop reading",
  71: "1,000 messages a second",
  72: "a tool that prints without end",
  75: "SIGTERM in the middle of turns",
  78: "a config that is wrong",
  80: "upgrade and back",
  82: "days under load",
  86: "a turn that wedges again after the restart",
  85: "a tool, a model or a platform that hangs",
  87: "the whole hall in simulated time",
};

const PROMISES: readonly { readonly name: string; readonly text: string; readonly cases: readonly number[] }[] = [
  { name: "P1", text: "A platform is acknowledged only after the message is on disk.", cases: [1, 2, 4, 13, 58] },
  { name: "P2", text: "Sent once; where a platform cannot tell, in visible doubt and never sent again blindly.", cases: [22, 23, 24, 25, 26] },
  { name: "P3", text: "One turn of a session at a time, in the order of its messages.", cases: [2, 15, 16, 18, 20] },
  { name: "P4", text: "Tool calls are a ledger; a started one that must not run twice is not run twice.", cases: [1, 6] },
  { name: "P5", text: "Every wait ends.", cases: [33, 37, 40, 43] },
  { name: "P6", text: "A message that breaks something is tried four times, then it is a dead letter with a notice.", cases: [11, 12, 37, 86] },
  { name: "P7", text: "Health is told from completed round trips.", cases: [43, 45, 51] },
  { name: "P8", text: "The config is the old one or the new one, never something between.", cases: [9, 78] },
  { name: "P9", text: "What is kept outlives upgrades; an older program refuses.", cases: [8, 62, 80] },
  { name: "P10", text: "Everything is bounded.", cases: [40, 58, 70, 71, 72, 82] },
  { name: "P11", text: "One daemon per home folder.", cases: [61] },
  { name: "P12", text: "Timers run on monotonic time, schedules on wall time.", cases: [52, 55, 87] },
];

/** Files by case number. */
function testsByCase(folder: string): Map<number, string[]> {
  const found = new Map<number, string[]>();
  for (const file of globSync("test/**/*.ts", { cwd: folder, exclude: ["test/tmp/**"] }).toSorted()) {
    const text = readFileSync(join(folder, file), "utf8");
    const numbers = new Set([...text.matchAll(/\bfault-(\d+)\b/g)].map((match) => Number(match[1])));
    for (const number of numbers) found.set(number, [...(found.get(number) ?? []), file]);
  }
  return found;
}

function tables(folder: string): string {
  const tests = testsByCase(folder);
  const unnamed = [...tests.keys()].filter((number) => !Object.hasOwn(CASES, number));
  if (unnamed.length > 0) throw new Error(`give fault ${unnamed.join(", ")} a name in scripts/docs-reliability.ts`);
  const promises = PROMISES.map(({ name, text, cases }) => {
    const tested = cases.filter((number) => tests.has(number));
    return `| ${name} | ${text} | ${tested.length > 0 ? tested.join(", ") : "none yet"} |`;
  });
  const numbers = [...tests.keys()].toSorted((a, b) => a - b);
  const cases = numbers.map(
    (number) =>
      `| fault-${number} | ${CASES[number]} | ${tests
        .get(number)!
        .map((file) => `\`${file}\``)
        .join("<br>")} |`,
  );
  const untested = Object.keys(CASES).filter((number) => !tests.has(Number(number)));
  return [
    "| promise | | tested by the cases |",
    "|---|---|---|",
    ...promises,
    "",
    "| case | what is done | tests |",
    "|---|---|---|",
    ...cases,
    "",
    `Named and not tested yet: ${untested.map((number) => `${number} (${CASES[Number(number)]})`).join(", ")}.`,
  ].join("\n");
}

/** The page with its tables as they have to be. @throws Error when the marks are missing */
export function reliabilityPage(folder: string): string {
  const page = readFileSync(join(folder, target), "utf8");
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`${target} has no place for the tables: ${BEGIN} ... ${END}`);
  return `${before}${BEGIN}\n\n${tables(folder)}\n\n${END}${after}`;
}

if (process.argv[1] !== undefined && basename(process.argv[1]) === "docs-reliability.ts") {
  const page = reliabilityPage(root);
  const file = join(root, target);
  if (!process.argv.includes("--check")) writeFileSync(file, page);
  else if (readFileSync(file, "utf8") !== page) {
    console.error(`${target} is not up to date`);
    process.exitCode = 1;
  }
}
