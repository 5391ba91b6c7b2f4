/** Calls Helix (dev.twitch.tv, API reference) over the Http port. Knows nothing of messages. */
import type { Clock } from "../../core/clock.ts";
import { result } from "./answer.ts";
import type { Login } from "./login.ts";

export interface TwitchApi {
  /** @param path with its query. @throws TwitchFailure for an answer that is an error, HttpFailure for none. */
  call<T = object>(method: "GET" | "POST" | "DELETE", path: string, options?: { readonly body?: object; readonly signal?: AbortSignal }): Promise<T>;
}

/** A token that has run out is got anew once; a call that was refused for it has done nothing. */
export function createApi(login: Login, clock: Clock): TwitchApi {
  return {
    async call<T>(method: "GET" | "POST" | "DELETE", path: string, { body, signal }: { body?: object; signal?: AbortSignal } = {}): Promise<T> {
      const call = `${method} ${path.split("?", 1)[0]}`;
      for (let tries = 1; ; tries++) {
        const { request, token } = await login.authorized(signal);
        const response = await request({
          method,
          path: `/helix${path}`,
          ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
          ...(signal === undefined ? {} : { signal }),
        });
        if (response.status === 401 && tries === 1) {
          await response.text();
          login.expired(token);
          continue;
        }
        return (await result(call, response, clock)) as T;
      }
    },
  };
}
