/** The flows of the hall that are killed at every point. A flow that is added to the hall gets an entry here: a test asks for one that reaches each of its writes. */
import { NOTICE_PREFIX } from "../../src/agent/user-text.ts";
import type { JobInput } from "../../src/core/jobs.ts";
import { messageText, type MessagePart } from "../../src/core/message.ts";
import type { ModelRequest } from "../../src/core/model.ts";
import type { MessageUpdate } from "../../src/core/update.ts";
import { updateOf } from "../../src/hooks/hook-update.ts";
import { callTools, reply, type ScriptItem } from "../../src/models/scripted/index.ts";
import type { QueueMode } from "../../src/turn/place.ts";

export interface FlowUpdate {
  readonly update: MessageUpdate;
  /** Milliseconds of the house's clock after the one before. */
  readonly waits?: number;
  /** What its sender is to read at last; nothing for a message that is cancelled, refused or joined to another. */
  readonly answer?: string | RegExp;
  /** Not said before this code can be read on the platform, or of a question at the page; it takes the place of CODE in the text. */
  readonly code?: "question" | "pairing";
  /** A stranger says it: nothing is kept of it. */
  readonly refused?: true;
}

/** One thing the owner does; whoever is not sure that it was done looks first, as a person does after a crash. */
export type JobAct =
  | { readonly act: "add"; readonly input: JobInput }
  | { readonly act: "edit"; readonly changes: JobInput }
  | { readonly act: "run" | "remove" }
  /** Until so many runs are over. */
  | { readonly act: "wait"; readonly runs: number };

export interface Flow {
  readonly name: string;
  readonly updates: readonly FlowUpdate[];
  readonly queueMode?: QueueMode;
  /** A platform that refuses this conversation for good. */
  readonly refusedConversation?: string;
  /** A conversation that cannot be reached, and how long an answer to it is kept, milliseconds of the house's clock. */
  readonly away?: { readonly conversation: string; readonly deliveryTtlMs: number };
  /** The model is away the first time. */
  readonly outage?: true;
  /** How long a question may be answered, milliseconds of the house's clock; default an hour. */
  readonly approvalMs?: number;
  /** Strangers get a code. */
  readonly pairing?: true;
  /** What the model takes, tokens: so few that the conversation has to be summarised. */
  readonly contextTokens?: number;
  /** Calls that are run because the owner has said so; default 0. */
  readonly approved?: 1;
  /** Sender whom the owner has forgotten when all is said. */
  readonly purges?: string;
  /** What the owner does at the page of schedules. */
  readonly jobs?: readonly JobAct[];
}

let made = 0;

function update(text: string, more: { sender?: string; parts?: readonly MessagePart[] } = {}): MessageUpdate {
  made += 1;
  const sender = more.sender ?? "1";
  return {
    type: "message",
    key: `msg:${sender}:${made}`,
    messageId: String(made),
    address: { channel: "desk", account: "default", conversation: sender },
    sender: { id: sender, name: "Ada" },
    direct: true,
    at: 0,
    message: { parts: [{ type: "text", text }, ...(more.parts ?? [])] },
    addressed: true,
  };
}

/** What is answered to `say ten parts`: as many of them on the platform (`MAX_TEXT`), no two alike. */
export const TEN_PARTS = `re: say ten parts ${Array.from({ length: 300 }, (_, index) => index).join(" ")}`.slice(0, 1_000);

/** About 1,000 tokens. */
const FILLER = ". And so it went on".repeat(220);

/** What `/hooks/NAME` hands in, with its answer at the desk. */
function calledByHook(text: string): MessageUpdate {
  const call = { name: "ci", key: "1", text, agent: "main", session: "agent:main:hook:ci", deliver: "desk:default:1", options: {}, digest: "one" };
  return updateOf(call, { now: 0, home: undefined });
}

