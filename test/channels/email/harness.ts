import { after } from "node:test";
import { createEmail, type EmailAccountConfig, type EmailTiming } from "../../../src/channels/email/index.ts";
import { Secret } from "../../../src/core/secret.ts";
import { type Dovecot, startDovecot } from "../../fakes/dovecot.ts";
import { type FakeSmtp, startFakeSmtp } from "../../fakes/smtp-server.ts";
import { waitFor } from "../../fakes/wait-for.ts";
import { type FaultProxy, startFaultProxy } from "../../faults/fault-proxy.ts";
import { type ChannelBench, type ChannelBenchOptions, createChannelBench, runBench } from "../harness.ts";

export const PASSWORD = "canary-email-AbCdEf";

export const FAST: Partial<EmailTiming> = { minBackoffMs: 5, maxBackoffMs: 40, refusedMs: 50, pingMs: 300, answerMs: 5_000 };

/** One server for a whole test file; each bench has a user of its own. */
export async function startMailServer(): Promise<Dovecot> {
  const server = await startDovecot({ password: PASSWORD });
  after(() => server.close());
  return server;
}

export interface Bench extends ChannelBench {
  readonly user: string;
  readonly address: string;
  readonly smtp: FakeSmtp;
  /** The wires to the two servers. */
  readonly imapWire: FaultProxy;
  readonly smtpWire: FaultProxy;
  until(condition: () => boolean): Promise<void>;
  /** A mail falls into the mailbox. */
  receive(mail: MailOptions): Promise<void>;
}

export interface MailOptions {
  readonly from?: string;
  readonly subject?: string;
  readonly id?: string;
  /** Further head fields, whole lines. */
  readonly head?: readonly string[];
  readonly body?: string;
  /** What our server found out about the sender; default: a pass for the From domain. */
  readonly dmarc?: string | false;
}

const users = { count: 0 };

export interface BenchOptions extends ChannelBenchOptions {
  readonly config?: Partial<EmailAccountConfig>;
  /** Who may submit; default: the user of the bench. */
  readonly smtpUser?: string;
}

/** The mail account of a user of Dovecot, with the ports on 127.0.0.1. */
export function accountOf(user: string, imapPort: number, smtpPort: number): EmailAccountConfig {
  return {
    account: "default",
    address: `${user}@clanker.test`,
    display_name: "Clanker",
    user,
    password: new Secret("email", PASSWORD),
    imap_host: "127.0.0.1",
    imap_port: imapPort,
    imap_security: "none",
    smtp_host: "127.0.0.1",
    smtp_port: smtpPort,
    smtp_security: "none",
    folder: "INBOX",
    authserv_id: "mx.clanker.test",
    accept_unverified: false,
  };
}

export async function createBench(dovecot: Dovecot, options: BenchOptions = {}): Promise<Bench> {
  users.count += 1;
  const user = `clanker${users.count}`;
  const address = `${user}@clanker.test`;
  const smtp = await startFakeSmtp({ user: options.smtpUser ?? user, password: PASSWORD });
  const imapWire = await startFaultProxy(dovecot.port, Math.random);
  const smtpWire = await startFaultProxy(smtp.port, Math.random);
  const bench = createChannelBench(options, (deps) => createEmail({ ...accountOf(user, imapWire.port, smtpWire.port), ...options.config }, deps, FAST));
  let mails = 0;
  return {
    ...bench,
    user,
    address,
    smtp,
    imapWire,
    smtpWire,
    until: (condition) => waitFor(new Set(), condition),
    async receive({ from = "Ann <ann@example.org>", subject = "", id, head = [], body = "", dmarc }) {
      mails += 1;
      const domain = /@([^>]+)/.exec(from)?.[1] ?? "";
      const results =
        dmarc === false
          ? []
          : [`Authentication-Results: mx.clanker.test;${dmarc ?? ` spf=pass smtp.mailfrom=${domain}; dmarc=pass (p=reject) header.from=${domain}`}`];
      const fixed = [
        `From: ${from}`,
        `To: ${address}`,
        `Subject: ${subject}`,
        `Message-ID: ${id ?? `<m${mails}@example.org>`}`,
        "Date: Fri, 02 Jan 2026 03:04:05 +0000",
      ];
      const typed = head.some((line) => /^content-type/i.test(line)) ? [] : ["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit"];
      await dovecot.deliver(user, `${[...results, ...fixed, ...head, ...typed].join("\n")}\n\n${body}\n`);
    },
    async close() {
      imapWire.mode = "pass";
      smtpWire.mode = "pass";
      await bench.close();
      await imapWire.close();
      await smtpWire.close();
      await smtp.close();
    },
  };
}

/** Runs `body` with a bench that is ready and closes it whatever happens. */
export function withBench(dovecot: Dovecot, body: (bench: Bench) => Promise<void>, options: BenchOptions = {}): Promise<void> {
  return runBench(createBench(dovecot, options), body);
}
