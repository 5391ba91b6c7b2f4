import { ImapFlow } from "imapflow";
// Loaded before time stands still.
import "nodemailer";
import "nodemailer/lib/mail-composer";
import { createEmail } from "../../../src/channels/email/index.ts";
import { channelFaultSuite } from "../../contract/channel-faults/index.ts";
import { createSeededRandom } from "../../fakes/seeded-random.ts";
import { readMail, startFakeSmtp } from "../../fakes/smtp-server.ts";
import { type FaultProxy, startFaultProxy } from "../../faults/fault-proxy.ts";
import { accountOf, PASSWORD, startMailServer } from "./harness.ts";

const dovecot = await startMailServer();
const users = { count: 0 };

channelFaultSuite("email", async (clock) => {
  users.count += 1;
  const user = `faults${users.count}`;
  const address = `${user}@clanker.test`;
  const smtp = await startFakeSmtp({ user, password: PASSWORD });
  const random = createSeededRandom(1);
  const imapWire = await startFaultProxy(dovecot.port, () => random.number(), clock);
  const smtpWire = await startFaultProxy(smtp.port, () => random.number(), clock);
  const wires = [imapWire, smtpWire];
  let mails = 0;
  /** Mail has come that the adapter has not looked for: Dovecot looks once a second whether to tell who is in IDLE. */
  let untold = false;
  imapWire.onSent = (chunk) => void (untold &&= !/ SEARCH /.test(String(chunk)));
  const isFree = (wire: FaultProxy) => wire.mode === "pass" && wire.delayMs === 0 && wire.loss === 0;
  let rival: ImapFlow | undefined;
  return {
    wires,
    open: (deps) => createEmail(accountOf(user, imapWire.port, smtpWire.port), deps),
    people: (count) => Array.from({ length: count }, (_, index) => `person${index}@example.org`),
    async say(person, text) {
      mails += 1;
      const head = [
        "Authentication-Results: mx.clanker.test; spf=pass smtp.mailfrom=example.org; dmarc=pass (p=reject) header.from=example.org",
        `From: ${person}`,
        `To: ${address}`,
        "Subject: ",
        `Message-ID: <m${mails}@example.org>`,
        // One thread for each person: what they write is one conversation.
        `References: <root-${person}>`,
        "Date: Fri, 02 Jan 2026 03:04:05 +0000",
        "Content-Type: text/plain; charset=utf-8",
      ];
      await dovecot.deliver(user, `${head.join("\n")}\n\n${text}\n`);
      untold = true;
    },
    shown: (person) => smtp.mails.filter(({ to }) => to.includes(person)).map((mail) => readMail(mail).text.trim()),
    tries: (person) => smtp.offered.filter((one) => one === person).length,
    failNext(failure) {
      if (failure === "retry") smtp.failNext({ rcpt: "451 4.7.1 greylisted, try again later" });
      if (failure === "permanent") smtp.failNext({ rcpt: "550 5.1.1 no such user" });
      if (failure === "unknown") smtp.failNext("lost");
    },
    violations: () => [],
    rival: {
      harmless: "several clients may have a mailbox open, and what another one has read we read all the same",
      async set(there) {
        await rival?.logout();
        rival = there ? new ImapFlow({ host: "127.0.0.1", port: dovecot.port, secure: false, auth: { user, pass: PASSWORD }, logger: false }) : undefined;
        await rival?.connect();
        await rival?.mailboxOpen("INBOX");
        rival?.on("exists", () => void rival?.messageFlagsAdd("1:*", ["\\Seen"]).catch(() => {}));
      },
    },
    busy: () => wires.some((wire) => isFree(wire) && (wire.unanswered || (wire === imapWire && untold && wire.standing > 0))),
    connectsPerHour: 20,
    async close() {
      await rival?.logout();
      for (const wire of wires) await wire.close();
      await smtp.close();
    },
  };
});
