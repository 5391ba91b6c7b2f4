import type { LoadedConfig } from "../config/index.ts";
import type { Secret } from "../core/secret.ts";
import type { AuthOptions, GatewayOptions } from "../gateway/options.ts";

/** `[gateway]` as plain values. @param token the token of the first start or the configured one. @param uiRoot folder of the page. */
export function gatewayOptions({ config }: LoadedConfig, token: Secret | undefined, uiRoot: string | undefined): GatewayOptions {
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
    uiRoot: channels.web.enabled ? uiRoot : undefined,
  };
}

export function rateLimitOptions({ gateway: { rate_limit: limits } }: Pick<LoadedConfig["config"], "gateway">): GatewayOptions["rateLimit"] {
  return { requestsPerMinute: limits.requests_per_minute, burst: limits.burst, authFailuresPerMinute: limits.auth_failures_per_minute };
}

function authOptions(auth: LoadedConfig["config"]["gateway"]["auth"], token: Secret | undefined): AuthOptions {
  if (auth.mode === "none") return { mode: "none" };
  if (auth.mode === "password") return { mode: "password", password: auth.password!.reveal() };
  return { mode: "token", token: token!.reveal() };
}

function bindAddress(written: string): string {
  if (written === "loopback") return "127.0.0.1";
  return written === "lan" ? "0.0.0.0" : written;
}
