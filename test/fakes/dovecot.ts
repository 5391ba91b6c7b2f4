/**
 * A real IMAP server (Dovecot, Debian packages dovecot-imapd and dovecot-submissiond) on loopback, with one mailbox into which mail falls as files; on request with TLS
 * and with its submission server (RFC 6409), which hands on what it takes.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, chown, mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { freePorts, isListening } from "./real-server.ts";

const PROGRAM = "/usr/sbin/dovecot";

export interface Dovecot {
  readonly port: number;
  /** IMAP with TLS from the first byte; 0 without a certificate. */
  readonly tlsPort: number;
  /** Submission with STARTTLS, and with TLS from the first byte; 0 without a relay. */
  readonly submissionPort: number;
  readonly submissionTlsPort: number;
  /** Puts a whole mail (head, blank line, body) into the mailbox of this user. */
  deliver(user: string, mail: string): Promise<void>;
  /** Flags of the mails of a user, as Maildir writes them (`S` is seen), by the order of delivery. */
  flags(user: string): Promise<string[]>;
  /** Makes the mailbox anew with the same mails: all ids change. */
  renumber(user: string): Promise<void>;
  close(): Promise<void>;
}

export interface DovecotOptions {
  readonly password: string;
  /** Files of a certificate and its key: then both servers speak TLS, and take no password without it. */
  readonly certificate?: { readonly cert: string; readonly key: string };
  /** Port of the SMTP server to which mail that was submitted is handed on. */
  readonly relayPort?: number;
}

/** @throws when a package is missing: scripts/install-test-tools.sh installs it. */
export async function startDovecot(options: DovecotOptions): Promise<Dovecot> {
  const { certificate, relayPort } = options;
  if (!existsSync(PROGRAM) || (relayPort !== undefined && !existsSync("/usr/lib/dovecot/submission-login")))
    throw new Error("dovecot is missing: run scripts/install-test-tools.sh");
  // Its sockets have long names, and a socket's path holds 108 bytes at most.
  const folder = await mkdtemp(join(tmpdir(), "dc-"));
  await chmod(folder, 0o755);
  const isRoot = process.getuid!() === 0;
  // Dovecot serves no mail as root.
  const [uid, gid] = isRoot ? [65_534, 65_534] : [process.getuid!(), process.getgid!()];
  const name = userInfo().username;
  const mailFolder = join(folder, "mail");
  await mkdir(mailFolder);
  await chown(mailFolder, uid, gid);
  const ports = (await freePorts(4)) as [number, number, number, number];
  const wanted = [true, certificate !== undefined, relayPort !== undefined, relayPort !== undefined];
  // 0 is none.
  const [port, tlsPort, submissionPort, submissionTlsPort] = ports.map((one, at) => (wanted[at] ? one : 0)) as typeof ports;
  const config = join(folder, "dovecot.conf");
  await writeFile(
    config,
    `base_dir = ${folder}/run
state_dir = ${folder}/run
log_path = ${folder}/log
protocols = imap ${relayPort === undefined ? "" : "submission"}
listen = 127.0.0.1
${certificate === undefined ? "ssl = no" : `ssl = required\nssl_cert = <${certificate.cert}\nssl_key = <${certificate.key}`}
disable_plaintext_auth = ${certificate === undefined ? "no" : "yes"}
mail_location = maildir:${mailFolder}/%n
mail_uid = ${uid}
mail_gid = ${gid}
first_valid_uid = 1
first_valid_gid = 1
auth_failure_delay = 0
mailbox_idle_check_interval = 1 s
mail_max_userip_connections = 100
passdb {
  driver = static
  args = password=${options.password}
}
userdb {
  driver = static
  args = uid=${uid} gid=${gid} home=${mailFolder}/%n
}
service imap-login {
  chroot =
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = ${tlsPort}
    ssl = yes
  }
}
${relayPort === undefined ? "" : submissionConfig({ relayPort, submissionPort, submissionTlsPort })}
service anvil {
  chroot =
}
${isRoot ? "" : `default_internal_user = ${name}\ndefault_internal_group = ${execFileSync("id", ["-gn"], { encoding: "utf8" }).trim()}\ndefault_login_user = ${name}\n`}`,
  );
  const child = spawn(PROGRAM, ["-F", "-c", config], { stdio: ["ignore", "pipe", "pipe"], detached: true });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
  for (let tries = 0; !(await isListening(port)); tries++) {
    if (tries > 200 || child.exitCode !== null) throw new Error(`dovecot did not start: ${output}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  let count = 0;
  const boxes = (user: string) => ["tmp", "new", "cur"].map((box) => join(mailFolder, user, box)) as [string, string, string];
  const ready = async (user: string) => {
    for (const path of [join(mailFolder, user), ...boxes(user)]) {
      if (existsSync(path)) continue;
      await mkdir(path, { recursive: true });
      await chown(path, uid, gid);
    }
    return boxes(user);
  };
  return {
    port,
    tlsPort,
    submissionPort,
    submissionTlsPort,
    async deliver(user, mail) {
      const [tmp, fresh] = await ready(user);
      count += 1;
      // Maildir: written elsewhere, then moved, so that nobody reads half a mail.
      const file = `${1_700_000_000 + count}.M${count}P1.test`;
      await writeFile(join(tmp, file), mail.replace(/\r?\n/g, "\r\n"));
      await chown(join(tmp, file), uid, gid);
      await rename(join(tmp, file), join(fresh, file));
    },
    async flags(user) {
      const [, fresh, cur] = await ready(user);
      const files = [...(await readdir(fresh)), ...(await readdir(cur))].toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
      return files.map((file) => file.split(":2,")[1] ?? "");
    },
    async renumber(user) {
      for (const file of await readdir(join(mailFolder, user))) if (file.startsWith("dovecot")) await rm(join(mailFolder, user, file), { recursive: true });
    },
    async close() {
      if (child.exitCode === null && child.signalCode === null) {
        const gone = once(child, "exit");
        // A graceful end takes seconds; master and workers are one process group.
        process.kill(-child.pid!, "SIGKILL");
        await gone;
      }
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function submissionConfig(ports: { relayPort: number; submissionPort: number; submissionTlsPort: number }): string {
  return `hostname = localhost
submission_relay_host = 127.0.0.1
submission_relay_port = ${ports.relayPort}
service submission-login {
  chroot =
  inet_listener submission {
    port = ${ports.submissionPort}
  }
  inet_listener submissions {
    port = ${ports.submissionTlsPort}
    ssl = yes
  }
}
`;
}
