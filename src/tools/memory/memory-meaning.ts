import type { Clock } from "../../core/clock.ts";
import { sleep } from "../../core/clock.ts";
import type { Embedder } from "../../core/embedder.ts";
import { toClankerError } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import type { Sight } from "../../core/memory.ts";
import type { Store } from "../../core/store.ts";

/** Memories by what they mean: vectors are made in the background, a search compares with those that are there. */
export interface MemoryMeaning {
  /** Something new was remembered. */
  wake(): void;
  /** Ids of what the reader may see and is close in meaning, closest first. Empty when the provider is away: words alone still find. Never rejects but with StoreError. */
  near(query: string, reader: { readonly agent: string; readonly sight: Sight }, signal: AbortSignal): Promise<string[]>;
  /** Makes vectors for memories that have none of this model, until `signal` aborts. Never rejects. */
  fill(signal: AbortSignal): Promise<void>;
}

export interface MemoryMeaningDeps {
  readonly store: Pick<Store, "memoriesToEmbed" | "setMemoryVector" | "readMemoryVectors">;
  readonly embedder: Embedder;
  readonly clock: Clock;
  readonly log: Log;
}

/** The newest ones are compared. */
const MAX_COMPARED = 20_000;
/** Vectors that are read at once, so that nobody waits long beside it. */
const PAGE = 200;
const MAX_NEAR = 50;
/** Cosine below which nothing is alike, whatever the model; and how near to the closest one the others have to be. */
const ALIKE = 0.25;
const OF_CLOSEST = 0.7;
const BATCH = 32;
const EMBED_MS = 10_000;
const FILL_MS = 60_000;
/** After a failure searches go by words for this long. */
const AWAY_MS = 60_000;
const RETRY_MS = { first: 5_000, most: 1_800_000 };

export function createMemoryMeaning({ store, embedder, clock, log }: MemoryMeaningDeps): MemoryMeaning {
  const { model } = embedder;
  let awayUntil = 0;
  let woken = false;
  let wakeUp = () => {};

  const embed = async (texts: readonly string[], ms: number, signal: AbortSignal): Promise<Float32Array[]> => {
    const controller = new AbortController();
    const abort = () => controller.abort();
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    const cancel = clock.timer(ms, abort);
    try {
      return await embedder.embed(texts, controller.signal);
    } finally {
      cancel();
      signal.removeEventListener("abort", abort);
    }
  };

  /** @returns how many were done. @throws ModelError, StoreError */
  const fillSome = async (signal: AbortSignal): Promise<number> => {
    const batch = await store.memoriesToEmbed({ model, limit: BATCH });
    if (batch.length === 0) return 0;
    for (const [index, vector] of (await embedOrPass(batch, signal)).entries())
      await store.setMemoryVector({ id: batch[index]!.id, model, ...(vector && { vector: toBytes(vector) }) });
    return batch.length;
  };

  /** What the provider will never take goes without a vector, and holds nothing up. */
  const embedOrPass = async (batch: readonly { readonly text: string }[], signal: AbortSignal): Promise<(Float32Array | undefined)[]> => {
    try {
      return await embed(
        batch.map(({ text }) => text),
        FILL_MS,
        signal,
      );
    } catch (thrown) {
      const { failure } = thrown as { failure?: string };
      if (failure !== "invalid" && failure !== "too_long") throw thrown;
      if (batch.length > 1) return (await Promise.all(batch.map((one) => embedOrPass([one], signal)))).flat();
      log.warn("a memory is found by its words alone", { model, error: toClankerError(thrown).message });
      return [undefined];
    }
  };

  return {
    wake() {
      woken = true;
      wakeUp();
    },
    async near(query, reader, signal) {
      if (clock.monotonic() < awayUntil) return [];
      let wanted: Float32Array;
      try {
        [wanted] = (await embed([query], EMBED_MS, signal)) as [Float32Array];
      } catch (thrown) {
        awayUntil = clock.monotonic() + AWAY_MS;
        log.warn("memories are searched by words alone for a minute", { model, error: toClankerError(thrown).message });
        return [];
      }
      const all: { id: string; like: number }[] = [];
      for (let before: string | undefined, seen = 0; seen < MAX_COMPARED; seen += PAGE) {
        const page = await store.readMemoryVectors({ ...reader, model, limit: PAGE, ...(before !== undefined && { before }) });
        for (const { id, vector } of page) all.push({ id, like: cosine(wanted, fromBytes(vector)) });
        before = page.at(-1)?.id;
        if (page.length < PAGE || signal.aborted) break;
      }
      const best = all.filter(({ like }) => like >= ALIKE).toSorted((a, b) => b.like - a.like);
      return best
        .filter(({ like }) => like >= best[0]!.like * OF_CLOSEST)
        .slice(0, MAX_NEAR)
        .map(({ id }) => id);
    },
    async fill(signal) {
      let pause = RETRY_MS.first;
      const stop = () => wakeUp();
      signal.addEventListener("abort", stop, { once: true });
      while (!signal.aborted) {
        woken = false;
        try {
          const done = await fillSome(signal);
          pause = RETRY_MS.first;
          if (done > 0 || woken || signal.aborted) continue;
          await new Promise<void>((resolve) => {
            wakeUp = resolve;
          });
        } catch (thrown) {
          if (signal.aborted) break;
          log.warn("memories could not be turned into vectors; they are tried again later", { model, error: toClankerError(thrown).message, pauseMs: pause });
          await sleep(clock, pause, signal);
          pause = Math.min(RETRY_MS.most, pause * 2);
        }
      }
      signal.removeEventListener("abort", stop);
    },
  };
}

/** Zero for vectors of different lengths: the model behind the name has changed. */
function cosine(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return 0;
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    aa += a[i]! * a[i]!;
    bb += b[i]! * b[i]!;
  }
  return aa === 0 || bb === 0 ? 0 : dot / Math.sqrt(aa * bb);
}

function toBytes(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
}

/** Copied: what comes from a database need not be aligned. */
function fromBytes(bytes: Uint8Array): Float32Array {
  return new Float32Array(new Uint8Array(bytes).buffer, 0, bytes.length >> 2);
}
