/** The flows of the hall that are killed at every point. A flow that is added to the hall gets an entry here: a test asks for one that reaches each of its writes. */
import { messageText, type MessagePart } from "../../src/core/message.ts";
import type { ModelRequest } from "../../src/core/model.ts";
import type { MessageUpdate } from "../../src/core/update.ts";
import { callTools, reply, type ScriptItem } from "../../src/models/scripted/index.ts";
import type { QueueMode } from "../../src/turn/place.ts";

export interface FlowUpdate {
  readonly update: MessageUpdate;
  /** Milliseconds of the house's clock after the one before. */
  readonly waits?: number;
  /** What its sender is to read at last; nothing for a message that is cancelled, refused or joined to another. */
  readonly answer?: string;
}

export interface Flow {
  readonly name: string;
  readonly updates: readonly FlowUpdate[];
  readonly queueMode?: QueueMode;
  /** A platform that refuses this conversation for good. */
  readonly refusedConversation?: string;
  /** The model is away the first time. */
  readonly outage?: true;
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

export const FLOWS: readonly Flow[] = [
  { name: "text", updates: [{ update: update("say hello"), answer: "re: say hello" }] },
  {
    name: "media",
    updates: [{ update: update("say file", { parts: [{ type: "media", media: { kind: "document", ref: "file-1" } }] }), answer: "re: say file" }],
  },
  { name: "tool", updates: [{ update: update("say tools"), answer: "re: say tools" }] },
  { name: "multi-part", updates: [{ update: update("say long"), answer: "re: say long" }] },
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
  { name: "outage", outage: true, updates: [{ update: update("say later"), answer: "re: say later" }] },
  { name: "stranger", updates: [{ update: update("let me in", { sender: "3" }) }] },
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
export function answerOf({ entries }: ModelRequest, fresh: () => string): readonly ScriptItem[] {
  const at = entries.findLastIndex(({ content }) => content.role === "user");
  const content = entries[at]?.content;
  const text = content?.role === "user" ? (/\b(say|let) [a-z ]+/.exec(messageText(content.message))?.[0] ?? "nothing") : "nothing";
  const results = entries.filter((entry) => entry.content.role === "tool").length;
  const slow: ScriptItem[] = /slowly/.test(text) ? [{ type: "delay", ms: 1_500 }] : [];
  if (/tools/.test(text) && results < 3) {
    const calls = results === 0 ? ["count", "look"] : ["count"];
    return [...slow, ...callTools(calls.map((name) => ({ id: fresh(), name, args: { id: fresh() } })))];
  }
  if (/long/.test(text)) return reply(`re: ${text} ${"and so on ".repeat(25)}`);
  if (!/slowly/.test(text)) return reply(`re: ${text}`);
  const words = reply(`re: ${text}, one word after the other, until it is said`);
  return words.flatMap((item) => [{ type: "delay" as const, ms: 400 }, item]);
}
