import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import type { SendTarget } from "../../../src/core/channel.ts";
import { textMessage } from "../../../src/core/message.ts";
import { connectPeer, type IrcPeer, startNgircd } from "../../fakes/ngircd.ts";
import { createTestAuthority } from "../../fakes/test-authority.ts";
import { type Bench, createBench, PASSWORD, withBench } from "./harness.ts";

const server = await startNgircd({ password: PASSWORD });
after(() => server.close());

const to = (conversation: string): SendTarget => ({
  address: { channel: "irc", account: "default", conversation },
  nonce: "n",
  signal: new AbortController().signal,
});

async function inGarden(nick: string, body: (bench: Bench, peer: IrcPeer) => Promise<void>): Promise<void> {
  await withBench(
    server.port,
    async (bench) => {
      const peer = await connectPeer(server.port, `${nick}ann`, PASSWORD);
      try {
        peer.send(`JOIN #${nick}`);
        await peer.until(() => peer.lines.some((line) => line.includes(" 366 ")));
        await body(bench, peer);
      } finally {
        await peer.close();
      }
    },
    { config: { nick, channels: [`#${nick}`] } },
  );
}

describe("irc on ngircd", () => {
  test("in a channel only what names the nick is said to us; notices and CTCP are never answered, /me is heard", () =>
    inGarden("gate", async (bench, peer) => {
      for (const line of [
        "PRIVMSG #gate :nobody in particular",
        "NOTICE #gate :gate: a machine speaks",
        "PRIVMSG gate :\u0001VERSION\u0001",
        "PRIVMSG #GATE :GATE: what \u0002time\u000f is it?",
        "PRIVMSG #gate :ask gate, it knows",
        "PRIVMSG #gate :the gateway is not meant",
        "PRIVMSG gate :\u0001ACTION waves\u0001",
      ])
        peer.send(line);
      await bench.intake.until(() => bench.intake.updates.length === 5);
      const heard = bench.intake.updates.map((update) => update.type === "message" && [update.direct, update.addressed, update.message.parts[0]]);
      assert.deepEqual(heard, [
        [false, false, { type: "text", text: "nobody in particular" }],
        [false, true, { type: "text", text: "what time is it?" }],
        [false, true, { type: "text", text: "ask gate, it knows" }],
        [false, false, { type: "text", text: "the gateway is not meant" }],
        [true, true, { type: "text", text: "* gateann waves" }],
      ]);
      assert.equal(bench.intake.updates[1]!.address.conversation, "#gate");
      assert.ok(!peer.lines.some((line) => line.includes("NOTICE gateann")));
    }));

  test("long words and many bytes arrive whole, each line within 512 bytes, no character cut", () =>
    inGarden("bytes", async (bench, peer) => {
      const text = `${"Füße 👩‍👩‍👧‍👦 ".repeat(60)}\n\n${"x".repeat(1_500)}`;
      const parts = bench.channel.render(textMessage(text));
      for (const part of parts) await bench.channel.send(part, to("#bytes"));
      await peer.until(() => peer.said.length >= parts.length);
      // The server takes blanks away at a line's end.
      assert.equal(
        peer.said
          .map(([, , line]) => line)
          .join("")
          .replaceAll(" ", ""),
        text.replaceAll(/\s/g, ""),
      );
      for (const line of peer.lines) assert.ok(Buffer.byteLength(line) <= 510 && !line.includes("\ufffd"));
    }));

  test("markup becomes formatting codes, links show their target, and nothing in a text can be a second line", () =>
    inGarden("marks", async (bench, peer) => {
      const [part] = bench.channel.render(textMessage("**bold** `code` [here](https://a.example/x)"));
      await bench.channel.send(part!, to("#marks"));
      await bench.channel.send({ text: "", payload: { line: "a\r\nQUIT :gone\0" } }, to("#marks"));
      await peer.until(() => peer.said.length === 2);
      assert.deepEqual(
        peer.said.map(([, , line]) => line),
        ["\u0002bold\u0002 \u0011code\u0011 here (https://a.example/x)", "a QUIT :gone"],
      );
    }));

  test("fault-24 a line whose confirmation is lost is unknown: nobody says it twice", () =>
    inGarden("lost", async (bench, peer) => {
      bench.wire.mode = "deaf";
      const sending = bench.channel.send(bench.channel.render(textMessage("once"))[0]!, to("#lost"));
      await peer.until(() => peer.said.length === 1);
      bench.wire.mode = "refuse";
      await assert.rejects(sending, { code: "irc_unconfirmed", failure: "unknown" });
    }));

  test("what the server refuses is refused for good, with a hint", () =>
    inGarden("deny", async (bench) => {
      const [part] = bench.channel.render(textMessage("hi"));
      await assert.rejects(bench.channel.send(part!, to("#nowhere")), { code: "irc_refused", failure: "permanent" });
      await assert.rejects(bench.channel.send(part!, to("#a b")), { code: "irc_refused", failure: "permanent" });
      await assert.rejects(bench.channel.send(part!, to("mask:nobody!n@n")), { code: "irc_not_there", failure: "permanent" });
    }));

  test("fault-43 a server that falls silent is noticed, said so, and connected to anew when it answers again", () =>
    inGarden("still", async (bench, peer) => {
      bench.wire.mode = "stall";
      await bench.until(() => bench.channel.status().code === "irc_silent" || bench.channel.status().code === "irc_lost");
      assert.equal(bench.channel.status().state, "degraded");
      await assert.rejects(bench.channel.send(bench.channel.render(textMessage("x"))[0]!, to("#still")), { code: "irc_offline", failure: "retry" });
      bench.wire.cut();
      bench.wire.mode = "pass";
      await bench.until(() => bench.channel.status().state === "ready");
      await peer.until(() => peer.lines.filter((line) => /JOIN :?#still/.test(line)).length >= 2);
      peer.send("PRIVMSG #still :still: there?");
      await bench.intake.until(() => bench.intake.updates.some((update) => update.type === "message" && update.addressed));
    }));

  test("TLS: a certificate that nobody has signed is refused, unless its fingerprint is the one in the config", async () => {
    const config = { nick: "secure", tls: true };
    const strict = await createBench(server.tlsPort, { config });
    try {
      strict.start();
      await strict.until(() => strict.channel.status().state === "degraded");
      assert.equal(strict.channel.status().code, "irc_unreachable");
    } finally {
      await strict.close();
    }
    await withBench(server.tlsPort, async (bench) => assert.equal(bench.channel.status().state, "ready"), {
      config: { ...config, tls_fingerprint: server.fingerprint },
    });
    const wrong = await createBench(server.tlsPort, { config: { ...config, tls_fingerprint: "00".repeat(32) } });
    try {
      wrong.start();
      await wrong.until(() => wrong.channel.status().state === "degraded");
      assert.match(wrong.channel.status().detail ?? "", /not the one named/);
    } finally {
      await wrong.close();
    }
  });

  test("TLS: a certificate is believed when an authority of this machine has signed it for the very name that was asked for", async () => {
    const authority = createTestAuthority();
    const signed = await startNgircd({ password: PASSWORD, certificate: authority.certificate });
    const known = getCACertificates("default");
    setDefaultCACertificates([...known, authority.ca]);
    try {
      await withBench(signed.tlsPort, async (bench) => assert.equal(bench.channel.status().state, "ready"), {
        config: { tls: true, server: "localhost", nick: "signed" },
      });
      const other = await createBench(signed.tlsPort, { config: { tls: true, server: "127.0.0.1", nick: "other" } });
      try {
        other.start();
        await other.until(() => other.channel.status().state === "degraded");
        assert.equal(other.channel.status().code, "irc_unreachable");
        assert.match(other.channel.status().detail ?? "", /ERR_TLS_CERT/);
      } finally {
        await other.close();
      }
    } finally {
      setDefaultCACertificates(known);
      await signed.close();
      authority.close();
    }
  });

  test("a wrong server password makes the account failed", async () => {
    const bench = await createBench(server.port, { config: { server_password: undefined, nick: "nopass" } });
    try {
      bench.start();
      await bench.until(() => bench.channel.status().state === "failed");
      assert.equal(bench.channel.status().code, "irc_login_refused");
    } finally {
      await bench.close();
    }
  });
});
