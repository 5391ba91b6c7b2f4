/** People and programs that go on talking to a gateway while it is killed: numbered messages in Telegram chats, and API clients that repeat a request until it is answered. */
import { setTimeout as wait } from "node:timers/promises";
import type { FakeTelegram } from "../fakes/telegram/index.ts";
import { createSeededRandom } from "../fakes/seeded-random.ts";
import { GATEWAY_TOKEN } from "./gateway-process.ts";

/** Owner and seven allowed people, each in the private chat of the same number. */
export const PEOPLE = [42, 101, 102, 103, 104, 105, 106, 107];
const API_CLIENTS = 3;
/** People wait when so many of their messages have no answer: the soak is about kills, not about floods. */
const PATIENCE = 12;
const WORDS = "river stone lamp garden winter copper window ladder paper engine harbour violet cellar orchard marble signal".split(" ");

export interface SaidOnTelegram {
  readonly chat: string;
  readonly key: string;
  readonly text: string;
}

export interface AskedByApi {
  readonly session: string;
  readonly idempotencyKey: string;
  readonly text: string;
  /** `message_id turn_id` of every answer, in the order they came. */
  readonly ids: string[];
}

export interface SoakLoad {
  readonly said: readonly SaidOnTelegram[];
  readonly asked: readonly AskedByApi[];
  /** Key of the message that an update of the fake carries. */
  keyOf(updateId: number): string | undefined;
  /** Nobody begins anything new; resolves when every API request under way has been answered. */
  finish(): Promise<void>;
}

/** @param options.url where the gateway is now, undefined while there is none */
export function startLoad(telegram: FakeTelegram, options: { seed: number; url: () => string | undefined }): SoakLoad {
  const random = createSeededRandom(options.seed);
  const said: SaidOnTelegram[] = [];
  const asked: AskedByApi[] = [];
  const keys = new Map<number, string>();
  const ending = new AbortController();
  const words = () => Array.from({ length: 3 + Math.floor(random.number() * 20) }, () => WORDS[Math.floor(random.number() * WORDS.length)]).join(" ");

  const talk = async (person: number) => {
    for (let n = 1; !ending.signal.aborted; n += 1) {
      await pause(150 + random.number() * 900, ending.signal);
      if (ending.signal.aborted) return;
      if (n - 1 - telegram.texts(person).length > PATIENCE) {
        n -= 1;
        continue;
      }
      // Every sixth answer takes long enough to be shown while it grows.
      const text = `c${person} m${n} ${n % 6 === 0 ? "slowly " : ""}${words()}`;
      const { message_id: id } = telegram.say({ from: person, text });
      const key = `msg:${person}:${id}`;
      keys.set(telegram.pending.at(-1)!.update_id, key);
      said.push({ chat: String(person), key, text });
    }
  };

  const ask = async (client: number) => {
    const session = `agent:main:hook:client${client}`;
    for (let n = 1; !ending.signal.aborted; n += 1) {
      const one: AskedByApi = { session, idempotencyKey: `client${client}-${n}`, text: `a${client} m${n} ${words()}`, ids: [] };
      asked.push(one);
      // Every third answer is asked for once more: the same key must give the same ids, answered or not.
      for (let answers = n % 3 === 0 ? 2 : 1; answers > 0;) {
        const ids = await post(options.url(), one, n % 2 === 0);
        if (ids === undefined) await wait(30);
        else {
          one.ids.push(ids);
          answers -= 1;
        }
      }
      await pause(random.number() * 500, ending.signal);
    }
  };

  const talking = PEOPLE.map(talk);
  const asking = Array.from({ length: API_CLIENTS }, (_, index) => ask(index + 1));
  return {
    said,
    asked,
    keyOf: (updateId) => keys.get(updateId),
    async finish() {
      ending.abort();
      await Promise.all([...talking, ...asking]);
    },
  };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal }).catch(() => {});
}

/** @returns `message_id turn_id`, or undefined when nobody knows what became of the request: then it is asked again with the same key. */
async function post(url: string | undefined, { session, idempotencyKey, text }: AskedByApi, waits: boolean): Promise<string | undefined> {
  if (url === undefined) return undefined;
  try {
    const response = await fetch(`${url}/api/message`, {
      method: "POST",
      headers: { authorization: `Bearer ${GATEWAY_TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify({ session, message: text, idempotency_key: idempotencyKey, ...(waits && { wait: true }) }),
    });
    const body = (await response.json()) as Record<string, unknown>;
    if (response.ok) return `${String(body["message_id"])} ${String(body["turn_id"])}`;
    if (response.status < 500 && response.status !== 429) throw new Refused(`${response.status} ${JSON.stringify(body)}`);
    return undefined;
  } catch (error) {
    if (error instanceof Refused) throw error;
    return undefined;
  }
}

class Refused extends Error {}
