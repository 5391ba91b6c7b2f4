import assert from "node:assert/strict";
import type { NewEntry } from "../../../src/core/entry.ts";
import type { RenderedPart } from "../../../src/core/channel.ts";
import { textMessage } from "../../../src/core/message.ts";
import { labelOf, type Principal } from "../../../src/core/principal.ts";
import type { AcceptItem, AcceptOutput, NewDelivery, StartedTurn, Store } from "../../../src/core/store.ts";
import type { Fence } from "../../../src/core/records.ts";
import type { MessageUpdate } from "../../../src/core/update.ts";

export const LEASE_MS = 30_000;
export const noUse = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };

type Turnlike = Exclude<AcceptItem, { kind: "refused" }>;

let made = 0;

/** One conversation of one person on an account of its own, so that cases share a database without meeting. */
export class World {
  readonly store: Store;
  readonly name: string;
  readonly account: string;
  now = 1_800_000_000_000;
  #count = 0;

  constructor(store: Store) {
    this.store = store;
    made += 1;
    this.name = `w${made}`;
    this.account = `acc${made}`;
  }

  id(kind: string): string {
    this.#count += 1;
    return `${this.name}-${kind}-${String(this.#count).padStart(5, "0")}`;
  }

  get key(): string {
    return `agent:main:${this.name}`;
  }

  address(conversation = "1") {
    return { channel: "fake", account: this.account, conversation };
  }

  principal(person = "ann", conversation = "1"): Principal {
    return { person, class: "trusted", where: this.address(conversation), direct: true };
  }

  entry(text: string, principal = this.principal()): NewEntry {
    const envelope = { channel: "fake", direct: true, at: this.now };
    return { content: { role: "user", message: textMessage(text), envelope, addressed: true }, principal, label: labelOf(principal), tokens: 3, at: this.now };
  }

  answer(text: string): NewEntry {
    const principal = this.principal();
    return {
      content: { role: "assistant", parts: [{ type: "text", text }], model: "fake:one", stop: "end" },
      principal,
      label: labelOf(principal),
      tokens: 5,
      at: this.now,
    };
  }

  update(text: string, platformId: string, sender = "ann"): MessageUpdate {
    return {
      type: "message",
      key: `msg:1:${platformId}`,
      address: this.address(),
      sender: { id: sender },
      direct: true,
      at: this.now,
      messageId: platformId,
      message: textMessage(text),
      addressed: true,
    };
  }

  item(text: string, more: Partial<Turnlike> & { person?: string } = {}): Turnlike {
    const { person = "ann", ...rest } = more;
    const platformId = this.id("p");
    const update = this.update(text, platformId, person);
    const principal = this.principal(person);
    return {
      kind: "turn",
      channel: "fake",
      account: this.account,
      key: update.key,
      update,
      messageId: this.id("m"),
      turnId: this.id("t"),
      session: { id: this.id("s"), key: this.key, agent: "main" },
      principal,
      label: labelOf(principal),
      queueMode: "queue",
      notBefore: this.now,
      claim: false,
      address: update.address,
      options: {},
      entry: this.entry(text, principal),
      ...rest,
    } as Turnlike;
  }

  async accept(...items: AcceptItem[]): Promise<AcceptOutput[]> {
    return await this.store.acceptUpdates({ items, now: this.now, owner: "me", leaseMs: LEASE_MS });
  }

  /** Accepts one message. */
  async say(text: string, more: Partial<Turnlike> & { person?: string } = {}) {
    const [output] = await this.accept(this.item(text, more));
    assert.equal(output?.kind, "accepted");
    return output as AcceptOutput & { kind: "accepted"; turnId: string };
  }

  /** Accepts one message and starts its turn with it. */
  async begin(text = "hello", more: Partial<Turnlike> & { person?: string } = {}): Promise<StartedTurn> {
    const { started } = await this.say(text, { claim: true, ...more });
    assert.ok(started, "the lane was not idle");
    return started;
  }

  async start(sessionId: string, owner = "me"): Promise<StartedTurn | undefined> {
    return await this.store.startTurn({ sessionId, owner, now: this.now, leaseMs: LEASE_MS });
  }

  async commit(started: StartedTurn, more: Partial<Parameters<Store["commitTurn"]>[0]> = {}) {
    return await this.store.commitTurn({
      fence: started.fence,
      turnId: started.turn.id,
      outcome: "done",
      entries: [this.answer("yes")],
      deliveries: [],
      usage: noUse,
      movedTurnId: this.id("moved"),
      next: false,
      now: this.now,
      leaseMs: LEASE_MS,
      ...more,
    });
  }

  async step(started: StartedTurn, ...callIds: string[]) {
    const parts = callIds.map((id) => ({ type: "call" as const, id, name: "count", args: { by: 1 } }));
    const calls = parts.map((part) => Object.assign({ idempotent: false }, part));
    const entry = {
      ...this.answer("let me see"),
      content: { role: "assistant" as const, parts, model: "fake:one", stop: "calls" as const },
    };
    return await this.store.commitStep({
      fence: started.fence,
      turnId: started.turn.id,
      entry,
      calls,
      usage: { input: 10, output: 2, cacheRead: 1, cacheWrite: 0 },
      model: "fake:one",
      now: this.now,
    });
  }

  async finish(started: StartedTurn, callId: string, status: "finished" | "interrupted" = "finished") {
    const principal = this.principal();
    const entry: NewEntry = {
      content: { role: "tool", callId, name: "count", text: "1", error: false },
      principal,
      label: labelOf(principal),
      tokens: 1,
      at: this.now,
    };
    return await this.store.finishCall({ fence: started.fence, callId, status, entry, now: this.now });
  }

  delivery(texts: readonly string[] = ["hi"], more: Partial<NewDelivery> = {}): NewDelivery {
    const parts: RenderedPart[] = texts.map((text) => ({ text, payload: { text } }));
    return { id: this.id("d"), address: this.address(), parts, expiresAt: this.now + 86_400_000, ...more };
  }

  /** The lease of the world's account. */
  async holder(owner = "me"): Promise<Fence> {
    const fence = await this.store.claimLease({ lease: `account:fake:${this.account}`, owner, now: this.now, leaseMs: LEASE_MS });
    assert.ok(fence);
    return fence;
  }

  async due() {
    return await this.store.dueDeliveries({ channel: "fake", account: this.account, now: this.now, limit: 100 });
  }

  async dueHere(sessionId: string): Promise<boolean> {
    return (await this.store.dueLanes({ now: this.now, limit: 100_000 })).some((lane) => lane.sessionId === sessionId);
  }

  /** What the transcript says, one word per entry: texts of people and assistant, `calls`, `result`. Checks that numbers have no gap. */
  async transcript(sessionId: string): Promise<string[]> {
    const entries = await this.store.readEntries({ sessionId, limit: 10_000 });
    assert.deepEqual(
      entries.map((entry) => entry.number),
      entries.map((_, index) => index + 1),
    );
    return entries.map(({ content }) => {
      if (content.role === "tool") return "result";
      if (content.role === "system") return content.text;
      if (content.role === "assistant")
        return content.stop === "calls" ? "calls" : content.parts.map((part) => (part.type === "text" ? part.text : "")).join("");
      return content.message.parts.map((part) => (part.type === "text" ? part.text : "")).join("");
    });
  }
}

export async function rejectsWith(code: string, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error: { name?: string; code?: string; hint?: string }) => {
    assert.equal(error.code, code, String((error as Error).stack));
    assert.equal(error.name, "StoreError");
    assert.ok(error.hint, "has no hint");
    return true;
  });
}
