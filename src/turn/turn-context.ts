/** Hall, step 3, context: the entries a model sees in this turn; media of admitted messages are fetched here, never before. */
import { buildContext, tokensOf } from "../agent/context.ts";
import { contextBudget } from "../agent/context-budget.ts";
import { Aborted, race } from "../agent/race.ts";
import { estimateTokens } from "../agent/tokens.ts";
import type { Media, Message, MessagePart } from "../core/message.ts";
import type { Entry } from "../core/entry.ts";
import { toClankerError } from "../core/errors.ts";
import type { Model, ModelEntry } from "../core/model.ts";
import type { Session } from "../core/records.ts";
import type { Tool } from "../core/tool.ts";
import { fileType } from "../lib/file-type/index.ts";
import type { AgentSettings } from "./agent-settings.ts";
import type { RunTurnDeps } from "./run-turn-deps.ts";
import type { RunningTurn } from "./lanes.ts";
import { isOpenMedia } from "./recent-entries.ts";
import type { TurnLabel } from "./turn-label.ts";

/** Taken for a model that does not say how much it takes. */
const DEFAULT_CONTEXT_TOKENS = 128_000;
/** Older pictures are named, not shown again. */
const MAX_IMAGES = 8;
/** How long a turn waits for a summary that it needs the room of. */
const SUMMARY_WAIT_MS = 60_000;

export interface LoadContextInput {
  readonly agent: AgentSettings;
  readonly model: Model;
  /** Text of the system prompt, and the tools it may be sent with. */
  readonly system: string;
  readonly tools: readonly Tool[];
}

export interface LoadedContext {
  readonly entries: ModelEntry[];
  /** Entry number that it begins with. */
  readonly start: number;
  /** For the conversation, estimated tokens; and how much of it was used. */
  readonly room: number;
  readonly used: number;
  /** System prompt and tools, and most of a whole prompt, estimated tokens. */
  readonly fixedTokens: number;
  readonly promptTokens: number;
}

export async function loadContext(
  running: RunningTurn,
  { agent, model, system, tools }: LoadContextInput,
  deps: RunTurnDeps & { readonly label: TurnLabel },
): Promise<LoadedContext> {
  const { session } = running;
  deps.recent.add(session.id, running.entries);
  const budget = contextBudget({
    limit: contextLimit(agent, model),
    ratio: await deps.counts.ratio(model.id),
    systemTokens: estimateTokens(system),
    toolTokens: deps.counts.tools(tools),
    maxTokens: agent.maxTokens,
  });
  const room = budget.history;
  // The lane is held: nothing has been appended since the start, except where a crashed run is taken up again.
  let now = await readContext(running.resumed ? { ...session, lastEntry: undefined } : session, deps);
  if (now.used > room && (await makeRoom(running, room, deps))) now = await readContext((await deps.store.getSession({ id: session.id })) ?? session, deps);
  const { all, contextStart, trimmedTo, summary } = now;
  const fetched = await Promise.all(all.map((entry) => (entry.turnId === running.turn.id ? withMedia(entry, running, deps) : entry)));
  const context = buildContext({
    entries: fetched,
    contextStart,
    trimmedTo,
    summary,
    budgetTokens: room,
    reserveTokens: 0,
    timeZone: deps.timeZone,
    numbered: namesMessages(tools),
  });
  // What was cut away is not in the context; what was written in its light carries its label on (sec-91).
  for (const entry of all) if (entry.number >= context.start) deps.label.read(entry);
  if (summary !== undefined) deps.label.add(summary.label);
  return {
    entries: await withImages(context.entries, deps),
    start: context.start,
    room,
    used: now.used,
    fixedTokens: budget.system + budget.tools,
    promptTokens: budget.system + budget.tools + room,
  };
}

/** Whether the model may name messages: only then their numbers are worth the tokens. */
export function namesMessages(tools: readonly Tool[]): boolean {
  return tools.some(({ spec }) => spec.name === "message_action");
}

/** Tokens that a prompt with its answer may have: what the model takes, or less if the owner says so. */
export function contextLimit({ maxContextTokens }: Pick<AgentSettings, "maxContextTokens">, { contextTokens }: Pick<Model, "contextTokens">): number {
  const limit = contextTokens === 0 ? DEFAULT_CONTEXT_TOKENS : contextTokens;
  return maxContextTokens === 0 ? limit : Math.min(limit, maxContextTokens);
}

