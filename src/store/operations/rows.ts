import type { Address } from "../../core/address.ts";
import type { Entry, NewEntry } from "../../core/entry.ts";
import type { Approval, Delivery, DeliveryPart, InboxItem, Pairing, Session, SubAgent, Summary, ToolCallRecord, Turn } from "../../core/records.ts";
import type { Usage } from "../../core/model.ts";

/** Rows as the tables hold them, and what the core calls them. JSON stands in TEXT columns; an absent value is NULL there and a missing key here. */
export interface SessionRow {
  id: string;
  key: string;
  agent: string;
  settings: string;
  address: string | null;
  last_entry: number;
  context_start: number;
  trimmed_to: number;
  created_at: number;
  updated_at: number;
  ended_at: number | null;
  archived_at: number | null;
  /** When somebody last said something in it; NULL: not since it was begun. */
  said_at: number | null;
}

export interface UsageColumns {
  input: number;
  output: number;
  cache_read: number;
  cache_write: number;
}

export interface TurnRow extends UsageColumns {
  id: string;
  session_id: string;
  position: number;
  status: Turn["status"];
  principal: string;
  label: string;
  address: string;
  reply_to: string | null;
  options: string;
  attempts: number;
  steps: number;
  not_before: number;
  outage_since: number | null;
  outage_told: number;
  draft_id: string | null;
  error: string | null;
  answer_entry: number | null;
  superseded_by: string | null;
  said_entry: number | null;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
}

export type TurnWithSession = TurnRow & { session_key: string; agent: string };

export interface EntryRow {
  session_id: string;
  number: number;
  content: string;
  principal: string;
  label: string;
  tokens: number;
  turn_id: string | null;
  message_id: string | null;
  at: number;
}

export interface InboxRow {
  seq: number;
  id: string;
  session_id: string;
  turn_id: string | null;
  body: string;
  principal: string;
  label: string;
  received_at: number;
}

export interface CallRow {
  id: string;
  turn_id: string;
  session_id: string;
  step: number;
  name: string;
  args: string;
  status: ToolCallRecord["status"];
  started_at: number | null;
  finished_at: number | null;
}

export interface DeliveryRow {
  seq: number;
  id: string;
  session_id: string | null;
  turn_id: string | null;
  channel: string;
  account: string;
  conversation: string;
  thread: string | null;
  reply_to: string | null;
  status: Delivery["status"];
  created_at: number;
  expires_at: number;
}

export interface ApprovalRow {
  id: string;
  code: string;
  status: Approval["status"];
  session_id: string;
  session_key: string | null;
  turn_id: string;
  call_id: string;
  tool: string;
  principal: string;
  label: string;
  plan: string;
  digest: string;
  plan_key: string;
  reason: string;
  text: string;
  rememberable: number;
  shown_at: string;
  scope: Approval["scope"] | null;
  answered_by: string | null;
  asked_at: number;
  expires_at: number;
  answered_at: number | null;
  detached: number;
  told_at: number | null;
}

export interface SummaryRow {
  session_id: string;
  from_entry: number;
  to_entry: number;
  text: string;
  rules: string;
  label: string;
  tokens: number;
  model: string;
  at: number;
}

export interface SubAgentRow {
  id: string;
  session_id: string;
  turn_id: string;
  call_id: string;
  root_id: string;
  depth: number;
  child_session: string;
  child_turn: string;
  status: SubAgent["status"];
  working: number;
  result: string | null;
  label: string;
  begun_at: number;
  expires_at: number;
  ended_at: number | null;
  detached: number;
  told_at: number | null;
}

export interface PairingRow {
  id: string;
  channel: string;
  account: string;
  sender_id: string;
  name: string | null;
  address: string;
  status: Pairing["status"];
  created_at: number;
  expires_at: number;
  answered_at: number | null;
}

