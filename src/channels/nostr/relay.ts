/**
 * One connection to one relay (NIP-01, NIP-42): questions, what comes for them, and events that are published. Knows nothing of messages.
 */
import { type Clock, sleep } from "../../core/clock.ts";
import type { Socket } from "../../core/sockets.ts";
import { eventFrom, KIND, type NostrEvent } from "./wire.ts";

/** What is wrong with a relay. */
export class RelayTrouble extends Error {
  override readonly name = "RelayTrouble";
}

export type Verdict = { readonly taken: true } | { readonly taken: false; readonly reason: string };

export interface RelayOptions {
  /** As the config or the list names it: the relay compares it with its own. */
  readonly url: string;
  readonly clock: Clock;
  readonly answerMs: number;
  readonly now: () => number;
  readonly sign: (event: Pick<NostrEvent, "kind" | "tags" | "content" | "created_at">) => NostrEvent;
  /** Whether we say who we are as soon as we are asked; else only when the relay refuses us for it. */
  readonly introduce: boolean;
  readonly notice: (text: string) => void;
}

interface Question {
  readonly filter: object;
  readonly event: (event: NostrEvent) => Promise<void> | void;
  /** Everything that was stored has come. */
  readonly end: () => void;
  readonly refused: (reason: string) => void;
  asked: number;
}

export class Relay {
  readonly #socket: Socket;
  readonly #options: RelayOptions;
  readonly #questions = new Map<string, Question>();
  readonly #published = new Map<string, (verdict: Verdict) => void>();
  readonly #over = Promise.withResolvers<never>();
  #challenge: string | undefined;
  #known: Promise<boolean> | undefined;
  #count = 0;

  constructor(socket: Socket, options: RelayOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#over.promise.catch(() => {});
    void this.#read();
  }

  /** Rejects with RelayTrouble when the connection is over. */
  get over(): Promise<never> {
    return this.#over.promise;
  }

  /** Asks and keeps asking: what comes later comes too. */
  ask(question: Omit<Question, "asked">): void {
    const id = `q${++this.#count}`;
    this.#questions.set(id, { ...question, asked: 0 });
    this.#send(id);
  }

  /** What is stored now, at most 100 events whose ids and signatures nobody has looked at. @throws RelayTrouble */
  async query(filter: object): Promise<NostrEvent[]> {
    const found: NostrEvent[] = [];
    const id = `q${++this.#count}`;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#questions.set(id, {
      filter,
      event: (event) => void (found.length < 100 && found.push(event)),
      end: resolve,
      refused: (reason) => reject(new RelayTrouble(reason)),
      asked: 0,
    });
    this.#send(id);
    try {
      await this.#inTime(promise);
      return found;
    } finally {
      this.#questions.delete(id);
      this.#socket.send(JSON.stringify(["CLOSE", id]));
    }
  }

  /** @returns what the relay said to it. @throws RelayTrouble when it said nothing */
  async publish(event: NostrEvent): Promise<Verdict> {
    const verdict = await this.#put(event);
    if (verdict.taken || !verdict.reason.startsWith("auth-required:") || !(await this.#introduce())) return verdict;
    return this.#put(event);
  }

  /** @throws RelayTrouble when there is no answer */
  async ping(): Promise<void> {
    await this.#inTime(this.#socket.ping());
  }

  close(): void {
    this.#socket.close();
    this.#end("closed by us");
  }

  #send(id: string): void {
    const question = this.#questions.get(id);
    if (question === undefined) return;
    question.asked += 1;
    this.#socket.send(JSON.stringify(["REQ", id, question.filter]));
  }

  async #put(event: NostrEvent, word = "EVENT"): Promise<Verdict> {
    const { promise, resolve } = Promise.withResolvers<Verdict>();
    this.#published.set(event.id, resolve);
    this.#socket.send(JSON.stringify([word, event]));
    try {
      return await this.#inTime(promise);
    } finally {
      this.#published.delete(event.id);
    }
  }

  /** NIP-42. @returns whether the relay knows us now */
  async #introduce(): Promise<boolean> {
    if (this.#challenge === undefined) return false;
    const { url, sign, now } = this.#options;
    const tags = [
      ["relay", url],
      ["challenge", this.#challenge],
    ];
    this.#known ??= this.#put(sign({ kind: KIND.auth, tags, content: "", created_at: Math.floor(now() / 1_000) }), "AUTH").then(
      ({ taken }) => taken,
      () => false,
    );
    return this.#known;
  }

  async #inTime<T>(work: Promise<T>): Promise<T> {
    const patience = new AbortController();
    const late = sleep(this.#options.clock, this.#options.answerMs, patience.signal).then((): never => {
      throw new RelayTrouble(`no answer within ${this.#options.answerMs} ms`);
    });
    late.catch(() => {});
    try {
      return await Promise.race([work, this.#over.promise, late]);
    } finally {
      patience.abort();
    }
  }

  async #read(): Promise<void> {
    try {
      for await (const message of this.#socket.messages) await this.#take(message);
      const { code, reason } = await this.#socket.closed;
      this.#end(`the connection was lost (${code}${reason === "" ? "" : ` ${reason}`})`);
    } catch (error) {
      this.#end(error instanceof Error ? error.message : String(error));
      this.#socket.close();
    }
  }

  #end(reason: string): void {
    this.#over.reject(new RelayTrouble(reason));
  }

  async #take(message: string | Uint8Array): Promise<void> {
    const [word, id, third, fourth] = parse(message);
    const question = typeof id === "string" ? this.#questions.get(id) : undefined;
    if (word === "EVENT") {
      const event = eventFrom(third);
      if (event !== undefined) await question?.event(event);
    } else if (word === "EOSE") question?.end();
    else if (word === "OK" && typeof id === "string")
      this.#published.get(id)?.(third === true ? { taken: true } : { taken: false, reason: String(fourth ?? "").slice(0, 200) });
    else if (word === "NOTICE") this.#options.notice(String(id).slice(0, 200));
    else if (word === "AUTH" && typeof id === "string") {
      this.#challenge = id;
      this.#known = undefined;
      if (this.#options.introduce) void this.#introduce().then((known) => known && this.#again());
    } else if (word === "CLOSED" && question !== undefined) this.#closed(String(id), question, String(third ?? "").slice(0, 200));
  }

  /** What a relay would not tell a stranger. */
  #again(): void {
    for (const [id, { asked }] of this.#questions) if (asked < 3) this.#send(id);
  }

  #closed(id: string, question: Question, reason: string): void {
    const refuse = () => {
      this.#questions.delete(id);
      question.refused(reason);
    };
    if (!reason.startsWith("auth-required:") || question.asked > 2) return refuse();
    void this.#introduce().then((known) => (known ? this.#send(id) : refuse()));
  }
}

function parse(message: string | Uint8Array): unknown[] {
  try {
    const value = JSON.parse(typeof message === "string" ? message : new TextDecoder().decode(message)) as unknown;
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
