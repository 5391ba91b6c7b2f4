import { batch, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { isLost, type Connection, type GatewayEvent } from "../connection/connection.ts";
import { randomKey } from "../connection/random-key.ts";
import type { WireHistory, WireRunningTurn } from "../connection/wire.ts";
import type { Attachment } from "./attachments.ts";
import { Transcript, type Line, type Problem } from "./transcript.ts";

const PAGE = 100;

/** One open conversation: what it shows, and what can be done in it. */
export interface Conversation {
  readonly session: string;
  readonly lines: ReadonlySignal<readonly Line[]>;
  readonly running: ReadonlySignal<boolean>;
  /** There are older entries than those shown. */
  readonly older: ReadonlySignal<boolean>;
  readonly state: ReadonlySignal<"loading" | "ready" | "failed">;
  readonly problem: ReadonlySignal<Problem | undefined>;
  /** What is being written; kept while another conversation is looked at. */
  readonly draft: Signal<string>;
  send(text: string, files: readonly Attachment[]): void;
  /** Sends a message again that did not get through, under the same key: at most one arrives. */
  retry(line: Line): void;
  dismiss(line: Line): void;
  stop(): void;
  loadOlder(): Promise<void>;
  /** After each connect: stored entries that are new, and the turns that run now. */
  resume(turns: readonly WireRunningTurn[]): Promise<void>;
  handle(event: GatewayEvent): void;
}

interface Waiting {
  readonly text: string;
  readonly media: readonly string[];
}

export function createConversation(connection: Connection, session: string, now: () => number = Date.now): Conversation {
  let transcript = new Transcript();
  /** The id behind the key: another one after a reset, whose entries are numbered anew. */
  let sessionId: string | undefined;
  const lines = signal<readonly Line[]>([]);
  const running = signal(false);
  const older = signal(false);
  const state = signal<"loading" | "ready" | "failed">("loading");
  const problem = signal<Problem | undefined>(undefined);
  const unsent = new Map<string, Waiting>();

  const show = () =>
    batch(() => {
      lines.value = transcript.lines();
      running.value = transcript.runningTurn !== undefined;
      older.value = transcript.oldest > 1;
    });
  const change = (apply: () => void) => {
    apply();
    show();
  };

  const read = async (params: { after?: number; before?: number }): Promise<WireHistory | undefined> => {
    try {
      return await connection.call("chat.history", { session, limit: PAGE, ...params });
    } catch (error) {
      // The main conversation comes into being with its first message.
      if (problemOf(error).code === "session_not_found") return undefined;
      throw error;
    }
  };

  const keep = (history: WireHistory) => {
    if (sessionId !== undefined && history.session_id !== sessionId) transcript = new Transcript();
    sessionId = history.session_id;
    transcript.store(history.entries);
  };

  /** Reads on from the newest entry that is known, page by page. */
  const catchUp = async (): Promise<void> => {
    for (;;) {
      const after = transcript.newest;
      const history = await read(after === 0 ? {} : { after });
      if (history === undefined) return;
      const other = sessionId !== undefined && history.session_id !== sessionId;
      keep(history);
      if (other && after > 0) continue;
      if (after === 0 || history.entries.length < PAGE) return;
    }
  };

  /** What waits in the queue is in no entry and in no running turn: its messages and its place are asked for. */
  const readQueue = async (): Promise<void> => {
    if (sessionId === undefined) return;
    const { turns } = await connection.call("agent.status", { session });
    const waiting = turns.filter((turn) => turn.status !== "running").toSorted((a, b) => a.created_at - b.created_at);
    if (waiting.length === 0) return;
    const { messages } = await connection.call("messages.history", { session, limit: 50 });
    for (const turn of waiting) {
      for (const message of messages) if (message.turn_id === turn.turn_id && message.type === "message") transcript.accepted(message);
      transcript.queued(turn.turn_id, now(), turn);
    }
  };

  const report = (error: unknown) => {
    if (connection.state.value !== "ready") return;
    problem.value = problemOf(error);
    state.value = "failed";
  };

  const transmit = async (key: string): Promise<void> => {
    const message = unsent.get(key);
    if (message === undefined) return;
    try {
      const wire = message.media.length === 0 ? message.text : { text: message.text, media: message.media };
      const sent = await connection.call("chat.send", { session, message: wire, idempotency_key: key });
      unsent.delete(key);
      change(() => {
        if ("message_id" in sent) transcript.sent(key, sent.message_id);
        else {
          transcript.dismiss(key);
          if (sent.reply !== "") transcript.notice(sent.reply, key);
        }
      });
    } catch (error) {
      // The line is down: it goes out with the next connect, and the key keeps it from arriving twice.
      if (isLost(error)) return;
      change(() => transcript.unsent(key, problemOf(error)));
    }
  };

  return {
    session,
    lines,
    running,
    older,
    state,
    problem,
    draft: signal(""),
    send(text, files) {
      const key = randomKey();
      unsent.set(key, { text, media: files.flatMap((file) => (file.id === undefined ? [] : [file.id])) });
      change(() =>
        transcript.send(
          key,
          text,
          files.map(({ name, type, id }) => ({ name, type, id })),
          now(),
        ),
      );
      void transmit(key);
    },
    retry(line) {
      const message = unsent.get(line.id);
      if (message === undefined || line.kind !== "user") return;
      change(() => {
        transcript.dismiss(line.id);
        transcript.send(line.id, message.text, line.files, now());
      });
      void transmit(line.id);
    },
    dismiss(line) {
      unsent.delete(line.id);
      change(() => transcript.dismiss(line.id));
    },
    stop() {
      connection.call("chat.abort", { session }).catch((error: unknown) => change(() => transcript.notice(problemOf(error).message, randomKey())));
    },
    async loadOlder() {
      try {
        const history = await read({ before: transcript.oldest });
        if (history !== undefined) change(() => keep(history));
      } catch (error) {
        report(error);
      }
    },
    async resume(turns) {
      try {
        // Before the first await: events that come while the history is read belong on top of this.
        const mine = turns.filter((turn) => turn.session === session);
        change(() => transcript.snapshot(mine, now()));
        await catchUp();
        await readQueue();
        show();
        batch(() => {
          state.value = "ready";
          problem.value = undefined;
        });
        for (const key of unsent.keys()) if (isSending(transcript.lines(), key)) void transmit(key);
      } catch (error) {
        report(error);
      }
    },
    handle(event) {
      if (event.session !== session) return;
      change(() => apply(transcript, event, now()));
      if (event.event === "turn.ended") void catchUp().then(show, report);
      if (event.event === "session.changed" && (event.payload.change === "reset" || event.payload.change === "appended")) {
        void catchUp().then(show, report);
      }
    },
  };
}

const isSending = (lines: readonly Line[], key: string) => lines.some((line) => line.kind === "user" && line.id === key && line.state === "sending");

function apply(transcript: Transcript, event: GatewayEvent, at: number): void {
  switch (event.event) {
    case "message.accepted":
      return transcript.accepted(event.payload);
    case "turn.queued":
      return transcript.requeued(event.payload.turn_id, at, event.payload);
    case "turn.started":
      return transcript.started(event.payload.turn_id, at);
    case "approval.asked":
      return transcript.asked(event.payload.turn_id, at);
    case "turn.delta":
      return transcript.delta(event.payload.turn_id, event.payload.offset, event.payload.text, at);
    case "turn.tool":
      return transcript.tool(event.payload.turn_id, event.payload, at);
    case "turn.ended":
      return transcript.ended(event.payload.turn_id, event.payload, at);
    case "notice":
      return transcript.notice(event.payload.text, randomKey());
  }
}

/** What went wrong, in words for a person. */
export function problemOf(error: unknown): Problem & { readonly code?: string | undefined } {
  if (!(error instanceof Error)) return { message: String(error) };
  const { code, hint } = error as { code?: unknown; hint?: unknown };
  return { message: error.message, ...(typeof hint === "string" ? { hint } : {}), ...(typeof code === "string" ? { code } : {}) };
}
