/** What Twitch answers, Helix and id.twitch.tv alike: JSON, with a message when it is an error. */
import type { Clock } from "../../core/clock.ts";
import type { HttpResponse } from "../../core/http.ts";

/** An answer that is an error. */
export class TwitchFailure extends Error {
  override readonly name = "TwitchFailure";
  readonly status: number;
  readonly retryAfterMs: number | undefined;

  constructor(call: string, { status, message, retryAfterMs }: { status: number; message: string; retryAfterMs?: number | undefined }) {
    super(`${call}: ${status} ${message}`);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** @throws TwitchFailure */
export async function result(call: string, response: HttpResponse, clock: Clock): Promise<unknown> {
  const text = await response.text();
  let answer: { message?: unknown } | undefined;
  try {
    answer = text === "" ? {} : (JSON.parse(text) as typeof answer);
  } catch {
    // Answered below by its status.
  }
  if (response.status >= 200 && response.status < 300 && answer !== undefined) return answer;
  const message = typeof answer?.message === "string" ? answer.message.slice(0, 300) : "no readable answer";
  // What something in between did with the request nobody knows.
  const status = response.status >= 200 && response.status < 300 ? 502 : response.status;
  // Seconds of Twitch's clock at which the bucket is full again (Twitch API, rate limits).
  const reset = Number(response.headers["ratelimit-reset"] ?? "");
  const retryAfterMs = status === 429 && reset > 0 ? Math.min(120_000, Math.max(1_000, reset * 1_000 - clock.now())) : undefined;
  throw new TwitchFailure(call, { status, message, retryAfterMs });
}
