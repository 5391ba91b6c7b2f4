/** A messenger that outlives its callers: what was sent, edited, run and acknowledged stands in files, written before the answer, so that kill -9 takes nothing of it. */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Channel, RenderedPart } from "../../src/core/channel.ts";
import { sleep, type Clock } from "../../src/core/clock.ts";
import { ChannelError, ModelError } from "../../src/core/errors.ts";
import type { Intake } from "../../src/core/intake.ts";
import { messageText } from "../../src/core/message.ts";
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

  add(file: "sent" | "acknowledged" | "effects" | "outages", line: unknown): void {
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
}

/** The adapter: hands over every update of the flow that is not acknowledged, in order, and acknowledges what the intake has resolved. */
export function createPlatformChannel({ files, flow, idempotentSend, clock, intake }: PlatformDeps): Channel {
  return {
    name: PLATFORM,
    account: "default",
    capabilities: { maxText: MAX_TEXT, edit: true, typing: true, media: true, buttons: false, threads: false, idempotentSend, editPaceMs: 1_000 },
    status: () => ({ state: "ready" }),
    async start(signal) {
      for (const { update, waits } of flow.updates) {
        if (files.acknowledged().includes(update.key)) continue;
        await sleep(clock, waits ?? 0, signal);
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

/** `count` must not run twice for one plan, `look` may. */
export function createPlatformTools(files: PlatformFiles): Tool[] {
  return ["count", "look"].map((name) => ({
    spec: { name, description: name, parameters: { type: "object", properties: { id: { type: "string" } }, required: ["id"], additionalProperties: false } },
    effects: [],
    idempotent: name === "look",
    parallel: false,
    timeoutMs: 30_000,
    async run(args) {
      if (name === "count") files.add("effects", (args as { id: string }).id);
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
