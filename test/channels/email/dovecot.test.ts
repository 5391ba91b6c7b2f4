import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { SendTarget } from "../../../src/core/channel.ts";
import { textMessage } from "../../../src/core/message.ts";
import { Secret } from "../../../src/core/secret.ts";
import type { Update } from "../../../src/core/update.ts";
import { readMail } from "../../fakes/smtp-server.ts";
import { createBench, startMailServer, withBench } from "./harness.ts";

const server = await startMailServer();

const messageOf = (update: Update | undefined) => {
  assert.ok(update?.type === "message");
  return update;
};
const target = (update: Update, nonce = "d1.0"): SendTarget => ({ address: update.address, nonce, signal: new AbortController().signal });

describe("email on Dovecot", () => {
  test("fault-4 a mail is marked seen only after its commit; what is not for us and what is refused stays unread", () =>
    withBench(server, async (bench) => {
      const { intake, user } = bench;
      intake.outcome = (update) => (update.sender.id === "eve@example.org" ? { kind: "refused", reason: "stranger" } : { kind: "duplicate" });
      intake.hold();
      const begun = intake.begun;
      await bench.receive({ body: "hello" });
      await intake.until(() => intake.begun > begun);
      assert.deepEqual(await server.flags(user), [""]);
      intake.release();
      await bench.receive({ body: "offers", head: ["Precedence: bulk"] });
      await bench.receive({ body: "forged", dmarc: false });
      await bench.receive({ body: "let me in", from: "eve@example.org" });
      await bench.receive({ body: "last" });
      await intake.until(() => intake.updates.length === 3);
      await bench.until(() => intake.cursors.at(-1)?.value.endsWith(":5") === true);
      let flags: string[] = [];
      for (let look = 0; look < 200 && flags.join() !== "S,,,,S"; look++) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        flags = await server.flags(user);
      }
      assert.deepEqual(flags, ["S", "", "", "", "S"]);
    }));

  test("an answer goes to the sender alone, in its thread, says that a machine wrote it, and has both forms", () =>
    withBench(server, async (bench) => {
      await bench.receive({ subject: "Tea?", id: "<tea@example.org>", body: "When?", head: ["Reply-To: evil@evil.test", "Cc: bob@example.org"] });
      await bench.intake.until(() => bench.intake.updates.length === 1);
      const update = messageOf(bench.intake.updates[0]);
      assert.deepEqual(update.message.parts, [{ type: "text", text: "Subject: Tea?\n\nWhen?" }]);
      assert.deepEqual([update.address.conversation, update.address.thread, update.direct], ["ann@example.org", "<tea@example.org>", true]);
      const blob = bench.blobs.add(Buffer.from("PDF"), "application/pdf", "tea.pdf");
      const [part] = bench.channel.render({
        parts: [
          { type: "text", text: "At **four** <b>" },
          { type: "media", media: { kind: "document", blob } },
        ],
      });
      const { messageId } = await bench.channel.send(part!, target(update));
      const [sent] = bench.smtp.mails;
      const { head, text } = readMail(sent!);
      assert.deepEqual([sent!.from, sent!.to], [bench.address, ["ann@example.org"]]);
      assert.deepEqual(
        ["subject", "in-reply-to", "references", "auto-submitted", "message-id", "to"].map((name) => head.get(name)),
        ["Re: Tea?", "<tea@example.org>", "<tea@example.org>", "auto-replied", messageId, "ann@example.org"],
      );
      assert.equal(text.trim(), "At four <b>");
      assert.match(sent!.raw, /At <b>four<\/b> &lt;b&gt;/);
      assert.match(sent!.raw, /filename="?tea\.pdf/);
      // The next mail of the thread comes back to the same conversation, whatever its subject.
      await bench.receive({
        subject: "Re: Tea?",
        body: `Good.\n\nOn 2026-01-02 03:04 Clanker wrote:\n> At four`,
        head: [`References: <tea@example.org> ${messageId}`, `In-Reply-To: ${messageId}`],
      });
      await bench.intake.until(() => bench.intake.updates.length === 2);
      const next = messageOf(bench.intake.updates[1]);
      assert.deepEqual(
        [next.address.thread, next.message.parts, next.message.quote?.text],
        ["<tea@example.org>", [{ type: "text", text: "Good." }], "At four"],
      );
      await bench.channel.send(bench.channel.render(textMessage("Fine."))[0]!, target(next, "d2.0"));
      assert.match(readMail(bench.smtp.mails[1]!).head.get("references")!, new RegExp(`^<tea@example.org> ${messageId} <m`));
    }));

  test("after a restart a thread's subject and references are found in the mailbox", async () => {
    const bench = await createBench(server);
    try {
      bench.start();
      await bench.until(() => bench.channel.status().state === "ready");
      await bench.receive({ subject: "Plan", id: "<plan@example.org>", body: "x" });
      await bench.intake.until(() => bench.intake.updates.length === 1);
      const update = bench.intake.updates[0]!;
      await bench.stop();
      // Another process: it remembers nothing.
      const again = await createBench(server, { config: { user: bench.user, address: bench.address }, intake: bench.intake, smtpUser: bench.user });
      try {
        again.start();
        await again.until(() => again.channel.status().state === "ready");
        await again.channel.send(again.channel.render(textMessage("y"))[0]!, target(update));
        const { head } = readMail(again.smtp.mails[0]!);
        assert.deepEqual([head.get("subject"), head.get("references")], ["Re: Plan", "<plan@example.org>"]);
      } finally {
        await again.close();
      }
    } finally {
      await bench.close();
    }
  });

  test("HTML, files and forwarded mails are taken apart; a file is fetched when asked for", () =>
    withBench(server, async (bench) => {
      const body = [
        "--b",
        "Content-Type: multipart/alternative; boundary=a",
        "",
        "--a",
        "Content-Type: text/html; charset=iso-8859-1",
        "Content-Transfer-Encoding: quoted-printable",
        "",
        "<p>Gr=FC=DFe</p>",
        "--a--",
        "--b",
        "Content-Type: image/png; name=cat.png",
        "Content-Disposition: attachment; filename=cat.png",
        "Content-Transfer-Encoding: base64",
        "",
        Buffer.from("PNG bytes").toString("base64"),
        "--b",
        "Content-Type: message/rfc822",
        "",
        "From: boss@example.org",
        "Subject: inner",
        "",
        "/approve",
        "--b--",
      ].join("\n");
      await bench.receive({ subject: "Re: files", head: ["MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=b"], body });
      await bench.intake.until(() => bench.intake.updates.length === 1);
      const { parts } = messageOf(bench.intake.updates[0]).message;
      assert.deepEqual(
        parts.map((part) => (part.type === "media" ? [part.media.kind, part.media.type, part.media.name] : part)),
        [["photo", "image/png", "cat.png"], ["document", "message/rfc822", undefined], { type: "text", text: "Grüße" }],
      );
      const photo = parts[0]!.type === "media" ? parts[0]!.media : undefined;
      const fetched = await bench.channel.fetchMedia!(photo!, new AbortController().signal);
      assert.deepEqual([Buffer.from(fetched.bytes).toString(), fetched.type, fetched.name], ["PNG bytes", "image/png", "cat.png"]);
      for (const ref of ["1:1:2", `${photo!.ref!.split(":")[0]}:99:1`, ""]) {
        await assert.rejects(bench.channel.fetchMedia!({ ...photo!, ref }, new AbortController().signal), { code: "email_no_file", failure: "permanent" });
      }
    }));

  test("fault-47 what came while we were away is read once, also when the mailbox was made anew meanwhile; older mail is not answered", async () => {
    const bench = await createBench(server);
    const texts = () => bench.intake.updates.map((update) => messageOf(update).message.parts[0]).map((part) => (part?.type === "text" ? part.text : ""));
    try {
      await bench.receive({ body: "from before" });
      bench.start();
      await bench.until(() => bench.channel.status().state === "ready");
      await bench.receive({ body: "one" });
      await bench.intake.until(() => bench.intake.updates.length === 1);
      await bench.stop();
      await bench.receive({ body: "two" });
      bench.start();
      await bench.intake.until(() => bench.intake.updates.length === 2);
      await bench.stop();
      await server.renumber(bench.user);
      await bench.receive({ body: "three" });
      bench.start();
      await bench.intake.until(() => texts().includes("three"));
      // Its mail of the last days is looked through again, and the keys know what was taken.
      assert.deepEqual(
        texts().filter((text) => text !== "from before"),
        ["one", "two", "three"],
      );
    } finally {
      await bench.close();
    }
  });

  test("fault-43 a connection that falls silent is noticed, said so, and made anew", () =>
    withBench(server, async (bench) => {
      bench.imapWire.mode = "stall";
      await bench.until(() => bench.channel.status().state === "degraded");
      assert.equal(bench.channel.status().code, "email_unreachable");
      bench.imapWire.cut();
      bench.imapWire.mode = "pass";
      await bench.until(() => bench.channel.status().state === "ready");
      await bench.receive({ body: "there?" });
      await bench.intake.until(() => bench.intake.updates.length === 1);
    }));

  test("fault-48 a quiet mailbox is asked on one connection, and the last answer is shown", () =>
    withBench(server, async (bench) => {
      const { lastAliveAt } = bench.channel.status();
      let logins = 0;
      bench.imapWire.onSent = (chunk) => void (/ (LOGIN|AUTHENTICATE) /i.test(String(chunk)) && (logins += 1));
      // More than two of its questions.
      await bench.until(() => bench.channel.status().lastAliveAt! > lastAliveAt! + 700);
      assert.equal(logins, 0);
      assert.equal(bench.channel.status().state, "ready");
    }));

  test("fault-50 a connection that is cut again and again comes back, and mail of that time is read once", () =>
    withBench(server, async (bench) => {
      for (let round = 1; round <= 3; round += 1) {
        bench.imapWire.mode = "refuse";
        bench.imapWire.cut();
        await bench.until(() => bench.channel.status().state === "degraded");
        await bench.receive({ body: `round ${round}` });
        bench.imapWire.mode = "pass";
        await bench.intake.until(() => bench.intake.updates.length === round);
        await bench.until(() => bench.channel.status().state === "ready");
      }
      assert.equal(new Set(bench.intake.updates.map(({ key }) => key)).size, 3);
    }));

  test("fault-22 fault-23 fault-24 what the submission server says is told apart: later, never, or nobody knows", () =>
    withBench(server, async (bench) => {
      const address = { channel: "email", account: "default", conversation: "ann@example.org" };
      const send = () => bench.channel.send(bench.channel.render(textMessage("News\nmore"))[0]!, { address, nonce: "n", signal: new AbortController().signal });
      bench.smtp.failNext({ rcpt: "451 later" });
      await assert.rejects(send(), { code: "email_try_later", failure: "retry", retryAfterMs: 60_000 });
      bench.smtp.failNext({ rcpt: "550 never" });
      await assert.rejects(send(), { code: "email_refused", failure: "permanent" });
      bench.smtp.failNext("lost");
      await assert.rejects(send(), { code: "email_unreachable", failure: "unknown" });
      bench.smtpWire.mode = "refuse";
      await assert.rejects(send(), { code: "email_unreachable", failure: "retry" });
      bench.smtpWire.mode = "pass";
      await send();
      const { head } = readMail(bench.smtp.mails.at(-1)!);
      assert.deepEqual([head.get("subject"), head.get("auto-submitted"), head.get("in-reply-to")], ["News", "auto-generated", undefined]);
      await assert.rejects(
        bench.channel.send(bench.channel.render(textMessage("x"))[0]!, {
          address: { ...address, conversation: "a@b.test, c@d.test" },
          nonce: "n",
          signal: new AbortController().signal,
        }),
        { code: "email_refused" },
      );
      const big = bench.blobs.add(new Uint8Array(18_500_000), "application/zip");
      const [part] = bench.channel.render({ parts: [{ type: "media", media: { kind: "document", blob: big } }] });
      await assert.rejects(bench.channel.send(part!, { address, nonce: "n", signal: new AbortController().signal }), { code: "email_file_too_big" });
    }));

  test("fault-25 while the submission server is away nothing is lost: the account says so, and what waited goes out when it is back", () =>
    withBench(server, async (bench) => {
      const address = { channel: "email", account: "default", conversation: "ann@example.org" };
      const send = () => bench.channel.send(bench.channel.render(textMessage("Held"))[0]!, { address, nonce: "n", signal: AbortSignal.timeout(10_000) });
      bench.smtpWire.mode = "refuse";
      await assert.rejects(send(), { code: "email_unreachable", failure: "retry" });
      // The mailbox is made anew only when it fails itself; then both servers have to answer.
      bench.imapWire.cut();
      await bench.until(() => bench.channel.status().state === "degraded");
      assert.match(bench.channel.status().detail ?? "", /SMTP|IMAP/);
      bench.smtpWire.mode = "pass";
      await bench.until(() => bench.channel.status().state === "ready");
      await send();
      assert.equal(bench.smtp.mails.length, 1);
    }));

  test("fault-48 a quiet mailbox is asked again and again over the one connection", () =>
    withBench(server, async (bench) => {
      let sent = "";
      bench.imapWire.onSent = (chunk) => void (sent += String(chunk));
      await bench.until(() => (sent.match(/ NOOP\r\n/g) ?? []).length >= 3);
      assert.doesNotMatch(sent, /LOGIN|AUTHENTICATE/);
      assert.equal(bench.channel.status().state, "ready");
      assert.ok(bench.channel.status().lastAliveAt! > 0);
    }));

  test("fault-50 after an outage of the mail server everything that came meanwhile is taken in, once and in order", () =>
    withBench(server, async (bench) => {
      bench.imapWire.mode = "refuse";
      bench.imapWire.cut();
      await bench.until(() => bench.channel.status().state === "degraded");
      for (const body of ["one", "two", "three"]) await bench.receive({ body });
      for (let cut = 0; cut < 3; cut += 1) bench.imapWire.cut();
      bench.imapWire.mode = "pass";
      await bench.intake.until(() => bench.intake.updates.length === 3);
      await bench.until(() => bench.channel.status().state === "ready");
      assert.deepEqual(
        bench.intake.updates.map((update) => (update.type === "message" && update.message.parts[0]?.type === "text" ? update.message.parts[0].text : "")),
        ["one", "two", "three"],
      );
    }));

  test("a wrong password makes the account failed, with advice", async () => {
    const bench = await createBench(server, { config: { password: new Secret("wrong", "not it") } });
    try {
      bench.start();
      await bench.until(() => bench.channel.status().state === "failed");
      assert.equal(bench.channel.status().code, "email_login_refused");
      assert.match(bench.channel.status().detail ?? "", /app password/);
    } finally {
      await bench.close();
    }
  });

  test("sec-30 with accept_unverified a forged sender is nobody's identity", () =>
    withBench(
      server,
      async (bench) => {
        await bench.receive({ body: "I am Ann", dmarc: " dmarc=fail header.from=example.org" });
        await bench.receive({ body: "so am I", from: "Ann <ann@example.org>, Eve <eve@evil.test>" });
        await bench.receive({ body: "I am" });
        await bench.intake.until(() => bench.intake.updates.length === 2);
        assert.deepEqual(
          bench.intake.updates.map((update) => update.sender.id),
          ["unverified:ann@example.org", "ann@example.org"],
        );
      },
      { config: { accept_unverified: true } },
    ));
});
