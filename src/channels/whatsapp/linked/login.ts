import type { ChannelLogin, LoginStep } from "../../../core/channel.ts";
import { ChannelError, StoreError } from "../../../core/errors.ts";
import type { LinkedAccount, PendingLogin } from "./account.ts";

const LOGOUT_MS = 10_000;

/** Linking from a phone. The running account does the work (serve.ts); here somebody waits for its steps. */
export function createLogin(account: LinkedAccount): ChannelLogin {
  return {
    async *link({ phone }, signal) {
      const identity = account.health.status().identity;
      if (account.link !== undefined && identity !== undefined) {
        yield { type: "linked", identity } satisfies LoginStep;
        return;
      }
      const queue: (LoginStep | { readonly failure: unknown })[] = [];
      let wake = Promise.withResolvers<void>();
      const push = (item: (typeof queue)[number]) => {
        queue.push(item);
        wake.resolve();
        wake = Promise.withResolvers();
      };
      const login: PendingLogin = { phone, push, fail: (failure) => push({ failure }) };
      account.login?.fail(new ChannelError("login_ended", "another login has begun", "permanent", { hint: "begin again" }));
      account.login = login;
      const stop = () => wake.resolve();
      signal.addEventListener("abort", stop, { once: true });
      // A child without a session waits for the first QR code; one that runs is begun anew with this wish.
      const ended = account.endChild?.();
      account.wanted.resolve();
      await ended;
      try {
        while (!signal.aborted) {
          const item = queue.shift();
          if (item === undefined) await wake.promise;
          else if ("failure" in item) throw item.failure;
          else {
            yield item;
            if (item.type === "linked") return;
          }
        }
      } finally {
        signal.removeEventListener("abort", stop);
        if (account.login === login) {
          account.login = undefined;
          // Nobody looks at its codes any more.
          if (account.link === undefined) await account.endChild?.();
        }
      }
    },
    async unlink() {
      if (!(await isLinked(account))) throw new ChannelError("not_linked", "the account is not linked", "permanent", { hint: "nothing is left to forget" });
      try {
        await account.link?.call("logout", {}, { timeoutMs: LOGOUT_MS });
      } catch (error) {
        account.deps.log.warn("whatsapp was not told of the logout; remove the device on the phone, under Linked devices", { error });
      }
      await forget(account);
    },
  };
}

/** Keys that cannot be opened any more are to be forgotten as well. */
async function isLinked({ entries }: LinkedAccount): Promise<boolean> {
  try {
    return (await entries.all()).has("creds");
  } catch (error) {
    if (error instanceof StoreError && error.code === "keep_damaged") return true;
    throw error;
  }
}

/** Ends the child first, so that it keeps nothing more, and then forgets its keys. */
export async function forget(account: LinkedAccount): Promise<void> {
  await account.endChild?.();
  await account.entries.clear();
  account.journaled.clear();
  account.numbers.clear();
}

export const loginCommand = (account: LinkedAccount) => `clanker channels login ${nameOf(account)}`;
export const logoutCommand = (account: LinkedAccount) => `clanker channels logout ${nameOf(account)}`;

function nameOf({ config }: LinkedAccount): string {
  return config.account === "default" ? "whatsapp" : `whatsapp:${config.account}`;
}
