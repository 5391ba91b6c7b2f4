import type { SlackApi } from "./api.ts";
import { SlackFailure } from "./api.ts";

/** Display names of members: events hold ids alone. They are shown and never decide anything (sec-30). */
export interface Names {
  get(userId: string): string | undefined;
  /** Asks Slack, once, so that the next message has it. Never rejects. */
  learn(userId: string, signal: AbortSignal): Promise<void>;
}

const MAX_NAMES = 2_000;

interface UserInfo {
  readonly user?: { readonly name?: string; readonly real_name?: string; readonly profile?: { readonly display_name?: string; readonly real_name?: string } };
}

export function createNames(api: SlackApi): Names {
  const names = new Map<string, string | undefined>();
  let allowed = true;
  return {
    get: (userId) => names.get(userId),
    async learn(userId, signal) {
      if (!allowed || names.has(userId) || !/^[UW][A-Z0-9]+$/.test(userId)) return;
      names.set(userId, undefined);
      if (names.size > MAX_NAMES) names.delete(names.keys().next().value!);
      try {
        const { user } = await api.call<UserInfo>("users.info", { user: userId }, { signal });
        names.set(userId, firstName(user?.profile?.display_name, user?.profile?.real_name, user?.real_name, user?.name));
      } catch (error) {
        if (error instanceof SlackFailure && error.reason === "missing_scope") allowed = false;
        names.delete(userId);
      }
    },
  };
}

function firstName(...given: readonly (string | undefined)[]): string | undefined {
  return given.find((name) => name !== undefined && name.trim() !== "")?.slice(0, 100);
}
