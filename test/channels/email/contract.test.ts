import { plainMarkdown } from "../../../src/channels/email/index.ts";
import { channelSuite } from "../../contract/channel-suite.ts";
import { readMail } from "../../fakes/smtp-server.ts";
import { createBench, PASSWORD, startMailServer } from "./harness.ts";

const server = await startMailServer();

channelSuite("email on Dovecot", async (intake) => {
  const bench = await createBench(server, { intake });
  const { smtp, channel, imapWire, smtpWire } = bench;
  let last: Promise<void> = Promise.resolve();
  // The first mail of all has to come after the first start: what was there before is old.
  const whenBegun = (run: () => Promise<void>) => {
    last = last.then(() => bench.until(() => intake.cursors.length > 0)).then(run, () => {});
  };
  return {
    channel,
    address: { channel: "email", account: "default", conversation: "ann@example.org", thread: "<root@example.org>" },
    canary: PASSWORD,
    logs: bench.logs,
    plain: plainMarkdown,
    say: (text) => whenBegun(() => bench.receive({ body: text, head: ["References: <root@example.org>"] })),
    sayUnknown: () => whenBegun(() => bench.receive({ body: "offers!", head: ["List-Id: <offers.example.org>"] })),
    // The position on record is the last mail that is not read again.
    acknowledged: () => Number(intake.cursors.at(-1)?.value.split(":")[1] ?? 0),
    posted: () => smtp.mails.map((mail) => readMail(mail).text.trim()),
    failNextSend(failure) {
      if (failure === "retry") smtp.failNext({ rcpt: "451 4.7.1 greylisted, try again later" });
      if (failure === "permanent") smtp.failNext({ rcpt: "550 5.1.1 no such user" });
      if (failure === "unknown") smtp.failNext("lost");
    },
    breakConnection(broken) {
      imapWire.mode = broken ? "refuse" : "pass";
      smtpWire.mode = broken ? "refuse" : "pass";
    },
    until: bench.until,
    async close() {
      await bench.close();
      await last;
    },
  };
});