export const FLOWS: readonly Flow[] = [
  { name: "text", updates: [{ update: update("say hello"), answer: "re: say hello" }] },
  {
    name: "media",
    updates: [{ update: update("say file", { parts: [{ type: "media", media: { kind: "document", ref: "file-1" } }] }), answer: "re: say file" }],
  },
  { name: "tool", updates: [{ update: update("say tools"), answer: "re: say tools" }] },
  { name: "hook", updates: [{ update: calledByHook("say hook"), answer: "re: say hook" }] },
  { name: "multi-part", updates: [{ update: update("say long"), answer: "re: say long" }] },
  { name: "ten parts", updates: [{ update: update("say ten parts"), answer: TEN_PARTS }] },
  { name: "draft", updates: [{ update: update("say slowly"), answer: "re: say slowly" }] },
  {
    name: "command",
    updates: [
      // Answered or stopped by the command behind it, as it comes.
      { update: update("say first") },
      { update: update("/new"), waits: 1_500, answer: "new conversation" },
      { update: update("say second"), waits: 500, answer: "re: say second" },
    ],
  },
  {
    name: "steering",
    queueMode: "immediate",
    updates: [
      { update: update("say tools slowly"), answer: "re: say" },
      { update: update("say more"), waits: 300 },
    ],
  },
  {
    name: "settings",
    updates: [
      { update: update("/think low"), answer: "From now on I think here: low" },
      { update: update("say hello"), answer: "re: say hello", waits: 200 },
    ],
  },
  { name: "outage", outage: true, updates: [{ update: update("say later"), answer: "re: say later" }] },
  { name: "stranger", updates: [{ update: update("let me in", { sender: "3" }), refused: true }] },
  { name: "undelivered", away: { conversation: "2", deliveryTtlMs: 6_000 }, updates: [{ update: update("say hello", { sender: "2" }) }] },
  {
    name: "approval",
    approved: 1,
    updates: [
      { update: update("say pay"), answer: "re: say pay: " },
      // Somebody else tries first.
      { update: update("/approve CODE", { sender: "2" }), code: "question", answer: "Only the owner" },
      { update: update("/approve CODE"), answer: "pproved", code: "question" },
    ],
  },
  {
    name: "denial",
    updates: [
      { update: update("say pay"), answer: "re: say pay: The owner denied this" },
      { update: update("/deny CODE"), answer: "enied", code: "question" },
    ],
  },
  { name: "expiry", approvalMs: 8_000, updates: [{ update: update("say pay"), answer: "re: say pay: The owner did not answer in time" }] },
  {
    name: "late approval",
    approved: 1,
    updates: [
      { update: update("say pay"), answer: "told of it" },
      { update: update("say meanwhile"), answer: "re: say meanwhile", code: "question" },
      { update: update("/approve CODE"), answer: "pproved", code: "question", waits: 2_000 },
    ],
  },
  {
    name: "stopped question",
    updates: [
      // It ends without a word: whoever stops it knows.
      { update: update("say pay") },
      { update: update("/stop"), answer: /Stopped|Nothing is running/, code: "question" },
    ],
  },
  {
    name: "pairing",
    pairing: true,
    updates: [
      { update: update("let me in", { sender: "3" }), refused: true },
      { update: update("/pair CODE"), answer: "et in", code: "pairing" },
      { update: update("say thanks", { sender: "3" }), answer: "re: say thanks", code: "pairing" },
    ],
  },
  {
    name: "endorsement",
    updates: [
      { update: update("say tools"), answer: "re: say tools" },
      { update: update("/trust"), answer: "You vouch", waits: 1_000 },
    ],
  },
  { name: "purge", purges: "2", updates: [{ update: update("say hello"), answer: "re: say hello" }, { update: update("say my name", { sender: "2" }) }] },
  { name: "job", updates: [], jobs: [{ act: "add", input: { name: "bell", text: "say tools for a job", schedule: { at: "3s" } } }] },
  {
    name: "schedule",
    updates: [],
    jobs: [
      { act: "add", input: { name: "bell", text: "say hello", schedule: { every: "30s" }, catchUp: "all", catchUpLimit: 100 } },
      { act: "wait", runs: 1 },
      { act: "edit", changes: { text: "say more" } },
      { act: "run" },
      { act: "wait", runs: 3 },
      { act: "remove" },
    ],
  },
  {
    name: "job that asks",
    approved: 1,
    updates: [{ update: update("/approve CODE"), answer: "pproved", code: "question" }],
    jobs: [{ act: "add", input: { name: "purse", text: "say pay", schedule: { at: "2s" } } }],
  },
  {
    name: "summary",
    contextTokens: 4_000,
    updates: ["one", "two", "three", "four"].map((word, index) => ({
      update: update(`say ${word}${FILLER}`),
      answer: `re: say ${word}`,
      ...(index > 0 && { waits: 400 }),
    })),
  },
  { name: "sub-agent", updates: [{ update: update("say hand over"), answer: "re: say hand over: re: say the task" }] },
  {
    name: "late sub-agent",
    updates: [
      // Killed for long enough, the helper is faster than the message behind it.
      { update: update("say hand over slowly"), answer: /told of it|re: say hand over slowly: re: say the task/ },
      { update: update("say meanwhile"), answer: "re: say meanwhile", waits: 500 },
    ],
  },
  {
    name: "stopped sub-agent",
    updates: [{ update: update("say hand over slowly") }, { update: update("/stop"), answer: /Stopped|Nothing is running/, waits: 500 }],
  },
  {
    name: "undeliverable",
    refusedConversation: "2",
    updates: [
      { update: update("say hello"), answer: "re: say hello" },
      { update: update("say nothing", { sender: "2" }), waits: 200 },
    ],
  },
];

