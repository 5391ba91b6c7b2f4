/**
 * Runs the tests: every test/**\/*.test.ts (contract suites are run by the adapters' own tests), two files at a time.
 *   npm test                                 all
 *   npm test -- --name "keeps its place"     tests whose title matches (a regular expression)
 *   npm test -- test/turn test/store/a.test.ts   only these files and folders
 *   npm test -- --unit                       without processes, browsers and databases (what `npm run check` runs)
 * Ends with "N passed, N failed". A skipped, cancelled or todo test and a file without tests count as failed: nothing is left out silently.
 */
import { createWriteStream, globSync, mkdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { build, isStale } from "./build.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** Slow or in need of more than Node: whole programs, kill -9, PostgreSQL, Chromium, servers of mail and IRC. */
const NOT_UNIT = new RegExp(
  [
    String.raw`^test/(e2e|faults|sim/(seeds-\d+|mutants)|store/postgres|bus/postgres)[/.]`,
    "^test/ui/page",
    "^test/gateway/corpus[.]",
    "^test/cli/(gateway-up|program|config-commands|control-plane|cron|setup|usage)[.]",
    "^test/channels/(email/(dovecot|tls)|irc/ngircd|[a-z]+/(contract|faults)|event-kinds)[.]",
    "^test/security/host/(companion|programs)[.]",
    "^test/config/config-write-kill[.]",
    "^test/jobs/every-slot-once[.]",
    "^test/security/host/escape[.]",
    "^test/turn/(routing|session-rules|compaction|long-session)[.]",
    "^test/(models/wires|sim/replay|jobs/in-the-house|store/sqlite/durability)[.]",
    "^test/security/host/(workspace|processes|keychain)[.]",
    // Whole adapters against their fakes; `npm test` runs them.
    "^test/channels/(feishu|googlechat|imessage|line|matrix|nostr|signal|teams|twitch|whatsapp|xmpp|zalo)/(?!config|markup|render|text)",
    "^test/channels/(discord/gateway|slack/socket-mode|telegram/updates)[.]",
    "^test/gateway/(control-plane|devices|fan-out|sockets|openclaw-frames)[.]",
  ].join("|"),
);

interface Failure {
  readonly title: string;
  readonly place: string;
  readonly detail: string;
}

function chooseFiles(only: readonly string[], unit: boolean): string[] {
  const all = globSync("test/**/*.test.ts", { cwd: root, exclude: ["test/contract/**", "test/tmp/**"] }).toSorted();
  const named = only.map((path) => relative(root, join(process.cwd(), path)));
  return all
    .filter((file) => named.length === 0 || named.some((path) => file === path || file.startsWith(`${path}/`)))
    .filter((file) => !(unit && NOT_UNIT.test(file)));
}

/** The cause's stack is the test's own; the wrapper's says only where the runner stands. */
function explain(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}

/** A file may take this long; after twice as long without any news something holds the run itself, say a process that a killed file left. */
const FILE_TIMEOUT_MS = 600_000;

interface Totals {
  passed: number;
  readonly failures: Failure[];
}

/** Runs the files and counts into `totals`, so that what is known is there even if the run never ends. */
async function runFiles(files: readonly string[], options: { name: string | undefined; report: string; onNews: () => void }, totals: Totals) {
  const stream = run({
    cwd: root,
    files: files.map((file) => join(root, file)),
    concurrency: 2,
    timeout: FILE_TIMEOUT_MS,
    ...(options.name === undefined ? {} : { testNamePatterns: [new RegExp(options.name)] }),
  });
  stream.compose(spec).pipe(createWriteStream(options.report));
  /** What each file wrote to stderr: says why it crashed. */
  const stderr = new Map<string, string>();
  for await (const { type, data } of stream) {
    options.onNews();
    if (type === "test:stderr") stderr.set(data.file, `${stderr.get(data.file) ?? ""}${data.message}`.slice(-4000));
    if (type !== "test:pass" && type !== "test:fail") continue;
    const isFile = data.name === data.file || files.some((file) => data.name === join(root, file));
    const place = `${data.file === undefined ? "" : relative(root, data.file)}${data.line === undefined ? "" : `:${data.line}`}`;
    const fail = (detail: string) => totals.failures.push({ title: isFile ? relative(root, data.name) : data.name, place, detail });
    if (type === "test:fail") {
      // A suite or file fails with its tests, which are reported themselves.
      const inner = (data.details.error as { failureType?: string } | undefined)?.failureType === "subtestsFailed";
      if (!inner) fail(`${explain(data.details.error)}${isFile ? `\n${stderr.get(data.name) ?? ""}` : ""}`);
    } else if (data.skip !== undefined && data.skip !== false) fail(`skipped: ${data.skip}`);
    else if (data.todo !== undefined && data.todo !== false) fail(`todo: ${data.todo}`);
    else if (isFile && options.name === undefined) fail("the file holds no tests");
    else if (!isFile && data.details.type !== "suite") totals.passed++;
  }
}

const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  allowPositionals: true,
  options: { unit: { type: "boolean", default: false }, name: { type: "string" } },
});
if (values.unit) process.env["CLANKER_TEST_QUICK"] ??= "1";
// Parsed and stripped sources are kept between runs; the programs that tests start profit too.
process.env["NODE_COMPILE_CACHE"] ??= join(root, "node_modules/.cache/node-compile");

const files = chooseFiles(positionals, values.unit);
if (files.length === 0) {
  console.error(`no test file matches ${positionals.join(" ")}`);
  process.exit(2);
}
if (!values.unit && (await isStale())) await build();

const report = join(root, "test/tmp", values.unit ? "report-unit.txt" : "report.txt");
mkdirSync(dirname(report), { recursive: true });
const totals: Totals = { passed: 0, failures: [] };

function printTotals(): void {
  const { passed, failures } = totals;
  for (const failure of failures) console.log(`\n✖ ${failure.title}  (${failure.place})\n${failure.detail.replaceAll(/^/gm, "    ")}`);
  console.log(`\n${files.length} files, details in ${relative(root, report)}`);
  console.log(`${passed} passed, ${failures.length} failed`);
  process.exitCode = failures.length > 0 || passed === 0 ? 1 : 0;
}

const watchdog = setTimeout(() => {
  totals.failures.push({ title: "the run hangs", place: relative(root, report), detail: "No news from any test; the report's end says which one was last." });
  printTotals();
  process.exit();
}, 2 * FILE_TIMEOUT_MS);
await runFiles(files, { name: values.name, report, onNews: () => watchdog.refresh() }, totals);
clearTimeout(watchdog);
printTotals();
