/** A messenger that outlives its callers: what was sent, edited, run and acknowledged stands in files, written before the answer, so that kill -9 takes nothing of it. */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Channel, RenderedPart } from "../../src/core/channel.ts";
import { sleep, type Clock } from "../../src/core/clock.ts";
import { ChannelError, ModelError } from "../../src/core/errors.ts";
import type { Intake } from "../../src/core/intake.ts";
import { messageText, type Message } from "../../src/core/message.ts";
import type { Store } from "../../src/core/store.ts";
import type { Tool } from "../../src/core/tool.ts";
import type { Flow } from "./crash-points-flows.ts";

export interface Sent {
  readonly kind: "send" | "edit";
  readonly nonce: string;
  readonly id: string;
  readonly conversation: string;
  readonly text: string;
}

export const PLATFORM = "desk";
const MAX_TEXT = 100;

export class PlatformFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  sent(): Sent[] {
    return this.#read<Sent>("sent");
  }

  /** Nonce of every send that was asked for, taken as a repeat or not. */
  attempts(): string[] {
    return this.#read<string>("attempts");
  }

  acknowledged(): string[] {
    return this.#read<string>("acknowledged");
  }

  effects(): string[] {
    return this.#read<string>("effects");
  }

  /** Outages that a model has had already. */
  outages(): string[] {
    return this.#read<string>("outages");
  }

  /** Messages that their sender could never say, because the code for them was never shown. */
  unsaid(): string[] {
    return this.#read<string>("unsaid");
  }

  /** Whether the owner has had somebody forgotten. */
  purged(): boolean {
    return this.#read<string>("purged").length > 0;
  }

  /** What the owner has done at the page of schedules. */
  jobActs(): number {
    return this.#read<string>("jobs").length;
  }

  /** Everything that was ever sent to a conversation, one text. */
  shownIn(conversation: string): string {
    const sends = this.sent().filter((one) => one.kind === "send" && one.conversation === conversation);
    return sends.map((one) => one.text).join("");
  }

  add(file: "sent" | "attempts" | "acknowledged" | "effects" | "outages" | "unsaid" | "purged" | "jobs", line: unknown): void {
    appendFileSync(join(this.#folder, `${file}.jsonl`), `${JSON.stringify(line)}\n`);
  }

  #read<T>(file: string): T[] {
    const path = join(this.#folder, `${file}.jsonl`);
    if (!existsSync(path)) return [];
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as T);
  }
}

export interface PlatformDeps {
  readonly files: PlatformFiles;
  readonly flow: Flow;
  readonly idempotentSend: boolean;
  readonly clock: Clock;
  readonly intake: () => Intake;
  /** What the owner's page reads. */
  readonly page: Pick<Store, "listApprovals" | "listDeliveries">;
}

