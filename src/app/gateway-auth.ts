import { ensureGatewayToken, type LoadedConfig } from "../config/index.ts";
import { ConfigError } from "../core/errors.ts";
import type { Secret } from "../core/secret.ts";
import type { Gateway } from "../gateway/index.ts";
import { authOptions } from "./gateway-options.ts";

/** The token that was made at the first start may be no other secret either; those of the config are compared by its schema (sec-25). */
export function refuseSharedToken({ config, secretsUsed }: LoadedConfig, token: Secret): void {
  if (config.gateway.auth.token !== undefined || !new Set(secretsUsed.map((secret) => secret.reveal())).has(token.reveal())) return;
  throw new ConfigError("gateway_token_shared", "a secret of the config is the gateway's own token", { hint: "give that secret a value of its own" });
}

/** A new token or password holds at once, for new connections and open ones (sec-16). */
export async function applyAuth(now: LoadedConfig, gateway: Gateway): Promise<void> {
  const token = await ensureGatewayToken(now);
  gateway.setAuth(authOptions(now.config.gateway.auth, token?.token));
}
