import type { Channel, LoginRequest, LoginStep } from "../core/channel.ts";
import { type Clock, sleep } from "../core/clock.ts";
import { ChannelError, RequestError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Random } from "../core/random.ts";
import { toHex } from "../lib/hex/index.ts";
import type { LoginProgress } from "../gateway/deps.ts";

/**
 * Accounts being linked from a phone. Steps go to whoever asked for the login and to nobody else: whoever sees a QR code can link an account of their own here.
 */
export interface ChannelLogins {
  /** @throws RequestError `channel_not_found`, `login_not_offered`, `channel_stopped`; ChannelError */
  begin(channel: string, account: string, request: LoginRequest): Promise<LoginProgress>;
  /** @throws RequestError `login_not_found`; ChannelError: nothing was linked */
  next(loginId: string, after: number, signal: AbortSignal): Promise<LoginProgress>;
  /** @throws as begin */
  logout(channel: string, account: string): Promise<void>;
  /** Ends those that are under way. */
  stop(): Promise<void>;
}

export interface ChannelLoginsDeps {
  readonly accounts: ReadonlyMap<string, Channel>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** A question is answered at the latest after this, so that nothing between us and the asker cuts it off. */
const ANSWER_MS = 25_000;
/** Nobody asks any more: the login ends. */
const ABANDONED_MS = 60_000;

interface Login {
  readonly id: string;
  readonly stop: AbortController;
  number: number;
  step: LoginStep | undefined;
  /** Set when it has ended without linking. */
  failure: unknown;
  over: boolean;
  /** Settles with the next step or the end. */
  moved: PromiseWithResolvers<void>;
  done: Promise<void>;
  /** Cancels the end for want of anybody who asks. */
  keep: () => void;
}

export function createChannelLogins({ accounts, clock, random, log }: ChannelLoginsDeps): ChannelLogins {
  const logins = new Map<string, Login>();

  const find = (name: string, account: string) => {
    const channel = accounts.get(`${name}:${account}`);
    if (channel === undefined)
      throw new RequestError("channel_not_found", `no such channel: ${name}:${account}`, {
        hint: `configured are: ${[...accounts.keys()].join(", ") || "none"}`,
      });
    if (channel.login === undefined)
      throw new RequestError("login_not_offered", `${name}:${account} is not linked from a phone`, {
        hint: "its config has all that it needs; see docs/channels",
      });
    if (channel.status().state === "stopped")
      throw new RequestError("channel_stopped", `${name}:${account} is stopped`, { hint: `start it with: clanker channels connect ${name}` });
    return channel.login;
  };

  const told = (login: Login) => {
    login.moved.resolve();
    login.moved = Promise.withResolvers();
  };
  const watched = (key: string, login: Login) => {
    login.keep();
    login.keep = clock.timer(ABANDONED_MS, () => {
      login.stop.abort();
      if (logins.get(key) === login) logins.delete(key);
    });
  };
  const answer = async (key: string, login: Login, { after, signal }: { after: number; signal?: AbortSignal }): Promise<LoginProgress> => {
    watched(key, login);
    const late = new AbortController();
    const until = signal === undefined ? late.signal : AbortSignal.any([late.signal, signal]);
    const waited = sleep(clock, ANSWER_MS, until);
    while (login.number <= after && !login.over && !until.aborted) {
      await Promise.race([login.moved.promise, waited.then(() => late.abort())]);
    }
    late.abort();
    if (login.over && login.step?.type !== "linked") {
      throw login.failure ?? new ChannelError("login_ended", "the login has ended and nothing was linked", "permanent", { hint: "begin again" });
    }
    if (login.step === undefined)
      throw new ChannelError("login_silent", "the platform has not begun the login yet", "retry", {
        hint: "look at clanker channels status, then begin again",
      });
    return { login_id: login.id, number: login.number, step: login.step };
  };

  return {
    async begin(name, account, request) {
      const door = find(name, account);
      const key = `${name}:${account}`;
      const former = logins.get(key);
      former?.stop.abort();
      await former?.done;
      const login: Login = {
        id: toHex(random.bytes(12)),
        stop: new AbortController(),
        number: 0,
        step: undefined,
        failure: undefined,
        over: false,
        moved: Promise.withResolvers(),
        done: Promise.resolve(),
        keep: () => {},
      };
      logins.set(key, login);
      login.done = (async () => {
        try {
          for await (const step of door.link(request, login.stop.signal)) {
            login.step = step;
            login.number += 1;
            told(login);
          }
        } catch (error) {
          login.failure = error;
          log.warn("a channel account was not linked", { channel: name, account, error });
        } finally {
          login.over = true;
          told(login);
        }
      })();
      return answer(key, login, { after: 0 });
    },
    async next(loginId, after, signal) {
      const [key, login] = [...logins].find(([, { id }]) => id === loginId) ?? [];
      if (key === undefined || login === undefined) throw new RequestError("login_not_found", "no such login is under way", { hint: "begin again" });
      return answer(key, login, { after, signal });
    },
    logout: (name, account) => find(name, account).unlink(),
    async stop() {
      for (const login of logins.values()) {
        login.keep();
        login.stop.abort();
      }
      await Promise.all([...logins.values()].map(({ done }) => done));
      logins.clear();
    },
  };
}
