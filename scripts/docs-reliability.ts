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
const FIGURES = "test/faults/figures.json";
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
  7: "killed during a summary",
  8: "killed during a migration",
  9: "killed while the config is written",
  10: "power loss",
  11: "a message that crashes the process",
  12: "a message that always throws",
  13: "the same update several times",
  15: "many sends into one session",
  16: "a message while another one is answered",
  17: "a session that is wedged",
  18: "messages during a drain, a reset, a restart",
  20: "recovery races with a new message",
  22: "sends that fail or whose answer is lost",
  23: "429 with retry_after",
  24: "a platform that refuses for good",
  25: "a channel that is down when an answer is ready",
  26: "restarts with delivered answers",
  27: "a very long answer",
  29: "many people at once",
  30: "the receipt of a send cannot be stored",
  31: "the primary model is overloaded",
  32: "a model that asks for a long pause",
  33: "a stream that falls silent",
  34: "a stream cut at every byte",
  35: "network errors at every call",
  37: "every model is away",
  38: "a token that has run out, asked for by many at once",
  39: "a prompt that does not fit",
  40: "a model that calls the same tool for ever",
  41: "a day without a person: requests to models",
  42: "the budget of a day is spent in the middle of a turn",
  43: "a poll that hangs",
  44: "a process that is frozen, an event loop that is blocked, a first answer that takes minutes",
  45: "another program with the same credentials",
  47: "a session that cannot be resumed: what was missed is read",
  48: "a channel that is quiet for hours",
  50: "DNS outage, packet loss, cut connections",
  51: "what status says during channel faults",
  52: "10,000 days of schedules with kills, restarts, lists and edits at the edges of slots",
  53: "slots missed while the gateway was down",
  54: "summer time, leap days and zones",
  55: "the wall clock jumps",
  56: "killed in the middle of a job",
  58: "the disk is full",
  59: "bits of the database flip",
  60: "a reader that never ends",
  61: "a second daemon or the CLI at once",
  62: "a SQLite that is too old",
  63: "a slow disk",
  64: "a backup while others write",
  66: "years of messages: retention and lists",
  65: "PostgreSQL goes away in the middle",
  68: "10,000 sockets",
  69: "all clients drop and return",
  70: "clients that stop reading",
  71: "1,000 messages a second",
  72: "a tool that prints without end",
  75: "SIGTERM in the middle of turns",
  76: "children that ignore the end, and their children",
  77: "kill -9, and the next start",
  78: "a config that is wrong",
  80: "upgrade and back",
  81: "thousands of processes",
  82: "days under load",
  83: "a wait for somebody else over a restart, and its end",
  84: "a sub-agent ends while its maker is busy, stopped or restarting",
  85: "a tool, a model or a platform that hangs",
  86: "a turn that wedges again after the restart",
  87: "the whole hall in simulated time",
};

/** Cases that wait for something that is not built, and the issue that brings it with its tests. */
const LATER: readonly { readonly cases: readonly number[]; readonly what: string; readonly issue: string }[] = [
  { cases: [38], what: "expired OAuth", issue: "the one that brings OAuth sign-in" },
  { cases: [73], what: "plugins that burn or leak", issue: "the one that brings plugins" },
];

/** What is known not to hold as the case asks, said plainly. */
const LIMITS: readonly string[] = [
  "66: a word index of more than 1,000 pages gives deleted words back in steps only; until then the database may pass `retention_mb` by about a seventh.",
  "11: who is in the middle of an answer at four crashes in a row cannot be told from their cause, and becomes a dead letter too; people whose turns end between the crashes are answered.",
  "59: rows have no checksums. A bit that flips within a text that still reads as JSON is not noticed; the lab counts them.",
  "59: a log that is cut short gives the state before the cut, which no engine can tell from a log that ended there.",
  "33, 50: with one model and no fallback a stream that is cut in the middle is asked again after up to 30 s (37 asks for that pause).",
  "26, 29: on a channel's own wire it is 100 sent answers over ten restarts and 200 messages of twenty people, not the 1,000 and 100,000 of the criteria.",
  "50: packets are lost by the kernel only where a network namespace may be made (`own-network`; it says when it did not run); a plain container tries loss with a proxy alone.",
  "50: while a third of the packets is lost a send may have no answer within its 30 s: it is in doubt then and not sent again (P2); the lab counts those.",
  "68, 70: a client that does not even read its close within 30 s is cut off and never hears 4008; it resumes by the number of its last event as any other.",
  "87: two gateways on one database are not tried with people who are forgotten: a gateway keeps what it has read of somebody in its caches, and only the one that is asked to forget empties them.",
  "82: the 72 hours have not been run; the long form is one hour.",
];

