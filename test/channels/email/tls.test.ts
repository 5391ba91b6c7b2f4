import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { createEmail, type EmailAccountConfig } from "../../../src/channels/email/index.ts";
import { textMessage } from "../../../src/core/message.ts";
import { Secret } from "../../../src/core/secret.ts";
import { startDovecot } from "../../fakes/dovecot.ts";
import { readMail, startFakeSmtp } from "../../fakes/smtp-server.ts";
import { createTestAuthority } from "../../fakes/test-authority.ts";
import { waitFor } from "../../fakes/wait-for.ts";
import { startFaultProxy } from "../../faults/fault-proxy.ts";
import { createChannelBench } from "../harness.ts";
import { FAST, PASSWORD } from "./harness.ts";

/** What the real submission server hands on. */
const relay = await startFakeSmtp();
after(() => relay.close());
const authority = createTestAuthority();
after(() => authority.close());
const server = await startDovecot({ password: PASSWORD, certificate: authority.certificate, relayPort: relay.port });
after(() => server.close());
const plain = await startDovecot({ password: PASSWORD });
after(() => plain.close());

const known = getCACertificates("default");
const trust = (is: boolean) => setDefaultCACertificates(is ? [...known, authority.ca] : known);

const until = (condition: () => boolean) => waitFor(new Set(), condition);
const users = { count: 0 };

function createBench(config: Partial<EmailAccountConfig>) {
  users.count += 1;
  const user = `secure${users.count}`;
  const bench = createChannelBench({}, (deps) =>
    createEmail(
      {
        account: "default",
        address: `${user}@clanker.test`,
        display_name: "Clanker",
        user,
        password: new Secret("email", PASSWORD),
        imap_host: "localhost",
        imap_port: server.tlsPort,
        imap_security: "tls",
        smtp_host: "localhost",
        smtp_port: server.submissionTlsPort,
        smtp_security: "tls",
        folder: "INBOX",
        authserv_id: "mx.clanker.test",
        accept_unverified: false,
        ...config,
      },
      deps,
      FAST,
    ),
  );
  return { ...bench, user };
}

async function withBench(config: Partial<EmailAccountConfig>, body: (bench: ReturnType<typeof createBench>) => Promise<void>): Promise<void> {
  const bench = createBench(config);
  try {
    bench.start();
    await body(bench);
  } finally {
    await bench.close();
    trust(false);
  }
}

const STARTTLS = { imap_port: server.port, imap_security: "starttls", smtp_port: server.submissionPort, smtp_security: "starttls" } as const;

describe("mail over TLS, with real servers", () => {
  for (const [name, config] of [
    ["from the first byte", {}],
    ["after STARTTLS", STARTTLS],
  ] as const) {
    test(`TLS ${name}: mail comes in over IMAP, and the answer is submitted with a login`, () => {
      trust(true);
      return withBench(config, async (bench) => {
        await until(() => bench.channel.status().state === "ready");
        const head = [
          "Authentication-Results: mx.clanker.test; dmarc=pass header.from=example.org",
          "From: Ann <ann@example.org>",
          "Message-ID: <m1@example.org>",
        ];
        await server.deliver(bench.user, `${head.join("\n")}\nSubject: Hello\n\nIs it safe?\n`);
        await bench.intake.until(() => bench.intake.updates.length === 1);
        const { address } = bench.intake.updates[0]!;
        const sent = relay.mails.length;
        await bench.channel.send(bench.channel.render(textMessage("It is."))[0]!, { address, nonce: "n1", signal: AbortSignal.timeout(10_000) });
        const mail = relay.mails[sent]!;
        assert.deepEqual([mail.from, mail.to, readMail(mail).text.trim()], [`${bench.user}@clanker.test`, ["ann@example.org"], "It is."]);
      });
    });

    test(`TLS ${name}: a certificate of an authority that this machine does not know is refused, and so is one for another name`, async () => {
      await withBench(config, async (bench) => {
        await until(() => bench.channel.status().state === "degraded");
        assert.equal(bench.channel.status().code, "email_certificate_refused");
        assert.equal(bench.channel.status().lastAliveAt, undefined);
      });
      trust(true);
      await withBench({ ...config, imap_host: "127.0.0.1" }, async (bench) => {
        await until(() => bench.channel.status().state === "degraded");
        assert.equal(bench.channel.status().code, "email_certificate_refused");
      });
      trust(true);
      await withBench({ ...config, smtp_host: "127.0.0.1" }, async (bench) => {
        await until(() => bench.channel.status().state === "degraded");
        assert.equal(bench.channel.status().code, "email_certificate_refused");
        const address = { channel: "email", account: "default", conversation: "ann@example.org" };
        await assert.rejects(bench.channel.send(bench.channel.render(textMessage("x"))[0]!, { address, nonce: "n", signal: AbortSignal.timeout(10_000) }), {
          code: "email_certificate_refused",
          failure: "retry",
        });
      });
    });
  }

  test("fault-24 a password that the submission server refuses is told as that", () => {
    trust(true);
    return withBench({ password: new Secret("email", "not it"), imap_port: plain.port, imap_security: "none" }, async (bench) => {
      await until(() => bench.channel.status().state === "failed");
      assert.equal(bench.channel.status().code, "email_login_refused");
      const address = { channel: "email", account: "default", conversation: "ann@example.org" };
      await assert.rejects(bench.channel.send(bench.channel.render(textMessage("x"))[0]!, { address, nonce: "n", signal: AbortSignal.timeout(10_000) }), {
        code: "email_login_refused",
        failure: "permanent",
      });
    });
  });

  test("where STARTTLS is asked for and somebody has taken the offer away, no password goes out", async () => {
    const wire = await startFaultProxy(plain.port, Math.random);
    let sent = "";
    wire.onSent = (chunk) => void (sent += String(chunk));
    const fake = await startFakeSmtp({ user: "x", password: PASSWORD });
    const smtpWire = await startFaultProxy(fake.port, Math.random);
    smtpWire.onSent = (chunk) => void (sent += String(chunk));
    try {
      await withBench({ ...STARTTLS, imap_port: wire.port }, async (bench) => {
        await until(() => bench.channel.status().state === "degraded");
      });
      await withBench({ ...STARTTLS, imap_port: plain.port, imap_security: "none", smtp_port: smtpWire.port }, async (bench) => {
        await until(() => bench.channel.status().state === "degraded");
      });
      assert.ok(sent.length > 0);
      assert.ok(!sent.includes(PASSWORD) && !sent.includes(Buffer.from(`\0x\0${PASSWORD}`).toString("base64")) && !/AUTH|LOGIN \S/.test(sent), sent);
    } finally {
      await wire.close();
      await smtpWire.close();
      await fake.close();
    }
  });
});
