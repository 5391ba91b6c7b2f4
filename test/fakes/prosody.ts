/** A real XMPP server (Prosody, Debian package prosody) on loopback, with rooms, archives and file upload, and people on it. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { client, type Client, type Element, xml } from "@xmpp/client";
import { freePorts, untilListening } from "./real-server.ts";
import { waitFor } from "./wait-for.ts";

const PROGRAM = ["/usr/bin/prosody", "/usr/local/bin/prosody"].find((path) => existsSync(path));

export const DOMAIN = "xmpp.test";
export const ROOMS = "rooms.xmpp.test";

export interface Prosody {
  readonly port: number;
  readonly tlsPort: number;
  readonly httpPort: number;
  /** The certificate of `DOMAIN` in PEM, which nobody but itself has signed, and its SHA-256. */
  readonly certificate: string;
  readonly fingerprint: string;
  /** Makes an account; its password is `secret-NAME`. */
  addUser(name: string): Promise<void>;
  removeUser(name: string): Promise<void>;
  /** Kills it without a word, or starts it again with what it had stored. */
  kill(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface ProsodyOptions {
  /** Without it, what is said while nobody listens is kept as offline messages alone. */
  readonly archive?: boolean;
  /** Whether it wants TLS of everybody. */
  readonly requireTls?: boolean;
  /** Without it, no encryption is offered. */
  readonly tls?: boolean;
  /** Without it, there is no place for files. */
  readonly files?: boolean;
  /** Seconds for which a lost connection may be resumed. */
  readonly hibernation?: number;
}

/** @throws when the package is missing: scripts/install-test-tools.sh installs it. */
export async function startProsody({ archive = true, requireTls = false, tls = true, files = true, hibernation = 60 }: ProsodyOptions = {}): Promise<Prosody> {
  if (PROGRAM === undefined) throw new Error("prosody is missing: run scripts/install-test-tools.sh");
  const folder = await mkdtemp(join(tmpdir(), "prosody-"));
  const [port, tlsPort, httpPort] = (await freePorts(3)) as [number, number, number];
  const [key, cert, config, data] = [join(folder, "key.pem"), join(folder, "cert.pem"), join(folder, "prosody.cfg.lua"), join(folder, "data")];
  await mkdir(data);
  const extensions = ["-addext", `subjectAltName=DNS:${DOMAIN},DNS:${ROOMS}`];
  const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", `/CN=${DOMAIN}`, "-days", "2"];
  execFileSync("openssl", [...request, ...extensions, "-keyout", key, "-out", cert], { stdio: "ignore" });
  const fingerprint = execFileSync("openssl", ["x509", "-in", cert, "-noout", "-fingerprint", "-sha256"], { encoding: "utf8" }).split("=")[1]!.trim();
  await writeFile(
    config,
    `data_path = "${data}"
pidfile = "${folder}/prosody.pid"
run_as_root = true
daemonize = false
interfaces = { "127.0.0.1" }
c2s_ports = { ${port} }
c2s_direct_tls_ports = { ${tlsPort} }
s2s_ports = {}
http_ports = { ${httpPort} }
https_ports = {}
http_interfaces = { "127.0.0.1" }
modules_enabled = { "saslauth", ${tls ? '"tls", ' : ""} "disco", "roster", "presence", "message", "iq", "offline", "c2s", "ping", "smacks", "carbons"${archive ? ', "mam"' : ""} }
modules_disabled = { "s2s", "posix" }
authentication = "internal_plain"
storage = "internal"
c2s_require_encryption = ${requireTls}
allow_unencrypted_plain_auth = true
smacks_hibernation_time = ${hibernation}
default_archive_policy = true
archive_expires_after = "never"
ssl = { key = "${key}"; certificate = "${cert}" }
c2s_direct_tls_ssl = { key = "${key}"; certificate = "${cert}" }
log = { info = "*console" }
VirtualHost "${DOMAIN}"
Component "${ROOMS}" "muc"
  modules_enabled = { ${archive ? '"muc_mam"' : ""} }
  muc_log_by_default = true
  restrict_room_creation = false
  muc_room_default_persistent = true
${
  files
    ? `Component "upload.${DOMAIN}" "http_file_share"
  http_external_url = "http://127.0.0.1:${httpPort}/"
  http_host = "127.0.0.1"
  http_file_share_size_limit = 100000`
    : ""
}
`,
  );
  let child: ChildProcess | undefined;
  let output = "";
  const prosody: Prosody = {
    port,
    tlsPort,
    httpPort,
    certificate: readFileSync(cert, "utf8"),
    fingerprint,
    async addUser(name) {
      const folderOf = join(data, DOMAIN.replaceAll(".", "%2e"), "accounts");
      await mkdir(folderOf, { recursive: true });
      await writeFile(join(folderOf, `${name}.dat`), `return { ["password"] = "secret-${name}"; };\n`);
    },
    removeUser: (name) => rm(join(data, DOMAIN.replaceAll(".", "%2e"), "accounts", `${name}.dat`)),
    async start() {
      child = spawn(PROGRAM, ["-F", "--config", config], { stdio: ["ignore", "pipe", "pipe"] });
      for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (output += String(chunk)));
      try {
        for (const one of [port, tlsPort, ...(files ? [httpPort] : [])]) await untilListening(one, child);
      } catch (error) {
        throw new Error(`prosody did not start: ${output}`, { cause: error });
      }
    },
    async kill() {
      if (child !== undefined && child.exitCode === null && child.signalCode === null) {
        const gone = once(child, "exit");
        child.kill("SIGKILL");
        await gone;
      }
    },
    async close() {
      await prosody.kill();
      if (process.env["PROSODY_LOG"] !== undefined) process.stderr.write(output);
      await rm(folder, { recursive: true, force: true });
    },
  };
  await prosody.start();
  return prosody;
}

