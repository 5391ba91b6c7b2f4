import { described, secret, v } from "../lib/schema/index.ts";

const IPV4 = /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/;
const IPV6 = /^(?=.*:)[0-9a-f:.]{2,45}$/i;

const address = v.pipe(
  v.string(),
  v.check(
    (text) => ["loopback", "lan", "tailnet", "auto"].includes(text) || IPV4.test(text) || IPV6.test(text),
    "must be an IP address, loopback, lan, tailnet or auto",
  ),
);

const auth = v.strictObject({
  mode: described(
    v.optional(v.picklist(["token", "password", "none"]), "token"),
    "What a client must show: token, password, or none (only where nobody but this machine can connect).",
  ),
  token: described(v.optional(secret()), "The token; without one, it is made at the first start and kept as gateway-token in the data folder.", {
    example: "${CLANKER_GATEWAY_TOKEN}",
  }),
  password: described(v.optional(secret()), "The password for mode = password.", { example: "${CLANKER_GATEWAY_PASSWORD}" }),
});

const path = v.pipe(v.string(), v.minLength(1, "must be the path of a file"));
const tls = v.strictObject({
  enabled: described(v.optional(v.boolean()), "Serve https and wss instead of http and ws; off unless it is true.", { restart: true, example: true }),
  cert: described(v.optional(path), "File with your own certificate and its chain (PEM); a relative path begins at the config folder.", {
    restart: true,
    example: "/etc/clanker/fullchain.pem",
  }),
  key: described(v.optional(path), "File with the private key of cert (PEM, without a passphrase).", { restart: true, example: "/etc/clanker/privkey.pem" }),
  auto: described(
    v.optional(v.boolean(), true),
    "Without cert: make a self-signed certificate, keep it in the data folder and print its fingerprint for clients to compare.",
    { restart: true },
  ),
  client_ca: described(v.optional(path), "File with the CA (PEM) of client certificates; whoever shows none of it is refused before anything is read.", {
    restart: true,
    example: "/etc/clanker/client-ca.pem",
  }),
});

const perMinute = (fallback: number) => v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000_000)), fallback);

const rateLimit = v.strictObject({
  requests_per_minute: described(perMinute(6_000), "Requests of one credential or, before authentication, of one IP address."),
  burst: described(perMinute(1_000), "How many of them may come at once."),
  auth_failures_per_minute: described(perMinute(10), "Failed authentications of one IP address."),
});

const origin = v.pipe(v.string(), v.regex(/^https?:\/\/[^/\s*]+$/i, "must be an origin such as https://chat.example.com"));
const hostName = v.pipe(v.string(), v.regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i, "must be a host name without scheme, port or star"));
const network = v.pipe(v.string(), v.regex(/^[0-9a-f:.]+(\/\d{1,3})?$/i, "must be an IP address or a network such as 10.0.0.0/8"));

/** `[gateway]` */
export const gatewayConfig = v.pipe(
  v.strictObject({
    bind_address: described(
      v.optional(address, "127.0.0.1"),
      "Where the gateway listens: an IP address, loopback, lan (every address of this machine), tailnet (its address there), or auto (tailnet where there is one, else loopback).",
      {
        restart: true,
      },
    ),
    port: described(v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535)), 18_789), "TCP port; 0 takes a free one.", { restart: true }),
    max_connections: described(v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 10_000), "Most open connections at a time.", { restart: true }),
    trusted_proxies: described(v.optional(v.array(network), []), "Proxies whose X-Forwarded-For is believed.", { restart: true, example: ["10.0.0.5"] }),
    hosts: described(
      v.optional(v.array(hostName), []),
      "Names that are accepted in Host and Origin besides localhost, IP addresses and the names of the certificate.",
      {
        restart: true,
        example: ["clanker.example.com"],
      },
    ),
    auth: described(v.optional(auth, {}), "Who may connect."),
    tls: described(v.optional(tls, {}), "Encryption of the listener."),
    rate_limit: described(v.optional(rateLimit, {}), "How much one caller may ask for."),
    cors: described(
      v.optional(
        v.strictObject({ origins: described(v.optional(v.array(origin), []), "Origins of other web pages that may call the HTTP API.", { restart: true }) }),
        {},
      ),
      "Other web pages.",
    ),
    openai: described(
      v.optional(
        v.strictObject({ enabled: described(v.optional(v.boolean(), true), "Whether /v1/chat/completions and its siblings are served.", { restart: true }) }),
        {},
      ),
      "The OpenAI-compatible door.",
    ),
  }),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const gateway = dataset.value;
    const below = (section: "auth" | "tls", key: string) => [
      { type: "object" as const, origin: "value" as const, input: gateway, key: section, value: gateway[section] },
      { type: "object" as const, origin: "value" as const, input: gateway[section], key, value: gateway[section][key as never] },
    ];
    const at = (key: "mode" | "password") => below("auth", key);
    for (const message of tlsFaults(gateway.tls)) addIssue({ message: message.text, path: below("tls", message.key) as never });
    if (gateway.auth.mode === "none" && !isLoopback(gateway.bind_address)) {
      addIssue({
        message: 'mode = "none" is refused unless bind_address is loopback: anybody in the network could command the assistant',
        path: at("mode") as never,
      });
    }
    if (gateway.auth.mode === "password" && gateway.auth.password === undefined)
      addIssue({ message: 'mode = "password" needs password', path: at("password") as never });
  }),
);

function tlsFaults({ enabled, cert, key, auto, client_ca: clientCa }: v.InferOutput<typeof tls>): { key: string; text: string }[] {
  if (enabled !== true)
    return clientCa === undefined ? [] : [{ key: "client_ca", text: "needs enabled = true: without TLS nobody would be asked for a certificate" }];
  if (cert !== undefined && key === undefined) return [{ key: "key", text: "cert needs key" }];
  if (key !== undefined && cert === undefined) return [{ key: "cert", text: "key needs cert" }];
  return cert === undefined && !auto ? [{ key: "cert", text: "enabled = true needs cert and key, or auto = true" }] : [];
}

/** Whether only this machine can connect to the address. */
export function isLoopback(bindAddress: string): boolean {
  return bindAddress === "loopback" || bindAddress === "::1" || bindAddress.startsWith("127.");
}

/** `[channels.web]`: the page and the clients of /ws and HTTP. */
export const webChannelConfig = v.strictObject({
  enabled: described(v.optional(v.boolean(), true), "Whether the web page is served and its clients may chat.", { restart: true }),
});

export type GatewayConfig = v.InferOutput<typeof gatewayConfig>;
