type Headers = Readonly<Record<string, string>>;

const MAX_MS = 86_400_000;

/**
 * When a provider wants to be asked again, from its headers: `retry-after-ms`, `retry-after` (RFC 9110 section 10.2.3: seconds or a date), else the latest reset
 * of an exhausted limit (`x-ratelimit-reset`, `x-ratelimit-reset-KIND`, `anthropic-ratelimit-KIND-reset`).
 * @param now wall milliseconds. @returns milliseconds, at most a day.
 */
export function retryAfterMs(headers: Headers, now: number): number | undefined {
  const exact = Number.parseFloat(headers["retry-after-ms"] ?? "");
  if (Number.isFinite(exact)) return bounded(exact);
  const stated = instant(headers["retry-after"], now);
  if (stated !== undefined) return stated;
  const resets = Object.entries(headers).flatMap(([name, value]) => (isExhaustedReset(name, headers) ? [instant(value, now)] : []));
  const known = resets.filter((ms) => ms !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

function isExhaustedReset(name: string, headers: Headers): boolean {
  if (!/^(x-ratelimit-reset|anthropic-ratelimit-.+-reset)/.test(name)) return false;
  const remaining = headers[name.replace("reset", "remaining")];
  return remaining === undefined || Number(remaining) === 0;
}

/** Seconds (`2.5`), a duration (`1m30s`, `120ms`), an epoch in seconds or milliseconds, or a date. */
function instant(value: string | undefined, now: number): number | undefined {
  if (value === undefined || value.trim() === "") return undefined;
  const number = Number(value);
  if (Number.isFinite(number)) {
    if (number > 1e11) return bounded(number - now);
    return bounded(number > 1e9 ? number * 1_000 - now : number * 1_000);
  }
  const duration = durationMs(value.trim());
  if (duration !== undefined) return bounded(duration);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : bounded(date - now);
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function durationMs(value: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|[smhd]))+$/.test(value)) return undefined;
  let sum = 0;
  for (const [, amount = "0", unit = "s"] of value.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g)) sum += Number(amount) * (UNITS[unit] ?? 0);
  return sum;
}

function bounded(ms: number): number {
  return Math.min(MAX_MS, Math.max(0, Math.ceil(ms)));
}
