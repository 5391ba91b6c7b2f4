/** The settings the gateway needs, as plain values (config/ and app turn `[gateway]` into them). */
export interface GatewayOptions {
  /** IP to listen on. */
  readonly bindAddress: string;
  /** 0 = any free one. */
  readonly port: number;
  readonly maxConnections: number;
  /** Addresses or CIDR ranges whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  /** Names accepted in Host and Origin besides localhost and IP literals, `name` or `name:port`. */
  readonly hosts: readonly string[];
  readonly auth: AuthOptions;
  readonly rateLimit: { readonly requestsPerMinute: number; readonly burst: number; readonly authFailuresPerMinute: number };
  /** Exact origins that may read answers from a browser. */
  readonly corsOrigins: readonly string[];
  readonly openai: boolean;
  /** /metrics without a credential. */
  readonly metricsPublic: boolean;
  /** Folder with the built web page; unset = no /ui. */
  readonly uiRoot?: string;
  /** PEM texts. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly clientCa?: string };
}

/** `token` and `password` are the values themselves, revealed by app for this one purpose. */
export type AuthOptions =
  | { readonly mode: "token"; readonly token: string }
  | { readonly mode: "password"; readonly password: string }
  | { readonly mode: "none" };

export const DEFAULT_OPTIONS: Omit<GatewayOptions, "auth"> = {
  bindAddress: "127.0.0.1",
  port: 18789,
  maxConnections: 10_000,
  trustedProxies: [],
  hosts: [],
  rateLimit: { requestsPerMinute: 6_000, burst: 1_000, authFailuresPerMinute: 10 },
  corsOrigins: [],
  openai: true,
  metricsPublic: false,
};
