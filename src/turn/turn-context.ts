/** Hall, step 3, context: the entries a model sees in this turn; media of admitted messages are fetched here, never before. */
import { buildContext } from "../agent/context.ts";
import type { Media, Message, MessagePart } from "../core/message.ts";
import type { Entry } from "../core/entry.ts";
import { toClankerError } from "../core/errors.ts";
import type { Model, ModelEntry } from "../core/model.ts";
import type { AgentSettings } from "./agent-settings.ts";
import type { RunTurnDeps } from "./run-turn-deps.ts";
import type { RunningTurn } from "./lanes.ts";
import { isOpenMedia } from "./recent-entries.ts";
import type { TurnLabel } from "./turn-label.ts";

/** Taken for a model that does not say how much it takes. */
const DEFAULT_CONTEXT_TOKENS = 128_000;
/** System prompt and tool schemas, beside the answer. */
const RESERVED_TOKENS = 4_000;
/** Older pictures are named, not shown again. */
const MAX_IMAGES = 8;

export async function loadContext(
  running: RunningTurn,
  agent: AgentSettings,
  model: Model,
  deps: RunTurnDeps & { readonly label: TurnLabel },
): Promise<{ entries: ModelEntry[]; start: number }> {
  const { session } = running;
  deps.recent.add(session.id, running.entries);
  // The lane is held: nothing has been appended since the start, except where a crashed run is taken up again.
  const all = await deps.recent.read(running.resumed ? { id: session.id, contextStart: session.contextStart } : session);
  const fetched = await Promise.all(all.map((entry) => (entry.turnId === running.turn.id ? withMedia(entry, running, deps) : entry)));
  const limit = model.contextTokens === 0 ? DEFAULT_CONTEXT_TOKENS : model.contextTokens;
  const budget = agent.maxContextTokens === 0 ? limit : Math.min(limit, agent.maxContextTokens);
  const reserve = Math.min(agent.maxTokens + RESERVED_TOKENS, Math.floor(budget / 2));
  const context = buildContext({ entries: fetched, contextStart: session.contextStart, budgetTokens: budget, reserveTokens: reserve, timeZone: deps.timeZone });
  // What was cut away is not in the context; what was written in its light carries its label on (sec-91).
  for (const entry of all) if (entry.number >= context.start) deps.label.read(entry);
  return { entries: await withImages(context.entries, deps), start: context.start };
}

/** Fetches what the platform only named, and remembers the bytes in the transcript. */
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
    const blob = await deps.blobs.put(file.bytes, { type: file.type, ...(name !== undefined && { name }) });
    return { ...media, blob: blob.id, type: file.type, size: file.bytes.length, ...(name !== undefined && { name }) };
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
