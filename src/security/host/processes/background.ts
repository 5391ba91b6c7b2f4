import { ToolError } from "../../../core/errors.ts";
import type { BackgroundProcess, ExecEnd, ExecOptions, ExecRequest } from "../../../core/processes.ts";
import { createOutputText } from "./output-text.ts";
import type { RunningChild } from "./start-child.ts";

const MAX_PER_SESSION = 8;
const MAX_TOTAL = 64;
const MAX_ENDED = 8;
/** Characters of output that are kept at each end between two polls. */
const KEEP = 8_000;
const MAX_TITLE = 120;

type Launch = (request: ExecRequest, how: Pick<ExecOptions, "plan">, onOutput: (text: string) => void) => Promise<RunningChild>;

interface Kept extends BackgroundProcess {
  /** Its end has been polled: nobody needs it any more. */
  readonly done: () => boolean;
}

/** Programs that go on between turns, by session. They live as long as the gateway, at most for their limit of time. */
export function createBackground(launch: Launch): {
  start(session: string, request: ExecRequest, how: Pick<ExecOptions, "plan">): Promise<BackgroundProcess>;
  list(session: string): readonly BackgroundProcess[];
} {
  const sessions = new Map<string, Map<string, Kept>>();
  let total = 0;
  let count = 0;

  const tidy = (session: string) => {
    const own = sessions.get(session);
    const ended = [...(own?.values() ?? [])].filter((one) => one.end() !== undefined);
    // Those that nobody asks for are forgotten in time, the oldest first.
    for (const [index, one] of ended.entries()) if (one.done() || index < ended.length - MAX_ENDED) own!.delete(one.id);
    if (own?.size === 0) sessions.delete(session);
    return own;
  };
  return {
    async start(session, request, how) {
      const alive = [...(tidy(session)?.values() ?? [])].filter((one) => one.end() === undefined).length;
      if (alive >= MAX_PER_SESSION || total >= MAX_TOTAL) {
        throw new ToolError("too_many_processes", "too many background processes run already", { hint: "end one of them first" });
      }
      // Counted before the start: two starts at once must not both be the last one.
      total++;
      try {
        const kept = await keep(request, (onOutput) => launch(request, how, onOutput), { id: `p${++count}`, onEnd: () => total-- });
        const own = sessions.get(session) ?? new Map<string, Kept>();
        sessions.set(session, own.set(kept.id, kept));
        return kept;
      } catch (error) {
        total--;
        throw error;
      }
    },
    list: (session) => [...(tidy(session)?.values() ?? [])],
  };
}

async function keep(
  { program }: ExecRequest,
  launch: (onOutput: (text: string) => void) => Promise<RunningChild>,
  { id, onEnd }: { readonly id: string; readonly onEnd: () => void },
): Promise<Kept> {
  let output = createOutputText(KEEP);
  let end: ExecEnd | undefined;
  let done = false;
  const child = await launch((text) => output.add(text));
  void child.ended.then((how) => {
    end = how;
    onEnd();
  });
  return {
    id,
    title: (program.kind === "script" ? program.script : program.argv.join(" ")).slice(0, MAX_TITLE),
    end: () => end,
    done: () => done,
    poll() {
      const text = output.text();
      output = createOutputText(KEEP);
      done = end !== undefined;
      return text;
    },
    async kill() {
      child.kill();
      await child.ended;
    },
  };
}