/** A person with a client of their own. */
export interface XmppPeer {
  readonly jid: string;
  /** What came in, oldest first. */
  readonly stanzas: Element[];
  /** The bodies of what `from` (a bare address) said, corrections put in, retracted ones out. */
  said(from: string): string[];
  send(stanza: Element): Promise<void>;
  say(to: string, body: string, options?: { readonly id?: string; readonly room?: boolean; readonly more?: Element[] }): Promise<void>;
  join(room: string): Promise<void>;
  ask(type: "get" | "set", child: Element, to?: string): Promise<Element>;
  /** Resolves as soon as the condition holds. */
  until(condition: () => boolean): Promise<void>;
  close(): Promise<void>;
}

export async function connectPeer(prosody: Pick<Prosody, "port">, name: string): Promise<XmppPeer> {
  // Plain: the library counts the rounds of SCRAM on the main thread.
  const plain = (prove: (credentials: object, mechanism: string) => Promise<void>) => prove({ username: name, password: `secret-${name}` }, "PLAIN");
  const options = {
    credentials: plain,
    service: `xmpp://127.0.0.1:${prosody.port}`,
    domain: DOMAIN,
    username: name,
    password: `secret-${name}`,
    resource: "phone",
    timeout: 10_000,
    lang: "en",
  };
  const entity: Client = client(options);
  // The server is spoken to in plain text: its certificate is not for 127.0.0.1, and the library cannot be told of another. By itself it also counts stanzas wrongly (XEP-0198).
  entity.prependListener("element", (element: Element) => {
    if (element.is("features", "http://etherx.jabber.org/streams"))
      element.children = element.getChildElements().filter((one) => !one.is("starttls") && !one.is("sm"));
  });
  entity.on("error", () => {});
  const stanzas: Element[] = [];
  const watchers = new Set<() => void>();
  entity.on("stanza", (stanza: Element) => {
    stanzas.push(stanza);
    watchers.forEach((watch) => watch());
  });
  const peer: XmppPeer = {
    jid: `${name}@${DOMAIN}`,
    stanzas,
    said(from) {
      const said = new Map<string, string>();
      for (const stanza of stanzas) {
        if (!stanza.is("message") || stanza.attrs["type"] === "error" || !(stanza.attrs["from"] ?? "").startsWith(from)) continue;
        const retracted = stanza.getChild("retract", "urn:xmpp:message-retract:1")?.attrs["id"];
        if (retracted !== undefined) {
          for (const other of stanzas) if (other.getChild("stanza-id")?.attrs["id"] === retracted) said.delete(other.attrs["id"] ?? "");
          said.delete(retracted);
          continue;
        }
        const body = stanza.getChildText("body");
        if (body === null) continue;
        said.set(stanza.getChild("replace", "urn:xmpp:message-correct:0")?.attrs["id"] ?? stanza.attrs["id"] ?? "", body);
      }
      return [...said.values()];
    },
    send: (stanza) => entity.send(stanza),
    say: (to, body, { id, room = false, more = [] } = {}) =>
      entity.send(xml("message", { to, type: room ? "groupchat" : "chat", id: id ?? crypto.randomUUID() }, xml("body", null, body), ...more)),
    async join(room) {
      await entity.send(xml("presence", { to: `${room}/${name}` }, xml("x", { xmlns: "http://jabber.org/protocol/muc" })));
      await peer.until(() => stanzas.some((one) => one.is("presence") && one.attrs["from"] === `${room}/${name}`));
      const form = xml("x", { xmlns: "jabber:x:data", type: "submit" });
      // A new room is locked until its maker has said that it may be as it is.
      await entity.iqCaller
        .request(xml("iq", { type: "set", to: room }, xml("query", { xmlns: "http://jabber.org/protocol/muc#owner" }, form)), 10_000)
        .catch(() => {});
    },
    ask: (type, child, to) => entity.iqCaller.request(xml("iq", { type, to }, child), 10_000),
    until: (condition) => waitFor(watchers, condition),
    async close() {
      entity.reconnect.stop();
      await entity.stop().catch(() => {});
    },
  };
  await (entity as unknown as { start(): Promise<unknown> }).start();
  await entity.send(xml("presence"));
  return peer;
}

export { xml };
