/**
 * The first step of the hall (house.md section 2): keeps a gateway session and hands its events on in order. Always true: heartbeats and resumes name only events
 * whose rows are committed (P1, fault-4); one connection at a time; a connection whose heartbeat is not answered is given up (P7, fault-43).
 */
import type { SocketClose } from "../../core/sockets.ts";
import { createAccountBackoff, type Backoff } from "../../lib/reconnect/index.ts";
import { type DiscordAccount, recover } from "./account.ts";
import { type Ended, runConnection } from "./connection.ts";
import { CURSOR_NAME, parsePosition, type Position } from "./position.ts";

/** Resumes that may fail one after the other before a new session is begun (fault-47). */
const MAX_RESUMES = 3;

/** Receives until `signal` aborts. Never rejects. */
export async function receiveEvents(account: DiscordAccount, signal: AbortSignal): Promise<void> {
  const { deps } = account;
  const backoff = createAccountBackoff(account);
  let position: Position | undefined;
  let resumes = 0;
  while (!signal.aborted) {
    try {
      position ??= parsePosition(await deps.cursor(CURSOR_NAME));
      const url = position.session?.url ?? (await gatewayUrl(account, { backoff, signal }));
      if (url === undefined) continue;
      const ended = await runConnection(account, { url, position, signal });
      if (signal.aborted) return;
      if (ended.established) {
        backoff.reset();
        resumes = 0;
      } else if (position.session !== undefined) resumes += 1;
      if (ended.invalid === "gone" || startsAnew(ended.close) || resumes >= MAX_RESUMES) {
        position.session = undefined;
        resumes = 0;
      }
      deps.log.info("discord connection over", { code: ended.close.code, reason: ended.close.reason, resumable: position.session !== undefined });
      await pause(account, ended, { backoff, signal });
    } catch (error) {
      if (signal.aborted) return;
      // A place to resume at that cannot be reached is not asked for ever.
      if (position?.session !== undefined && (resumes += 1) >= MAX_RESUMES) position.session = undefined;
      deps.metrics.count("channel_poll_failures", { channel: "discord", account: account.config.account });
      deps.log.warn("discord connection failed", { error, failures: backoff.failures + 1 });
      await recover(account, error, { backoff, signal });
    }
  }
}

interface Gateway {
  readonly url: string;
  readonly session_start_limit?: { readonly remaining?: number; readonly reset_after?: number };
}

/** @returns undefined when no session may be begun now; the wait is over then. */
async function gatewayUrl({ api, health, deps }: DiscordAccount, wait: { backoff: Backoff; signal: AbortSignal }): Promise<string | undefined> {
  const gateway = (await api.call("GET", "/gateway/bot", { signal: wait.signal })) as Gateway;
  const { remaining, reset_after: resetMs = 0 } = gateway.session_start_limit ?? {};
  if (remaining !== 0) return gateway.url;
  // One identify too many makes Discord reset the token.
  health.trouble(
    "degraded",
    "discord_no_sessions_left",
    `Discord allows no further session for ${Math.ceil(resetMs / 60_000)} minutes: something connects over and over`,
  );
  deps.log.warn("discord session limit reached", { resetMs });
  await wait.backoff.wait(wait.signal, resetMs);
  return undefined;
}

/** Codes after which the session is over (Gateway Close Event Codes); 1000 and 1001 end it by definition. */
function startsAnew({ code }: SocketClose): boolean {
  return [1000, 1001, 4003, 4004, 4007, 4009, 4010, 4011, 4012, 4013, 4014].includes(code);
}

const REFUSALS: Readonly<Record<number, readonly [code: string, detail: string]>> = {
  4004: ["discord_token_refused", "Discord refuses the token: reset it in the Developer Portal and put it into channels.discord.token"],
  4010: ["discord_gateway_refused", "Discord refuses the connection (invalid shard)"],
  4011: ["discord_sharding_required", "the bot is in too many servers for one connection: take it out of those that are not yours"],
  4012: ["discord_gateway_refused", "Discord refuses the connection (invalid API version)"],
  4013: ["discord_gateway_refused", "Discord refuses the connection (invalid intents)"],
  4014: ["discord_intent_missing", "switch on Message Content Intent under Bot in the Developer Portal"],
};

async function pause({ health, timing, deps }: DiscordAccount, ended: Ended, wait: { backoff: Backoff; signal: AbortSignal }): Promise<void> {
  const { backoff, signal } = wait;
  const refusal = REFUSALS[ended.close.code];
  if (refusal !== undefined) {
    health.trouble("failed", ...refusal);
    return backoff.wait(signal, timing.refusedMs);
  }
  // Discord asks for reconnects now and then; that is no trouble unless it does not work at once.
  if (!ended.established || backoff.failures > 0)
    health.trouble("degraded", "discord_disconnected", `the connection was lost (${ended.close.code}); trying again`);
  const invalidMs = timing.invalidMinMs + deps.random.number() * (timing.invalidMaxMs - timing.invalidMinMs);
  return backoff.wait(signal, ended.invalid === undefined ? 0 : invalidMs);
}