async function readContext(session: Pick<Session, "id" | "contextStart" | "trimmedTo"> & { readonly lastEntry?: number | undefined }, deps: RunTurnDeps) {
  const { id, contextStart, trimmedTo, lastEntry } = session;
  const summary = contextStart > 1 ? await deps.store.getSummary({ sessionId: id, before: contextStart }) : undefined;
  const all = await deps.recent.read({ id, contextStart, ...(lastEntry !== undefined && { lastEntry }) });
  return { all, contextStart, trimmedTo, summary, used: tokensOf(all, trimmedTo) + (summary?.tokens ?? 0) };
}

/** The conversation does not fit any more. @returns whether it was made shorter; if not, the turns that fit have to do. */
async function makeRoom(running: RunningTurn, room: number, deps: RunTurnDeps): Promise<boolean> {
  const wait = new AbortController();
  const end = () => wait.abort();
  const cancelTimer = deps.clock.timer(SUMMARY_WAIT_MS, end);
  running.stop.addEventListener("abort", end, { once: true });
  if (running.stop.aborted) end();
  try {
    const { kind } = await race(deps.compaction.run(running.session.id, { room }), wait.signal);
    return kind === "summarised" || kind === "trimmed";
  } catch (thrown) {
    if (!(thrown instanceof Aborted)) {
      const { code, message, name } = toClankerError(thrown);
      if (name === "StoreError") throw thrown;
      deps.log.warn("no summary; the oldest turns are left out instead", { session: running.session.key, code, error: message });
    }
    return false;
  } finally {
    cancelTimer();
    running.stop.removeEventListener("abort", end);
  }
}

/** Fetches what the platform only named, and remembers the bytes in the transcript, as what they say they are: a model refuses a request with a picture that is none. */
async function withMedia(entry: Entry, running: RunningTurn, deps: RunTurnDeps): Promise<Entry> {
  if (entry.content.role !== "user") return entry;
  const { message } = entry.content;
  if (!message.parts.some(isOpenMedia)) return entry;
  const parts: MessagePart[] = [];
  for (const part of message.parts)
    parts.push(part.type === "media" && isOpenMedia(part) ? { type: "media", media: await fetchMedia(part.media, entry, running, deps) } : part);
  const full: Message = { ...message, parts };
  await deps.store.setEntryMessage({ fence: running.fence, sessionId: running.session.id, number: entry.number, message: full });
  return { ...entry, content: { ...entry.content, message: full } };
}

async function fetchMedia(media: Media, entry: Entry, running: RunningTurn, deps: RunTurnDeps): Promise<Media> {
  const { channel, account } = entry.principal.where;
  const source = deps.channels.get(channel, account);
  if (!source?.fetchMedia) return { ...media, missing: "this channel cannot hand over files now" };
  try {
    const file = await source.fetchMedia(media, running.stop);
    const name = media.name ?? file.name;
    const type = fileType(file.bytes, file.type);
    const blob = await deps.blobs.put(file.bytes, { type, ...(name !== undefined && { name }) });
    return { ...media, blob: blob.id, type, size: file.bytes.length, ...(name !== undefined && { name }) };
  } catch (thrown) {
    const error = toClankerError(thrown);
    deps.log.warn("a file could not be fetched", { channel, code: error.code, error: error.message });
    return { ...media, missing: error.message };
  }
}

async function withImages(entries: readonly ModelEntry[], deps: RunTurnDeps): Promise<ModelEntry[]> {
  const result = [...entries];
  let left = MAX_IMAGES;
  for (let i = result.length - 1; i >= 0 && left > 0; i--) {
    const { content } = result[i]!;
    if (content.role !== "user") continue;
    const blobs = content.message.parts.flatMap((part) => (part.type === "media" && isImage(part.media) ? [part.media.blob!] : [])).slice(0, left);
    if (blobs.length === 0) continue;
    left -= blobs.length;
    const images = (await Promise.all(blobs.map((id) => deps.blobs.get(id)))).flatMap((blob) => (blob ? [{ type: blob.type, bytes: blob.bytes }] : []));
    result[i] = { content, images };
  }
  return result;
}

function isImage(media: Media): boolean {
  return media.blob !== undefined && /^image\/(png|jpeg|gif|webp)$/.test(media.type ?? "");
}
