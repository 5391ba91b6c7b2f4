/**
 * Hands what is said to step 1 of the hall (turn/receive), in order, one commit at a time. Always true: what the intake refuses is kept and tried again, because
 * nobody says it twice; while too much waits nothing more is read, so that the server notices.
 */
import { createBackoff } from "../../lib/reconnect/index.ts";
import { type IrcAccount, recover } from "./account.ts";
import { concernsUs, type Heard, translate } from "./inbound.ts";
import type { IrcLine } from "./line.ts";
import type { Session } from "./session.ts";

/** Lines that may wait for their commit. */
const MAX_WAITING = 500;

export interface Admission {
  /** Resolves when there is room for more. */
  take(line: IrcLine, session: Session): Promise<void>;
  /** Resolves when everything is taken, or `signal` has aborted. */
  idle(): Promise<void>;
}

export function createAdmission(account: IrcAccount, signal: AbortSignal): Admission {
  const { deps, config, timing, health } = account;
  const waiting: { heard: Heard; session: Session }[] = [];
  const begun = deps.clock.now().toString(36) + Math.floor(deps.random.number() * 1_296).toString(36);
  let count = 0;
  let working: Promise<void> | undefined;
  let room = Promise.withResolvers<void>();

  const work = async (): Promise<void> => {
    const backoff = createBackoff({ clock: deps.clock, random: deps.random, minMs: timing.minBackoffMs, maxMs: timing.maxBackoffMs });
    while (waiting.length > 0 && !signal.aborted) {
      const { heard, session } = waiting[0]!;
      try {
        const update = await readable(heard, session);
        if (update !== undefined) {
          await deps.intake.receive([update]);
          health.heard();
          deps.metrics.count("channel_updates", { channel: "irc", account: config.account }, 1);
        }
        waiting.shift();
        room.resolve();
        if (account.stuck) {
          account.stuck = false;
          if (account.session !== undefined) health.alive();
        }
        backoff.reset();
      } catch (error) {
        account.stuck = true;
        deps.log.warn("irc message not taken; trying again", { error, failures: backoff.failures + 1 });
        await recover(account, error, { backoff, signal });
      }
    }
    room.resolve();
  };
  const readable = async (heard: Heard, session: Session) => {
    try {
      return await translate(account, session, heard);
    } catch (error) {
      deps.log.warn("irc line skipped: it could not be read", { command: heard.line.command, error });
      return undefined;
    }
  };

  return {
    async take(line, session) {
      if (!concernsUs(line, session)) return;
      const time = Date.parse(line.tags.get("time") ?? "");
      count += 1;
      waiting.push({ session, heard: { line, id: line.tags.get("msgid") ?? `${begun}.${count}`, at: Number.isNaN(time) ? deps.clock.now() : time } });
      working ??= work().finally(() => (working = undefined));
      while (waiting.length >= MAX_WAITING && !signal.aborted) {
        room = Promise.withResolvers<void>();
        await room.promise;
      }
    },
    idle: async () => working,
  };
}
