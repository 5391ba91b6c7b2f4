/**
 * Hands what is said to step 1 of the hall (turn/receive), in order, one commit at a time. Always true: what the intake refuses is kept and tried again, because
 * nobody says it twice; while too much waits nothing more is read, so that the server notices.
 */
import { createInOrder } from "../../lib/in-order/index.ts";
import { createAccountBackoff } from "../../lib/reconnect/index.ts";
import { type IrcAccount, recover } from "./account.ts";
import { concernsUs, type Heard, translate } from "./inbound.ts";
import type { IrcLine } from "./line.ts";
import type { Session } from "./session.ts";

export interface Admission {
  /** Resolves when there is room for more. */
  take(line: IrcLine, session: Session): Promise<void>;
  /** Resolves when everything is taken, or `signal` has aborted. */
  idle(): Promise<void>;
}

export function createAdmission(account: IrcAccount, signal: AbortSignal): Admission {
  const { deps, config, health } = account;
  const backoff = createAccountBackoff(account);
  const begun = deps.clock.now().toString(36) + Math.floor(deps.random.number() * 1_296).toString(36);
  let count = 0;
  const readable = async ({ heard, session }: { heard: Heard; session: Session }) => {
    try {
      return await translate(account, session, heard);
    } catch (error) {
      deps.log.warn("irc line skipped: it could not be read", { command: heard.line.command, error });
      return undefined;
    }
  };
  const queue = createInOrder<{ heard: Heard; session: Session }>({
    signal,
    async work(item) {
      const update = await readable(item);
      if (update !== undefined) {
        await deps.intake.receive([update]);
        health.heard();
        deps.metrics.count("channel_updates", { channel: "irc", account: config.account }, 1);
      }
      if (account.stuck) {
        account.stuck = false;
        if (account.session !== undefined) health.alive();
      }
      backoff.reset();
    },
    async failed(error, failures) {
      account.stuck = true;
      deps.log.warn("irc message not taken; trying again", { error, failures });
      await recover(account, error, { backoff, signal });
    },
  });
  return {
    async take(line, session) {
      if (!concernsUs(line, session)) return;
      const time = Date.parse(line.tags.get("time") ?? "");
      count += 1;
      const heard = { line, id: line.tags.get("msgid") ?? `${begun}.${count}`, at: Number.isNaN(time) ? deps.clock.now() : time };
      await queue.add({ session, heard });
    },
    idle: queue.idle,
  };
}
