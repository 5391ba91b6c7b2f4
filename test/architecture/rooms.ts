/**
 * The walls of the house as data (house.md, section 3). A line is changed here on purpose or not at all: an import that the table does not
 * allow usually wants to be a port in core, or code that moves down to lib.
 */
export interface Room {
  /** Folders of src this line is about; `channels/*` is each folder of a plural room. */
  readonly name: string;
  /** Rooms it may import besides itself and lib. */
  readonly imports: readonly string[];
  /** Packages and `node:` modules allowed here. `node:*` is any of them but the sockets and processes of POWERS. */
  readonly outside: readonly Outside[];
  /** Only clock and randomness from the ports (house.md, time and chance). */
  readonly deterministic?: true;
}

/** A module, or a module for some files of the room alone. */
export type Outside = string | { readonly module: string; readonly files: RegExp } | { readonly module: string; readonly typeOnly: true };

export const ROOMS: readonly Room[] = [
  {
    // Kits work on the ports and errors of core (retry on a Clock); core itself stands alone, so there is no cycle.
    name: "lib",
    imports: ["core"],
    outside: [
      { module: "valibot", files: /^src\/lib\/schema/ },
      { module: "@valibot/to-json-schema", files: /^src\/lib\/(schema|json-schema)/ },
      { module: "marked", files: /^src\/lib\/markdown/ },
      { module: "jose", files: /^src\/lib\/signed-tokens/ },
      { module: "node:fs", files: /^src\/lib\/atomic-file/ },
      { module: "node:v8", files: /^src\/lib\/collect-garbage/ },
      { module: "node:vm", files: /^src\/lib\/collect-garbage/ },
      { module: "node:fs/promises", files: /^src\/lib\/atomic-file/ },
      { module: "node:path", files: /^src\/lib\/atomic-file/ },
      { module: "node:crypto", files: /^src\/lib\/(digest|hash|sha256|canonical|atomic-file|compare|model-wire)/ },
    ],
  },
  { name: "core", imports: [], outside: [], deterministic: true },
  { name: "agent", imports: ["core"], outside: [], deterministic: true },
  { name: "sessions", imports: ["core"], outside: [], deterministic: true },
  { name: "jobs", imports: ["core"], outside: ["croner"], deterministic: true },
  { name: "hooks", imports: ["core"], outside: [] },
  { name: "security", imports: ["core"], outside: [], deterministic: true },
  { name: "security/host", imports: ["core"], outside: ["node:*"] },
  { name: "turn", imports: ["agent", "sessions", "jobs", "security", "core"], outside: [], deterministic: true },
  {
    name: "observe",
    imports: ["core"],
    outside: ["pino", "prom-client", "node:perf_hooks", "node:fs", "node:fs/promises", "node:path", "node:os", "node:stream", "node:util", "node:v8"],
  },
  {
    name: "config",
    imports: ["core"],
    outside: ["smol-toml", "@decimalturn/toml-patch", "json5", "node:fs", "node:fs/promises", "node:path", "node:os", "node:crypto", "node:util"],
  },
  { name: "store/operations", imports: ["core"], outside: [], deterministic: true },
  {
    name: "store/sqlite",
    imports: ["core", "store/operations"],
    outside: ["node:sqlite", "node:worker_threads", "node:fs", "node:fs/promises", "node:path", "node:url", "node:events", "node:util"],
  },
  { name: "store/memory", imports: ["core", "store/operations"], outside: ["node:sqlite"] },
  { name: "store/postgres", imports: ["core", "store/operations"], outside: ["pg"] },
  { name: "backup", imports: ["core"], outside: ["node:crypto", "node:fs", "node:fs/promises", "node:path"] },
  { name: "bus/local", imports: ["core"], outside: [] },
  { name: "channels/telegram", imports: ["core"], outside: [{ module: "@grammyjs/types", typeOnly: true }] },
  {
    // IMAP and SMTP libraries own their sockets (house.md section 5); each is used by one file.
    name: "channels/email",
    imports: ["core"],
    outside: [
      { module: "imapflow", files: /^src\/channels\/email\/mailbox\.ts$/ },
      { module: "nodemailer", files: /^src\/channels\/email\/submit\.ts$/ },
      { module: "nodemailer/lib/mail-composer", files: /^src\/channels\/email\/submit\.ts$/ },
      { module: "node:stream", files: /^src\/channels\/email\/submit\.ts$/ },
    ],
  },
  {
    // The library speaks XMPP over our own stream; its idea of a socket is an EventEmitter.
    name: "channels/xmpp",
    imports: ["core"],
    outside: [
      { module: "@xmpp/client", files: /^src\/channels\/xmpp\/serve\.ts$/ },
      { module: "@xmpp/client", typeOnly: true },
      { module: "node:events", files: /^src\/channels\/xmpp\/wire-socket\.ts$/ },
    ],
  },
  {
    // The child is a process of its own (src/app/open-companions.ts); baileys is looked for when it runs.
    name: "channels/whatsapp",
    imports: ["core"],
    outside: [
      { module: "baileys", typeOnly: true },
      { module: "node:readline", files: /^src\/channels\/whatsapp\/linked\/child\/main\.ts$/ },
      { module: "node:fs", files: /^src\/channels\/whatsapp\/linked\/child\/library\.ts$/ },
      { module: "node:module", files: /^src\/channels\/whatsapp\/linked\/child\/library\.ts$/ },
      { module: "node:path", files: /^src\/channels\/whatsapp\/linked\/child\/library\.ts$/ },
      { module: "node:url", files: /^src\/channels\/whatsapp\/linked\/child\/library\.ts$/ },
    ],
  },
  {
    // 8 MB of compiled Rust; its types alone are known elsewhere.
    name: "channels/matrix",
    imports: ["core"],
    outside: [{ module: "@matrix-org/matrix-sdk-crypto-wasm", files: /^src\/channels\/matrix\/crypto(-port)?\.ts$/ }],
  },
  {
    // Events and keys alone: its sockets are ours.
    name: "channels/nostr",
    imports: ["core"],
    outside: [{ module: "nostr-tools", files: /^src\/channels\/nostr\/keys\.ts$/ }],
  },
  { name: "channels/*", imports: ["core"], outside: [] },
  // What is known about vendors, as data beside the wires.
  { name: "models", imports: ["core"], outside: [] },
  { name: "models/*", imports: ["core"], outside: [] },
  { name: "tools/*", imports: ["core"], outside: [] },
  {
    name: "media/html",
    imports: ["core"],
    outside: [
      "node:worker_threads",
      { module: "linkedom", files: /read-page/ },
      { module: "@mozilla/readability", files: /read-page/ },
      { module: "turndown", files: /read-page/ },
    ],
  },
  { name: "media/*", imports: ["core"], outside: ["node:worker_threads"] },
  { name: "plugins/*", imports: ["core"], outside: ["node:worker_threads"] },
  {
    name: "gateway",
    imports: ["turn", "sessions", "jobs", "security", "core"],
    // node:https is the listener with TLS; selfsigned makes the certificate that node:crypto can only read.
    outside: [
      "hono",
      "@hono/node-server",
      "ws",
      "node:http",
      { module: "node:https", files: /^src\/gateway\/listener\.ts$/ },
      { module: "selfsigned", files: /^src\/gateway\/tls\// },
      "node:crypto",
      "node:fs/promises",
      "node:net",
      "node:path",
      "node:stream",
    ],
  },
  { name: "client", imports: [], outside: [] },
  {
    name: "cli",
    imports: ["client", "config", "core", "app (dynamic)"],
    // pinned-socket: the global WebSocket cannot be told which certificate to accept.
    outside: ["commander", "@clack/prompts", "uqr", "node:*", { module: "ws", files: /^src\/cli\/pinned-socket\.ts$/ }],
  },
  { name: "app", imports: ["*"], outside: ["node:*"] },
  { name: "main", imports: ["cli"], outside: ["node:*"] },
];

/** Leaf config.ts files at the root of a plural room: the keys that all its adapters have. */
export const SHARED_CONFIG: readonly string[] = ["src/channels/config.ts", "src/models/config.ts", "src/store/config.ts"];

/** Plural rooms: each folder is a room of its own and may not look at its neighbours. */
export const PLURAL: readonly string[] = ["store", "bus", "channels", "models", "tools", "media", "plugins"];

/** Powers that have one door each, whatever a room's own line says. */
export const POWERS: readonly { readonly what: RegExp; readonly where: RegExp; readonly hint: string }[] = [
  {
    what: /^node:child_process$/,
    where: /^src\/security\/host\/(processes\/|terminal\/|secrets\/keychain)/,
    hint: "start processes through the Processes port",
  },
  {
    what: /^node:(http|https|http2|net|tls|dns|dns\/promises|dgram)$|^undici$/,
    where: /^src\/(security\/host\/egress|gateway\/)/,
    hint: "reach the network through the Http port (sec-83)",
  },
  { what: /^ws$/, where: /^src\/(security\/host\/egress|gateway\/|cli\/pinned-socket\.ts$)/, hint: "reach the network through the Http port (sec-83)" },
  {
    what: /^(fetch|WebSocket|EventSource|XMLHttpRequest)$/,
    where: /^(src\/(security\/host\/egress|gateway\/|client\/)|ui\/)/,
    hint: "reach the network through the Http port, or src/client (sec-83)",
  },
  { what: /^process\.env$/, where: /^src\/config\/env\.ts$/, hint: "read the environment in src/config/env.ts and hand the value in" },
  { what: /^(eval|Function|require)$/, where: /^never$/, hint: "load code by import only" },
  { what: /^process\.binding$|^process as a value$|^globalThis as a value$/, where: /^never$/, hint: "name the member you need" },
];

/** Files that may load a module by a name that is known when they run: a library that is the owner's to install, in a process of its own. */
export const COMPUTED_IMPORTS: readonly string[] = ["src/channels/whatsapp/linked/child/library.ts"];

/** Time and chance: banned in deterministic rooms. */
export const TIME_AND_CHANCE: readonly { readonly what: RegExp; readonly hint: string }[] = [
  { what: /^(Date\.now|new Date\(\)|Date as a value)$/, hint: "take the time from Clock.now()" },
  { what: /^performance$/, hint: "take durations from Clock.monotonic()" },
  { what: /^(set|clear)(Timeout|Interval|Immediate)$/, hint: "use Clock.timer or sleep(clock, ms)" },
  { what: /^AbortSignal\.timeout$/, hint: "abort a controller from Clock.timer" },
  { what: /^(Math\.random|Math as a value|crypto)$/, hint: "take chance and ids from Random" },
  { what: /^process\./, hint: "hand the value in" },
  { what: /^fetch$/, hint: "use the Http port" },
  { what: /^(WeakRef|FinalizationRegistry)$/, hint: "nothing may hang on the garbage collector" },
];

export const FORBIDDEN_NAMES: readonly string[] = ["utils", "util", "helpers", "helper", "common", "manager", "service", "types", "misc"];

/** The page knows the client and what draws it. */
export const UI_OUTSIDE: readonly string[] = ["preact", "@preact/signals", "marked", "uqr"];
