import type { Clock } from "../../core/clock.ts";

export interface RateLimiter {
  /** Takes one from the key's bucket. @returns whether there was one. */
  take(key: string): boolean;
  /** Gives back what was taken: the caller turned out to be counted elsewhere. */
  refund(key: string): void;
  /** Milliseconds until the bucket has one again; 0 = now. Takes nothing. */
  waitMs(key: string): number;
  /** Keys held now. */
  readonly size: number;
}

interface Bucket {
  tokens: number;
  at: number;
}

export const MAX_KEYS = 10_000;

/**
 * A token bucket per key, at most 10,000 of them (sec-10): when full, the one used longest ago goes. That one is the fullest in practice; an attacker with
 * that many addresses gains one bucket per address either way.
 * @param perMinute refill; 0 = no limit.
 * @param burst size of a bucket.
 */
export function createRateLimiter(clock: Clock, perMinute: number, burst: number): RateLimiter {
  const buckets = new Map<string, Bucket>();
  const perMs = perMinute / 60_000;
  const level = (bucket: Bucket, now: number) => Math.min(burst, bucket.tokens + (now - bucket.at) * perMs);
  return {
    get size() {
      return buckets.size;
    },
    take(key) {
      if (perMinute <= 0) return true;
      const now = clock.monotonic();
      const old = buckets.get(key);
      const tokens = old === undefined ? burst : level(old, now);
      buckets.delete(key);
      if (buckets.size >= MAX_KEYS) buckets.delete(buckets.keys().next().value!);
      const allowed = tokens >= 1;
      buckets.set(key, { tokens: allowed ? tokens - 1 : tokens, at: now });
      return allowed;
    },
    refund(key) {
      const bucket = buckets.get(key);
      if (bucket !== undefined) bucket.tokens = Math.min(burst, bucket.tokens + 1);
    },
    waitMs(key) {
      const bucket = buckets.get(key);
      if (perMinute <= 0 || bucket === undefined) return 0;
      const tokens = level(bucket, clock.monotonic());
      return tokens >= 1 ? 0 : Math.ceil((1 - tokens) / perMs);
    },
  };
}
