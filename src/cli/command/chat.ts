import { createInterface } from "node:readline/promises";
import { UsageError } from "../exit-code.ts";
import type { CliContext } from "../context.ts";
import { converse, type Sent } from "../chat/conversation.ts";
import { createTranscript } from "../chat/transcript.ts";
import { openLive, type LiveGateway } from "../live-gateway.ts";
import { describeError } from "../output.ts";

const DEFAULT_SESSION = "agent:main:main";

/** `clanker chat`: a conversation at a terminal; piped, each line is a message and only answers are printed. */
export async function chat(context: CliContext, { options }: { options: { session?: string } }): Promise<void> {
  const { output } = context;
  if (output.json) throw new UsageError("chat prints a conversation, not a document", "use: clanker agent run --message TEXT --json");
  const session = options.session ?? DEFAULT_SESSION;
  const live = await openLive(context, session);
  try {
    const worked = process.stdin.isTTY === true ? await talk(context, live, session) : await pipe(context, live, session);
    output.result({ json: {}, text: "", exitCode: worked ? 0 : 1 });
  } finally {
    live.close();
  }
}

/** @returns false when an answer failed. */
async function pipe({ output }: CliContext, live: LiveGateway, session: string): Promise<boolean> {
  const own = new Set<string>();
  const transcript = createTranscript({ output, details: false, isOwn: (id) => own.has(id) });
  transcript.resume(live.turns);
  live.onEvent((event) => transcript.event(event as unknown as Parameters<typeof transcript.event>[0]));
  live.onResume(({ turns }) => transcript.resume(turns));
  let worked = true;
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    if (line.trim() === "") continue;
    const sent = await converse(live, session, { message: line, accepted: (id) => own.add(id) });
    if (sent.kind === "command") {
      output.stream(`${sent.reply}\n`);
      continue;
    }
    transcript.end({ turn_id: sent.turnId, text: sent.text });
    if (sent.outcome === "done") continue;
    worked = false;
    output.warn(failure(sent));
  }
  return worked;
}

function failure(sent: Sent & { kind: "turn" }): string {
  const { message = `the turn is ${sent.outcome}`, hint } = sent.error ?? {};
  return hint === undefined ? message : `${message}\n${hint}`;
}

/** Ctrl-C stops a running turn, and at the prompt ends the program, as Ctrl-D does. */
async function talk({ output }: CliContext, live: LiveGateway, session: string): Promise<boolean> {
  const prompt = output.paint("bold", "you> ");
  const own = new Set<string>();
  // The event of a message may be faster than the answer to its send.
  const sending = new Set<string>();
  const lines = createInterface({ input: process.stdin, output: process.stdout, prompt });
  let waiting = 0;
  let prompting = false;
  const showPrompt = () => {
    if (waiting > 0 || prompting) return;
    prompting = true;
    lines.prompt(true);
  };
  const hidePrompt = () => {
    if (!prompting) return;
    prompting = false;
    process.stdout.write("\r\u001b[K");
  };
  const transcript = createTranscript({
    output,
    details: true,
    isOwn: (id, text) => own.has(id) || sending.has(text),
    onPrint: hidePrompt,
    onIdle: showPrompt,
  });
  transcript.resume(live.turns);
  live.onEvent((event) => transcript.event(event as unknown as Parameters<typeof transcript.event>[0]));
  live.onResume(({ turns }) => transcript.resume(turns));
  live.onState((state) => {
    if (state === "lost") print("connection lost, trying again ...");
    if (state === "back") print("connected again");
  });
  const print = (text: string) => {
    hidePrompt();
    output.say(output.paint("dim", text));
    showPrompt();
  };

  lines.on("SIGINT", () => {
    if (waiting === 0 && transcript.running.size === 0) return lines.close();
    live.call("chat.abort", { session }).catch((error: unknown) => print(describeError(error).message));
  });
  const say = async (message: string) => {
    waiting++;
    sending.add(message);
    try {
      const sent = await converse(live, session, { message, accepted: (id) => own.add(id) });
      if (sent.kind === "command") output.stream(`${sent.reply}\n`);
      else transcript.end({ turn_id: sent.turnId, text: sent.text });
      if (sent.kind === "turn" && sent.outcome === "cancelled") output.stream(`${output.paint("dim", "stopped")}\n`);
      else if (sent.kind === "turn" && sent.outcome !== "done") output.stream(`${output.paint("red", failure(sent))}\n`);
    } catch (error) {
      const { message: why, hint } = describeError(error);
      output.stream(`${output.paint("red", why)}\n${hint === undefined ? "" : `${hint}\n`}`);
    } finally {
      waiting--;
      sending.delete(message);
      showPrompt();
    }
  };

  output.say(output.paint("dim", `session ${session}; /help for commands, Ctrl-C stops an answer, Ctrl-D ends`));
  showPrompt();
  // Every line is sent at once, also into a running turn: the session's queue mode decides what it does there.
  lines.on("line", (line) => {
    prompting = false;
    if (line.trim() === "") return showPrompt();
    void say(line);
  });
  await new Promise<void>((resolve) => lines.once("close", resolve));
  output.stream("\n");
  return true;
}
