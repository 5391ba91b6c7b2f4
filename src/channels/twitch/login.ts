/** The assistant's token: got by the refresh token, looked at every hour, got anew when it has run out (dev.twitch.tv, Refreshing and Validating Tokens). Held in memory alone. */
import type { ChannelDeps } from "../../core/channel.ts";
import type { HttpRequest, HttpResponse } from "../../core/http.ts";
import { Secret } from "../../core/secret.ts";
import { isSameSecret } from "../../lib/same-secret/index.ts";
import { result, TwitchFailure } from "./answer.ts";
import type { TwitchAccountConfig } from "./config.ts";
import type { TwitchPlaces } from "./timing.ts";

/** Who the token is for, and what it may do. */
export interface Identity {
  readonly id: string;
  readonly login: string;
  readonly scopes: readonly string[];
}

export interface Login {
  /** @returns how to ask Helix, and the token that this is done with. @throws TwitchFailure, HttpFailure */
  authorized(signal?: AbortSignal): Promise<{ readonly token: Secret; request(request: HttpRequest): Promise<HttpResponse> }>;
  /** This token was refused; the next call gets another. */
  expired(token: Secret): void;
  /** @throws TwitchFailure, HttpFailure */
  validate(signal: AbortSignal): Promise<Identity>;
}

const FORM = { "content-type": "application/x-www-form-urlencoded" };

export function createLogin(config: TwitchAccountConfig, { http, log, clock }: Pick<ChannelDeps, "http" | "log" | "clock">, places: TwitchPlaces): Login {
  let refreshToken = config.refresh_token;
  let token: Secret | undefined;
  let refreshing: Promise<Secret> | undefined;

  const refresh = async (): Promise<Secret> => {
    // The one place where these are looked at: Twitch takes them in the body alone.
    const body = new URLSearchParams({
      client_id: config.client_id,
      client_secret: config.client_secret.reveal(),
      grant_type: "refresh_token",
      refresh_token: refreshToken.reveal(),
    }).toString();
    const answer = (await result(
      "POST /oauth2/token",
      await http.request({ baseUrl: places.login }, { method: "POST", path: "/oauth2/token", headers: FORM, body }),
      clock,
    )) as {
      access_token?: unknown;
      refresh_token?: unknown;
    };
    if (typeof answer.access_token !== "string") throw new TwitchFailure("POST /oauth2/token", { status: 502, message: "no token in the answer" });
    if (typeof answer.refresh_token === "string" && !isSameSecret(answer.refresh_token, refreshToken)) {
      refreshToken = new Secret("twitch refresh token", answer.refresh_token);
      log.warn("twitch: the refresh token was replaced; the one in the config may not work after a restart. Make the application a confidential client");
    }
    return new Secret("twitch access token", answer.access_token);
  };

  const current = async (): Promise<Secret> => {
    if (token !== undefined) return token;
    // Many may ask at once: a refresh token that is used twice may be taken for stolen (fault-38).
    refreshing ??= refresh().finally(() => (refreshing = undefined));
    token = await refreshing;
    return token;
  };

  const login: Login = {
    async authorized(signal) {
      const held = await current();
      signal?.throwIfAborted();
      const credential = { in: "header", name: "authorization", prefix: "Bearer ", secret: held } as const;
      const destination = { baseUrl: places.api, credential, headers: { "client-id": config.client_id } };
      return { token: held, request: (request) => http.request(destination, request) };
    },
    expired(refused) {
      if (Object.is(token, refused)) token = undefined;
    },
    async validate(signal) {
      for (let tries = 1; ; tries++) {
        const held = await current();
        const credential = { in: "header", name: "authorization", prefix: "OAuth ", secret: held } as const;
        const response = await http.request({ baseUrl: places.login, credential }, { path: "/oauth2/validate", signal });
        if (response.status === 401 && tries === 1) {
          await response.text();
          login.expired(held);
          continue;
        }
        const answer = (await result("GET /oauth2/validate", response, clock)) as { user_id?: unknown; login?: unknown; scopes?: unknown };
        if (typeof answer.user_id !== "string" || typeof answer.login !== "string")
          throw new TwitchFailure("GET /oauth2/validate", { status: 401, message: "the token is not a user's" });
        return { id: answer.user_id, login: answer.login, scopes: Array.isArray(answer.scopes) ? answer.scopes.map(String) : [] };
      }
    },
  };
  return login;
}