const PROMISES: readonly { readonly name: string; readonly text: string; readonly cases: readonly number[] }[] = [
  { name: "P1", text: "A platform is acknowledged only after the message is on disk.", cases: [1, 2, 3, 4, 10, 13, 58] },
  { name: "P2", text: "Sent once; where a platform cannot tell, in visible doubt and never sent again blindly.", cases: [22, 23, 24, 25, 26, 30] },
  { name: "P3", text: "One turn of a session at a time, in the order of its messages.", cases: [2, 15, 16, 17, 18, 20, 29] },
  { name: "P4", text: "Tool calls are a ledger; a started one that must not run twice is not run twice.", cases: [1, 6] },
  { name: "P5", text: "Every wait ends.", cases: [33, 37, 40, 43, 83, 84, 85] },
  { name: "P6", text: "A message that breaks something is tried four times, then it is a dead letter with a notice.", cases: [11, 12, 37, 86] },
  { name: "P7", text: "Health is told from completed round trips.", cases: [43, 44, 45, 50, 51] },
  { name: "P8", text: "The config is the old one or the new one, never something between.", cases: [9, 78] },
  { name: "P9", text: "What is kept outlives upgrades; an older program refuses.", cases: [8, 62, 80] },
  { name: "P10", text: "Everything is bounded.", cases: [39, 40, 42, 58, 60, 63, 68, 69, 70, 71, 72, 82] },
  { name: "P11", text: "One daemon per home folder.", cases: [61] },
  { name: "P12", text: "Timers run on monotonic time, schedules on wall time.", cases: [55, 87] },
];

/** Files by case number. */
function testsByCase(folder: string): Map<number, string[]> {
  const found = new Map<number, string[]>();
  for (const file of globSync("test/**/*.ts", { cwd: folder, exclude: ["test/tmp/**", "test/faults/run.ts", "test/faults/scenario.ts"] }).toSorted()) {
    const text = readFileSync(join(folder, file), "utf8");
    const numbers = new Set([...text.matchAll(/\bfault-(\d+)\b/g)].map((match) => Number(match[1])));
    for (const number of numbers) found.set(number, [...(found.get(number) ?? []), file]);
  }
  return found;
}

/** Suites that adapters run, by what their tests call. */
const SUITES = { channelSuite: /^test\/contract\/channel-suite\.ts$/, channelFaultSuite: /^test\/contract\/channel-faults\// };

/** Channels by case number: those whose tests carry it, and those that run a suite which does. */
function channelsByCase(folder: string, tests: ReadonlyMap<number, readonly string[]>): Map<number, string[]> {
  const users = Object.entries(SUITES).map(([call, files]) => ({
    files,
    channels: globSync("test/channels/*/*.test.ts", { cwd: folder })
      .filter((file) => readFileSync(join(folder, file), "utf8").includes(`${call}(`))
      .map(channelOf),
  }));
  return new Map(
    [...tests].map(([number, files]) => {
      const own = files.filter((file) => file.startsWith("test/channels/")).map(channelOf);
      const byThese = users.filter((suite) => files.some((file) => suite.files.test(file))).flatMap(({ channels }) => channels);
      return [number, [...new Set([...own, ...byThese])].toSorted()];
    }),
  );
}

function channelOf(file: string): string {
  return file.split("/")[2]!;
}

/** Figures of the lab's last runs by case number, as short text. */
function figuresByCase(folder: string): Map<number, string[]> {
  const found = new Map<number, string[]>();
  const kept = JSON.parse(readFileSync(join(folder, FIGURES), "utf8")) as Record<
    string,
    { cases: number[]; size: string; figures: Record<string, number | string> }
  >;
  for (const [name, { cases, size, figures }] of Object.entries(kept)) {
    const text = `\`${name}\`${size === "long" ? " (`--long`)" : ""}: ${Object.entries(figures)
      .map(([what, value]) => `${what} ${value}`)
      .join("; ")}`;
    // Whole under its first case; the others say where.
    for (const [index, number] of cases.entries()) found.set(number, [...(found.get(number) ?? []), index === 0 ? text : `\`${name}\`, see fault-${cases[0]}`]);
  }
  return found;
}

function tables(folder: string): string {
  const tests = testsByCase(folder);
  const figures = figuresByCase(folder);
  const channels = channelsByCase(folder, tests);
  const unnamed = [...tests.keys()].filter((number) => !Object.hasOwn(CASES, number));
  if (unnamed.length > 0) throw new Error(`give fault ${unnamed.join(", ")} a name in scripts/docs-reliability.ts`);
  const promises = PROMISES.map(({ name, text, cases }) => {
    const tested = cases.filter((number) => tests.has(number));
    return `| ${name} | ${text} | ${tested.length > 0 ? tested.join(", ") : "none yet"} |`;
  });
  const numbers = [...tests.keys()].toSorted((a, b) => a - b);
  const cases = numbers.map((number) => {
    const own = tests.get(number)!.filter((file) => !file.startsWith("test/channels/"));
    const files = own.map((file) => `\`${file}\``).join("<br>");
    return `| fault-${number} | ${CASES[number]} | ${files} | ${channels.get(number)!.join(", ")} | ${(figures.get(number) ?? []).join("<br>")} |`;
  });
  const untested = Object.keys(CASES).filter((number) => !tests.has(Number(number)));
  return [
    "| promise | | tested by the cases |",
    "|---|---|---|",
    ...promises,
    "",
    "| case | what is done | tests | channels that it is tried on (`test/channels/NAME`) | figures of the lab (`npm run faults -- --only NAME`) |",
    "|---|---|---|---|---|",
    ...cases,
    "",
    ...(untested.length > 0 ? [`Named and not tested yet: ${untested.map((number) => `${number} (${CASES[Number(number)]})`).join(", ")}.`, ""] : []),
    "Not covered yet:",
    "",
    "| cases | what | comes with issue |",
    "|---|---|---|",
    ...LATER.map(({ cases: waiting, what, issue }) => `| ${waiting.join(", ")} | ${what} | ${issue} |`),
    "",
    "What is known not to hold, or not to have been tried, as the case asks:",
    "",
    ...LIMITS.map((limit) => `- ${limit}`),
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
