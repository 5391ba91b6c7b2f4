import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startDovecot, type Dovecot } from "../fakes/dovecot.ts";
import { connectPeer, startNgircd, type IrcPeer, type Ngircd } from "../fakes/ngircd.ts";
import { readMail, startFakeSmtp, type FakeSmtp } from "../fakes/smtp-server.ts";
import { waitFor } from "../fakes/wait-for.ts";
import { startEchoModel, type EchoModel } from "../faults/echo-model.ts";
import { createGatewayHome, gatewayConfig, type GatewayHome, type RunningGateway } from "../faults/gateway-process.ts";

const PASSWORD = "canary-e2e-password";

describe("the program, a real IRC server and a real mailbox", () => {
  let irc: Ngircd;
  let dovecot: Dovecot;
  let smtp: FakeSmtp;
  let model: EchoModel;
  let home: GatewayHome;
  let gateway: RunningGateway;
  let friend: IrcPeer;
  let stranger: IrcPeer;

  before(async () => {
    irc = await startNgircd();
    dovecot = await startDovecot({ password: PASSWORD });
    smtp = await startFakeSmtp({ user: "clanker", password: PASSWORD });
    model = await startEchoModel({ pace: 2 });
    const config = `[channels.irc]
server = "127.0.0.1"
port = ${irc.port}
tls = false
channels = ["#garden"]
dm_policy = "allowlist"
allowed_users = ["mask:ann!~ann@127.0.0.1"]
[channels.irc.groups]
allowed = ["#garden"]
[channels.email]
address = "clanker@clanker.test"
user = "clanker"
password = "${PASSWORD}"
imap_host = "127.0.0.1"
imap_port = ${dovecot.port}
imap_security = "none"
smtp_host = "127.0.0.1"
smtp_port = ${smtp.port}
smtp_security = "none"
authserv_id = "mx.clanker.test"
owner_ids = ["ann@example.org"]
dm_policy = "allowlist"
`;
    home = createGatewayHome({ config: `${gatewayConfig({ modelUrl: model.url })}${config}` });
    gateway = await home.start();
    friend = await connectPeer(irc.port, "ann");
    stranger = await connectPeer(irc.port, "eve");
    for (const peer of [friend, stranger]) peer.send("JOIN #garden");
    await friend.until(() => friend.lines.some((line) => /353 .*clanker/.test(line) || /:clanker!\S+ JOIN/.test(line)));
  });
  after(async () => {
    const exit = await gateway?.stop();
    await home?.remove();
    await friend?.close();
    await stranger?.close();
    await smtp?.close();
    await dovecot?.close();
    await irc?.close();
    await model?.close();
    assert.deepEqual(exit, { code: 0, signal: null });
  });

  const mail = (from: string, body: string, head: readonly string[] = []) =>
    dovecot.deliver(
      "clanker",
      [
        `Authentication-Results: mx.clanker.test; dmarc=pass header.from=${from.split("@")[1]}`,
        `From: ${from}`,
        "To: clanker@clanker.test",
        "Subject: Hello",
        `Message-ID: <${body.replaceAll(" ", "-")}@example.org>`,
        ...head,
        "",
        body,
      ].join("\n"),
    );

  test("a private line of somebody who is let in is answered; a stranger is told how to be let in, and no model is asked", async () => {
    const asked = model.requests.length;
    stranger.send("PRIVMSG clanker :let me in");
    friend.send("PRIVMSG clanker :good morning");
    await friend.until(() => friend.said.some(([, where, text]) => where === "ann" && text === "re: good morning"));
    assert.equal(model.requests.length, asked + 1);
    await stranger.until(() => stranger.said.some(([, , text]) => text.endsWith("Your id here is mask:eve!~eve@127.0.0.1.")));
  });

  test("in a channel whoever says the nick is answered there", async () => {
    stranger.send("PRIVMSG #garden :lunch is at noon");
    friend.send("PRIVMSG #garden :clanker: when is lunch");
    await stranger.until(() => stranger.said.some(([from, where, text]) => from === "clanker" && where === "#garden" && text === "re: when is lunch"));
  });

  test("a mail is answered in its thread, once; a list is not answered, nor is whoever cannot be proved", async () => {
    // What is there before the first look is old mail.
    const isReady = async () => {
      const { body } = await gateway.call("GET", "/api/channels/status");
      return (body["channels"] as { channel: string; state: string }[]).some(({ channel, state }) => channel === "email" && state === "ready");
    };
    while (!(await isReady())) await new Promise((resolve) => setTimeout(resolve, 50));
    await dovecot.deliver("clanker", "From: ann@example.org\nTo: clanker@clanker.test\nMessage-ID: <forged@example.org>\n\nI am ann");
    await mail("news@example.org", "offers", ["List-Id: <offers>"]);
    await mail("ann@example.org", "what is for dinner");
    await waitFor(new Set(), () => smtp.mails.length > 0);
    assert.equal(smtp.mails.length, 1);
    const { head, text } = readMail(smtp.mails[0]!);
    assert.deepEqual([head.get("to"), head.get("subject"), head.get("in-reply-to")], ["ann@example.org", "Re: Hello", "<what-is-for-dinner@example.org>"]);
    assert.match(text, /^re: /);
  });
});