/** What the model answers: `re: MESSAGE`, longer or slower or with tools when the message says so. */
export function answerOf({ entries, system }: ModelRequest, fresh: () => string): readonly ScriptItem[] {
  if (system.startsWith("You keep the minutes")) return reply("Facts: few.");
  const at = entries.findLastIndex(({ content }) => content.role === "user");
  const content = entries[at]?.content;
  const text = content?.role === "user" ? (/\b(say|let) [a-z ]+/.exec(messageText(content.message))?.[0] ?? "nothing") : "nothing";
  const results = entries.filter((entry) => entry.content.role === "tool").length;
  const said = content?.role === "user" ? messageText(content.message) : "";
  if (said.startsWith(NOTICE_PREFIX)) return reply("told of it");
  if (text === "say pay") {
    const result = entries.findLast((entry) => entry.content.role === "tool")?.content;
    return result?.role === "tool" ? reply(`re: ${text}: ${result.text}`) : callTools([{ id: fresh(), name: "pay", args: { id: fresh() } }]);
  }
  if (text.startsWith("say hand over")) {
    const result = entries.at(-1)?.content;
    const task = `say the task${/slowly/.test(text) ? " slowly" : ""}`;
    return result?.role === "tool" ? reply(`re: ${text}: ${result.text}`) : callTools([{ id: fresh(), name: "spawn_agent", args: { task } }]);
  }
  const slow: ScriptItem[] = /slowly/.test(text) ? [{ type: "delay", ms: 1_500 }] : [];
  if (/tools/.test(text) && results < 3) {
    const calls = results === 0 ? ["count", "look"] : ["count"];
    return [...slow, ...callTools(calls.map((name) => ({ id: fresh(), name, args: { id: fresh() } })))];
  }
  if (text === "say ten parts") return reply(TEN_PARTS);
  if (/long/.test(text)) return reply(`re: ${text} ${"and so on ".repeat(25)}`);
  if (!/slowly/.test(text)) return reply(`re: ${text}`);
  const words = reply(`re: ${text}, one word after the other, until it is said`);
  return words.flatMap((item) => [{ type: "delay" as const, ms: 400 }, item]);
}
