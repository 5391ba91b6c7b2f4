import type { Clock } from "../../core/clock.ts";

export interface RateLimiter {
  /** Takes one from the key's bucket. @returns whether there was one. */
  take(key: string): boolean;
  /** Gives back what was taken: the caller turned out to be counted elsewhere. */
  refund(key: string): void;
  /** Milliseconds until the bucket has one again; 0 = now. Takes nothing. */
  waitMs(key: string): number;
  /** From now on; buckets keep what is in them, up to the new size. */
  setRate(perMinute: number, burst: number): void;
  /** Keys held now. */
  readonly size: number;
}

interface Bucket {
  tokens: number;
  at: number;
}

export const MAX_KEYS = 10_000;

/**
 * A token bucket per key, at most 10,000 of them (sec-10), in two generations: when the young one is full it becomes the old one, and what was not used since
 * is forgotten. An attacker with that many addresses gains one bucket per address either way.
 * @param perMinute refill; 0 = no limit.
 * @param burst size of a bucket.
 */
export function createRateLimiter(clock: Clock, perMinute: number, burst: number): RateLimiter {
  let young = new Map<string, Bucket>();
  let old = new Map<string, Bucket>();
  const rate = { perMinute, burst };
  const level = (bucket: Bucket, now: number) => Math.min(rate.burst, bucket.tokens + ((now - bucket.at) * rate.perMinute) / 60_000);
  const find = (key: string) => young.get(key) ?? old.get(key);
  const keep = (key: string, bucket: Bucket) => {
    if (young.has(key)) return;
    old.delete(key);
    if (young.size >= MAX_KEYS / 2) {
      old = young;
      young = new Map();
    }
    young.set(key, bucket);
  };
  return {
    setRate(nextPerMinute, nextBurst) {
      rate.perMinute = nextPerMinute;
      rate.burst = nextBurst;
    },
    get size() {
      return young.size + old.size;
    },
    take(key) {
      if (rate.perMinute <= 0) return true;
      const now = clock.monotonic();
      const bucket = find(key) ?? { tokens: rate.burst, at: now };
      bucket.tokens = level(bucket, now);
      bucket.at = now;
      keep(key, bucket);
      if (bucket.tokens < 1) return false;
      bucket.tokens -= 1;
      return true;
    },
    refund(key) {
      const bucket = find(key);
      if (bucket !== undefined) bucket.tokens = Math.min(rate.burst, bucket.tokens + 1);
    },
    waitMs(key) {
      const bucket = find(key);
      if (rate.perMinute <= 0 || bucket === undefined) return 0;
      const tokens = level(bucket, clock.monotonic());
      return tokens >= 1 ? 0 : Math.ceil(((1 - tokens) * 60_000) / rate.perMinute);
    },
  };
}
