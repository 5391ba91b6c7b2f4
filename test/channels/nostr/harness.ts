import { randomBytes } from "node:crypto";
import { npubEncode } from "nostr-tools/nip19";
import { getPublicKey } from "nostr-tools/pure";
import { createNostr, type NostrAccountConfig, type NostrTiming } from "../../../src/channels/nostr/index.ts";
import type { SendTarget } from "../../../src/core/channel.ts";
import { Secret } from "../../../src/core/secret.ts";
import { type FakeRelay, person, type Person, startFakeRelay } from "../../fakes/nostr/index.ts";
import { waitFor } from "../../fakes/wait-for.ts";
import { type ChannelBench, type ChannelBenchOptions, createChannelBench, runBench, sendTarget } from "../harness.ts";

export const FAST: Partial<NostrTiming> = { minBackoffMs: 5, maxBackoffMs: 40, pingMs: 200, answerMs: 2_000 };

export interface Bench extends ChannelBench {
  readonly relays: readonly FakeRelay[];
  /** The assistant's public key in hex, and its private one. */
  readonly me: string;
  readonly npub: string;
  readonly key: string;
  /** Somebody whose inbox is the first relay. */
  readonly ann: Person;
  until(condition: () => boolean): Promise<void>;
}

export interface BenchOptions extends ChannelBenchOptions {
  readonly relays?: number;
  readonly auth?: boolean;
  readonly config?: Partial<NostrAccountConfig>;
  readonly timing?: Partial<NostrTiming>;
}

/** The adapter over the real doors to the network between fake relays. */
export async function createBench(options: BenchOptions = {}): Promise<Bench> {
  const relays = await Promise.all(Array.from({ length: options.relays ?? 1 }, () => startFakeRelay({ auth: options.auth ?? false })));
  const key = randomBytes(32).toString("hex");
  const me = getPublicKey(Buffer.from(key, "hex"));
  for (const relay of relays) relay.bot = me;
  const ann = person();
  ann.announce(relays[0]!, [relays[0]!.url]);
  const bench = createChannelBench(options, (deps) =>
    createNostr(
      { account: "default", private_key: new Secret("nostr", key), relays: relays.map(({ url }) => url), lookup_relays: [], ...options.config },
      deps,
      { ...FAST, ...options.timing },
    ),
  );
  return {
    ...bench,
    relays,
    me,
    npub: npubEncode(me),
    key,
    ann,
    until: (condition) => waitFor(new Set(), condition),
    async close() {
      await bench.close();
      await Promise.all(relays.map((relay) => relay.close()));
    },
  };
}

/** Runs `body` with a bench that is ready and closes it whatever happens. */
export function withBench(body: (bench: Bench) => Promise<void>, options: BenchOptions = {}): Promise<void> {
  return runBench(createBench(options), body);
}

export const target = (conversation: string, more: Partial<SendTarget> = {}): SendTarget => sendTarget("nostr", conversation, more);
