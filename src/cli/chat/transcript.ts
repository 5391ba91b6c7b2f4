/**
 * Prints a session live. Deltas carry their offset, so what is repeated after a reconnect is skipped and what was missed is filled in from the turn's whole
 * text; the answer of `agent.wait` has the last word.
 */
import type { Event } from "../../core/event.ts";
import { escapeControls } from "../../lib/plain-text/index.ts";
import type { Output } from "../output.ts";

export interface Transcript {
  event(event: Pick<Event, "event" | "payload">): void;
  /** The running turns as of a (re)connect. */
  resume(turns: readonly { readonly turn_id: string; readonly text: string }[]): void;
  /** The turn is over: prints what is still missing of its text. */
  end(turn: { turn_id: string; text: string }): void;
  /** Turns of which something was shown and that are not over. */
  readonly running: ReadonlySet<string>;
}

export interface TranscriptOptions {
  readonly output: Output;
  /** Before anything is printed: hides the prompt. */
  readonly onPrint?: () => void;
  /** A turn that nobody here waits for has ended. */
  readonly onIdle?: () => void;
  /** False: only answers are printed. */
  readonly details: boolean;
  /** Text that was sent from here is on the screen already. */
  readonly isOwn: (messageId: string, text: string) => boolean;
}

interface Shown {
  /** UTF-16 units of the turn's text that were seen. */
  text: string;
  over: boolean;
}

/** Turns that are remembered after their end, so that late events do not print them again. */
const REMEMBERED = 50;

export function createTranscript({ output, onPrint = () => {}, onIdle = () => {}, details, isOwn }: TranscriptOptions): Transcript {
  const turns = new Map<string, Shown>();
  const running = new Set<string>();
  let open = false;

  const turnOf = (id: string): Shown => {
    const known = turns.get(id);
    if (known !== undefined) return known;
    const made = { text: "", over: false };
    turns.set(id, made);
    running.add(id);
    return made;
  };
  const print = (text: string) => {
    if (text === "") return;
    onPrint();
    output.stream(safe(text));
    open = !text.endsWith("\n");
  };
  const line = (text: string) => {
    if (!details) return;
    onPrint();
    output.stream(`${open ? "\n" : ""}${output.paint("dim", escapeControls(text))}\n`);
    open = false;
  };
  const grow = (id: string, offset: number, text: string) => {
    const turn = turnOf(id);
    // A gap is left to `end`, which has the whole text.
    if (turn.over || offset > turn.text.length || offset + text.length <= turn.text.length) return;
    const fresh = text.slice(turn.text.length - offset);
    turn.text += fresh;
    print(fresh);
  };
  const end = ({ turn_id: id, text }: { turn_id: string; text: string }) => {
    const turn = turnOf(id);
    if (turn.over) return;
    turn.over = true;
    running.delete(id);
    // The final text is that of the last step; what earlier steps said stands before it.
    if (text.startsWith(turn.text)) print(text.slice(turn.text.length));
    else if (!turn.text.endsWith(text)) print(`${open ? "\n" : ""}${text}`);
    if (open) print("\n");
    for (const old of [...turns.keys()].slice(0, -REMEMBERED)) turns.delete(old);
  };

  return {
    running,
    end,
    resume(now) {
      for (const { turn_id: id, text } of now) grow(id, 0, text);
    },
    event(event) {
      const known = event as Event;
      if (known.event === "turn.delta") grow(known.payload.turn_id, known.payload.offset, known.payload.text);
      else if (known.event === "turn.started") turnOf(known.payload.turn_id);
      else if (known.event === "turn.tool") line(toolLine(known.payload));
      else if (known.event === "message.accepted" && !isOwn(known.payload.message_id, known.payload.text))
        line(`[${known.payload.channel}] ${known.payload.text}`);
      else if (known.event === "notice") line(known.payload.text);
      else if (known.event === "turn.ended") {
        end(known.payload);
        if (known.payload.error !== undefined)
          line(`${known.payload.error.message}${known.payload.error.hint === undefined ? "" : ` ${known.payload.error.hint}`}`);
        if (running.size === 0) onIdle();
      }
    },
  };
}

function toolLine({ name, state, error }: { name: string; state: string; error?: boolean }): string {
  if (state === "started") return `· ${name} …`;
  if (state === "denied") return `· ${name} was not allowed`;
  return `· ${name} ${error === true ? "failed" : "done"}`;
}

/** A model's text may hold anything: control characters but line breaks and tabs become visible. */
function safe(text: string): string {
  return text
    .split(/([\n\t])/)
    .map((part) => (part === "\n" || part === "\t" ? part : escapeControls(part)))
    .join("");
}