/** The adapter: hands over every update of the flow that is not acknowledged, in order, and acknowledges what the intake has resolved. */
export function createPlatformChannel(deps: PlatformDeps): Channel {
  const { files, flow, idempotentSend, clock, intake } = deps;
  return {
    name: PLATFORM,
    account: "default",
    capabilities: { maxText: MAX_TEXT, edit: true, typing: true, media: true, buttons: false, threads: false, idempotentSend, editPaceMs: 1_000 },
    status: () => ({ state: "ready" }),
    async start(signal) {
      for (const { update: planned, waits, code } of flow.updates) {
        if (files.acknowledged().includes(planned.key)) continue;
        const shown = code === undefined ? "" : await readCode(code, deps, signal);
        await sleep(clock, waits ?? 0, signal);
        if (shown === undefined && !signal.aborted) {
          files.add("unsaid", planned.key);
          files.add("acknowledged", planned.key);
        }
        if (shown === undefined) continue;
        const update = { ...planned, message: said(planned.message, shown) };
        while (!signal.aborted) {
          try {
            await intake().receive([update], { channel: PLATFORM, account: "default", name: "seen", value: update.key });
            files.add("acknowledged", update.key);
            break;
          } catch {
            await sleep(clock, 500, signal);
          }
        }
      }
      if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    },
    render(message): RenderedPart[] {
      const text = messageText(message) || " ";
      return Array.from({ length: Math.ceil(text.length / MAX_TEXT) }, (_, index) => ({
        text: text.slice(index * MAX_TEXT, (index + 1) * MAX_TEXT),
        payload: null,
      }));
    },
    async send(part, target) {
      if (flow.refusedConversation === target.address.conversation) throw new ChannelError("forbidden", "blocked", "permanent");
      if (flow.away?.conversation === target.address.conversation) throw new ChannelError("away", "away", "retry");
      files.add("attempts", target.nonce);
      const sent = files.sent().filter((one) => one.kind === "send");
      const known = idempotentSend ? sent.find((one) => one.nonce === target.nonce) : undefined;
      const id = known?.id ?? `p${sent.length + 1}`;
      if (!known) files.add("sent", { kind: "send", nonce: target.nonce, id, conversation: target.address.conversation, text: part.text } satisfies Sent);
      return { messageId: id };
    },
    async edit(receipt, part, target) {
      files.add("sent", {
        kind: "edit",
        nonce: target.nonce,
        id: receipt.messageId,
        conversation: target.address.conversation,
        text: part.text,
      } satisfies Sent);
    },
    async typing() {},
    fetchMedia: async () => ({ bytes: new Uint8Array([1, 2, 3]), type: "application/pdf", name: "a.pdf" }),
  };
}

/** The same message with the code that its sender has read. */
function said(message: Message, code: string): Message {
  return { ...message, parts: message.parts.map((part) => (part.type === "text" ? { ...part, text: part.text.replace("CODE", code) } : part)) };
}

const CODES = { question: { conversation: "1", pattern: /\/approve ([0-9A-Z]{6})/ }, pairing: { conversation: "3", pattern: /\/pair ([0-9A-Z]{8})/ } } as const;
/** So long somebody waits for a code on the platform before they look elsewhere; milliseconds of the house's clock. */
const PATIENCE_MS = 10_000;

/** @returns undefined when it will never be shown: only that of a stranger is nowhere to be read when its message is in doubt. */
async function readCode(kind: "question" | "pairing", { files, clock, page }: PlatformDeps, signal: AbortSignal): Promise<string | undefined> {
  const { conversation, pattern } = CODES[kind];
  const patience = clock.monotonic() + PATIENCE_MS;
  while (!signal.aborted) {
    const code = pattern.exec(files.shownIn(conversation))?.[1];
    if (code !== undefined) return code;
    if (clock.monotonic() > patience) {
      const [question] = kind === "question" ? await page.listApprovals({ limit: 1 }) : [];
      if (question !== undefined) return question.code;
      const doubtful = kind === "pairing" ? await page.listDeliveries({ statuses: ["unknown"], limit: 10 }) : [];
      if (doubtful.some(({ address }) => address.conversation === conversation)) return undefined;
    }
    await sleep(clock, 400, signal);
  }
  return undefined;
}

/** `count` must not run twice for one plan, `look` may; `pay` must not either, and the owner is asked for it. */
export function createPlatformTools(files: PlatformFiles): Tool[] {
  return ["count", "look", "pay"].map((name) => ({
    spec: { name, description: name, parameters: { type: "object", properties: { id: { type: "string" } }, required: ["id"], additionalProperties: false } },
    effects: name === "pay" ? (["message"] as const) : [],
    idempotent: name === "look",
    parallel: false,
    timeoutMs: 30_000,
    ...(name === "pay" && { review: () => ({ ask: "it costs money" }), facts: async () => ({ purse: "small" }) }),
    async run(args) {
      if (name !== "look") files.add("effects", (args as { id: string }).id);
      return { text: "done", error: false };
    },
  }));
}

/** Away the first time it is asked in a flow that says so, over all processes. */
export function firstOutage(files: PlatformFiles, flow: Flow): ModelError | undefined {
  if (!flow.outage || files.outages().length > 0) return undefined;
  files.add("outages", "once");
  return new ModelError("model_overloaded", "overloaded", "away", { retryAfterMs: 1_000 });
}