export interface PartRow {
  number: number;
  /** As JSON: the characters that a database cannot hold in a text survive. */
  text: string;
  payload: string;
  status: DeliveryPart["status"];
  receipt: string | null;
  attempts: number;
  not_before: number;
  error: string | null;
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Without the keys whose value is null or undefined: an absent value is an absent key in every answer of the store. */
export function present<T extends object>(object: T): Defined<Partial<T>> & T {
  for (const key of Object.keys(object) as (keyof T)[]) if (object[key] === undefined || object[key] === null) delete object[key];
  return object as Defined<Partial<T>> & T;
}

export function parseOptional<T>(text: string | null): T | undefined {
  return text === null ? undefined : (JSON.parse(text) as T);
}

/** JSON of a value, NULL for undefined. */
export function jsonOrNull(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

export function toSession(row: SessionRow): Session {
  return present({
    id: row.id,
    key: row.key,
    agent: row.agent,
    settings: JSON.parse(row.settings),
    address: parseOptional<Address>(row.address),
    lastEntry: row.last_entry,
    contextStart: row.context_start,
    trimmedTo: row.trimmed_to,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    endedAt: row.ended_at ?? undefined,
    archivedAt: row.archived_at ?? undefined,
  });
}

export function toUsage(row: UsageColumns): Usage {
  return { input: row.input, output: row.output, cacheRead: row.cache_read, cacheWrite: row.cache_write };
}

export function toTurn(row: TurnRow, session: { key: string; agent: string }): Turn {
  return present({
    id: row.id,
    sessionId: row.session_id,
    sessionKey: session.key,
    agent: session.agent,
    status: row.status,
    principal: JSON.parse(row.principal),
    label: JSON.parse(row.label),
    address: JSON.parse(row.address),
    replyTo: row.reply_to ?? undefined,
    options: JSON.parse(row.options),
    attempts: row.attempts,
    steps: row.steps,
    notBefore: row.not_before,
    outageSince: row.outage_since ?? undefined,
    outageTold: row.outage_told === 1,
    draftId: row.draft_id ?? undefined,
    error: parseOptional<Turn["error"] & {}>(row.error),
    usage: toUsage(row),
    answerEntry: row.answer_entry ?? undefined,
    supersededBy: row.superseded_by ?? undefined,
    saidEntry: row.said_entry ?? undefined,
    createdAt: row.created_at,
    startedAt: row.started_at ?? undefined,
    endedAt: row.ended_at ?? undefined,
  });
}

export function toEntry(row: EntryRow): Entry {
  return present({
    sessionId: row.session_id,
    number: row.number,
    content: JSON.parse(row.content) as NewEntry["content"],
    principal: JSON.parse(row.principal),
    label: JSON.parse(row.label),
    tokens: row.tokens,
    turnId: row.turn_id ?? undefined,
    messageId: row.message_id ?? undefined,
    at: row.at,
  });
}

export function toInboxItem(row: InboxRow): InboxItem {
  return present({
    id: row.id,
    sessionId: row.session_id,
    turnId: row.turn_id ?? undefined,
    update: JSON.parse(row.body),
    principal: JSON.parse(row.principal),
    label: JSON.parse(row.label),
    receivedAt: row.received_at,
  });
}

export function toCall(row: CallRow): ToolCallRecord {
  return present({
    id: row.id,
    turnId: row.turn_id,
    sessionId: row.session_id,
    step: row.step,
    name: row.name,
    args: JSON.parse(row.args),
    status: row.status,
    startedAt: row.started_at ?? undefined,
    finishedAt: row.finished_at ?? undefined,
  });
}

function toPart(row: PartRow): DeliveryPart {
  return present({
    number: row.number,
    rendered: { text: JSON.parse(row.text) as string, payload: JSON.parse(row.payload) },
    status: row.status,
    receipt: parseOptional<{ messageId: string }>(row.receipt),
    attempts: row.attempts,
    notBefore: row.not_before,
    error: row.error ?? undefined,
  });
}

export function toDelivery(row: DeliveryRow, parts: readonly PartRow[]): Delivery {
  return present({
    id: row.id,
    sessionId: row.session_id ?? undefined,
    turnId: row.turn_id ?? undefined,
    address: present({ channel: row.channel, account: row.account, conversation: row.conversation, thread: row.thread ?? undefined }),
    replyTo: row.reply_to ?? undefined,
    status: row.status,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    parts: parts.map(toPart),
  });
}

export function toApproval(row: ApprovalRow): Approval {
  return present({
    id: row.id,
    code: row.code,
    status: row.status,
    sessionId: row.session_id,
    sessionKey: row.session_key ?? "",
    turnId: row.turn_id,
    callId: row.call_id,
    tool: row.tool,
    principal: JSON.parse(row.principal),
    label: JSON.parse(row.label),
    plan: row.plan,
    digest: row.digest,
    planKey: row.plan_key,
    reason: row.reason,
    text: row.text,
    rememberable: row.rememberable === 1,
    shownAt: JSON.parse(row.shown_at) as Address[],
    scope: row.scope ?? undefined,
    answeredBy: row.answered_by ?? undefined,
    askedAt: row.asked_at,
    expiresAt: row.expires_at,
    answeredAt: row.answered_at ?? undefined,
    detached: row.detached === 1,
    toldAt: row.told_at ?? undefined,
  });
}

export function toPairing(row: PairingRow): Pairing {
  return present({
    id: row.id,
    channel: row.channel,
    account: row.account,
    senderId: row.sender_id,
    name: row.name ?? undefined,
    address: JSON.parse(row.address) as Address,
    status: row.status,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    answeredAt: row.answered_at ?? undefined,
  });
}

export function toSummary(row: SummaryRow): Summary {
  return {
    sessionId: row.session_id,
    fromEntry: row.from_entry,
    toEntry: row.to_entry,
    text: row.text,
    rules: JSON.parse(row.rules) as string[],
    label: JSON.parse(row.label),
    tokens: row.tokens,
    model: row.model,
    at: row.at,
  };
}

export function toSubAgent(row: SubAgentRow): SubAgent {
  return present({
    id: row.id,
    sessionId: row.session_id,
    turnId: row.turn_id,
    callId: row.call_id,
    rootId: row.root_id,
    depth: row.depth,
    childSession: row.child_session,
    childTurn: row.child_turn,
    status: row.status,
    working: row.working === 1,
    result: row.result ?? undefined,
    label: JSON.parse(row.label),
    begunAt: row.begun_at,
    expiresAt: row.expires_at,
    endedAt: row.ended_at ?? undefined,
    detached: row.detached === 1,
    toldAt: row.told_at ?? undefined,
  });
}
