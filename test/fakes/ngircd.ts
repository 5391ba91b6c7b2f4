/** A real IRC server (ngIRCd, Debian package ngircd) on loopback, and people on it. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts, untilListening } from "./real-server.ts";
import { waitFor } from "./wait-for.ts";

const PROGRAM = ["/usr/sbin/ngircd", "/usr/local/sbin/ngircd"].find((path) => existsSync(path));

export interface Ngircd {
  readonly port: number;
  /** Answers in TLS with a certificate that nobody has signed. */
  readonly tlsPort: number;
  /** SHA-256 of that certificate. */
  readonly fingerprint: string;
  close(): Promise<void>;
}

/**
 * @param options.certificate files of one that an authority has signed; else one that nobody has.
 * @throws when the package is missing: scripts/install-test-tools.sh installs it.
 */
export async function startNgircd(
  options: { readonly password?: string; readonly certificate?: { readonly cert: string; readonly key: string } } = {},
): Promise<Ngircd> {
  if (PROGRAM === undefined) throw new Error("ngircd is missing: run scripts/install-test-tools.sh");
  const folder = await mkdtemp(join(tmpdir(), "ngircd-"));
  const [port, tlsPort] = (await freePorts(2)) as [number, number];
  const { key, cert } = options.certificate ?? { key: join(folder, "key.pem"), cert: join(folder, "cert.pem") };
  if (options.certificate === undefined)
    execFileSync(
      "openssl",
      [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-subj",
        "/CN=irc.test",
        "-days",
        "2",
        "-keyout",
        key,
        "-out",
        cert,
      ],
      { stdio: "ignore" },
    );
  const fingerprint = execFileSync("openssl", ["x509", "-in", cert, "-noout", "-fingerprint", "-sha256"], { encoding: "utf8" }).split("=")[1]!.trim();
  const config = join(folder, "ngircd.conf");
  await writeFile(
    config,
    `[Global]
Name = irc.test
Info = a test
AdminInfo1 = test
Listen = 127.0.0.1
Ports = ${port}
${options.password === undefined ? "" : `Password = ${options.password}`}
ServerUID = ${process.getuid!()}
ServerGID = ${process.getgid!()}
MotdPhrase = hello
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxNickLength = 30
MaxPenaltyTime = 0
PingTimeout = 30
PongTimeout = 20
[Options]
DNS = no
Ident = no
PAM = no
SyslogFacility = local1
[SSL]
CertFile = ${cert}
KeyFile = ${key}
Ports = ${tlsPort}
`,
  );
  const child = spawn(PROGRAM, ["-n", "-f", config], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
  try {
    await untilListening(port, child);
  } catch (error) {
    throw new Error(`ngircd did not start: ${output}`, { cause: error });
  }
  return {
    port,
    tlsPort,
    fingerprint,
    async close() {
      if (child.exitCode === null && child.signalCode === null) {
        const gone = once(child, "exit");
        child.kill("SIGKILL");
        await gone;
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A person with a plain client. */
export interface IrcPeer {
  readonly nick: string;
  /** Raw lines from the server. */
  readonly lines: string[];
  /** What somebody said, as `[from, where, text]`. */
  readonly said: [string, string, string][];
  send(line: string): void;
  /** Resolves as soon as the condition holds. */
  until(condition: () => boolean): Promise<void>;
  close(): Promise<void>;
}

export async function connectPeer(port: number, nick: string, password?: string): Promise<IrcPeer> {
  const socket: Socket = connect(port, "127.0.0.1");
  const lines: string[] = [];
  const said: IrcPeer["said"] = [];
  const watchers = new Set<() => void>();
  let rest = "";
  socket.setEncoding("utf8");
  socket.on("error", () => {});
  socket.on("data", (chunk) => {
    const parts = (rest + String(chunk)).split("\r\n");
    rest = parts.pop()!;
    for (const line of parts) {
      lines.push(line);
      if (line.startsWith("PING")) socket.write(`PONG${line.slice(4)}\r\n`);
      const words = /^:([^! ]+)\S* PRIVMSG (\S+) :(.*)$/s.exec(line);
      if (words !== null) said.push([words[1]!, words[2]!, words[3]!]);
    }
    watchers.forEach((watch) => watch());
  });
  const peer: IrcPeer = {
    nick,
    lines,
    said,
    send: (line) => void socket.write(`${line}\r\n`),
    until: (condition) => waitFor(watchers, condition),
    async close() {
      if (socket.destroyed) return;
      const gone = once(socket, "close");
      socket.destroy();
      await gone;
    },
  };
  peer.send(`${password === undefined ? "" : `PASS ${password}\r\n`}NICK ${nick}\r\nUSER ${nick} 0 * :${nick}`);
  await peer.until(() => lines.some((line) => / (376|422) /.test(line)));
  return peer;
}
