import { bindAddress } from "../config/bind-address.ts";
import type { LoadedConfig } from "../config/index.ts";
import type { Secret } from "../core/secret.ts";
import type { AuthOptions, GatewayOptions } from "../gateway/options.ts";

interface Found {
  /** The token of the first start or the configured one. */
  readonly token: Secret | undefined;
  /** Folder of the page. */
  readonly uiRoot: string | undefined;
  readonly tls: GatewayOptions["tls"];
}

/** `[gateway]` as plain values. */
export function gatewayOptions({ config }: LoadedConfig, { token, uiRoot, tls }: Found): GatewayOptions {
  const { gateway, channels, metrics } = config;
  return {
    bindAddress: bindAddress(gateway.bind_address),
    port: gateway.port,
    maxConnections: gateway.max_connections,
    trustedProxies: gateway.trusted_proxies,
    hosts: gateway.hosts,
    auth: authOptions(gateway.auth, token),
    rateLimit: rateLimitOptions(config),
    corsOrigins: gateway.cors.origins,
    openai: gateway.openai.enabled,
    metricsPublic: metrics.public,
    ...(tls === undefined ? {} : { tls }),
    uiRoot: channels.web.enabled ? uiRoot : undefined,
  };
}

export function rateLimitOptions({ gateway: { rate_limit: limits } }: Pick<LoadedConfig["config"], "gateway">): GatewayOptions["rateLimit"] {
  return { requestsPerMinute: limits.requests_per_minute, burst: limits.burst, authFailuresPerMinute: limits.auth_failures_per_minute };
}

/** What clients must show from now on. */
export function authOptions(auth: LoadedConfig["config"]["gateway"]["auth"], token: Secret | undefined): AuthOptions {
  if (auth.mode === "none") return { mode: "none" };
  if (auth.mode === "password") return { mode: "password", password: auth.password!.reveal() };
  return { mode: "token", token: token!.reveal() };
}
