import assert from "node:assert/strict";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { after, describe, test } from "node:test";
import type { SendTarget } from "../../../src/core/channel.ts";
import { ChannelError, StoreError } from "../../../src/core/errors.ts";
import { textMessage } from "../../../src/core/message.ts";
import { Secret } from "../../../src/core/secret.ts";
import { connectPeer, type Prosody, ROOMS, startProsody, xml, type XmppPeer } from "../../fakes/prosody.ts";
import { createRecordingIntake } from "../recording-intake.ts";
import { type Bench, type BenchOptions, createBench, withBench } from "./harness.ts";

const server = await startProsody();
after(() => server.close());

let count = 0;

const to = (conversation: string, more: Partial<SendTarget> = {}): SendTarget => ({
  address: { channel: "xmpp", account: "default", conversation },
  nonce: `n${++count}`,
  signal: new AbortController().signal,
  ...more,
});

async function withPeer(body: (bench: Bench, peer: XmppPeer) => Promise<void>, options: BenchOptions = {}, on: Prosody = server): Promise<void> {
  const person = `bea${++count}`;
  await on.addUser(person);
  const peer = await connectPeer(on, person);
  try {
    await withBench(on, (bench) => body(bench, peer), { name: `bot${count}`, ...options });
  } finally {
    await peer.close();
  }
}

const words = (bench: Bench) => bench.intake.updates.map((update) => ("message" in update ? (update.message.parts[0] as { text?: string }).text : update.type));
const send = (bench: Bench, conversation: string, text: string, more: Partial<SendTarget> = {}) =>
  bench.channel.send(bench.channel.render(textMessage(text))[0]!, to(conversation, more));

describe("xmpp: the connection", () => {
  test("STARTTLS and TLS from the first byte: the certificate named in the config is taken, another is not", async () => {
    const strict = await startProsody({ requireTls: true });
    try {
      const { fingerprint } = strict;
      await withBench(strict, async () => {}, { name: "a", config: { security: "starttls", tls_fingerprint: fingerprint } });
      await withBench(strict, async () => {}, { name: "b", port: strict.tlsPort, config: { security: "tls", tls_fingerprint: fingerprint } });
      for (const config of [{ security: "starttls", tls_fingerprint: "00".repeat(32) }, { security: "starttls" }] as const) {
        const bench = await createBench(strict, { name: "c", config });
        bench.start();
        await bench.until(() => bench.channel.status().state === "degraded");
        assert.equal(bench.channel.status().code, "xmpp_unreachable");
        assert.equal(bench.channel.status().lastAliveAt, undefined);
        await bench.close();
      }
    } finally {
      await strict.close();
    }
  });

  test("a certificate that an authority of this machine has signed is taken for the domain, whatever the host is called", async () => {
    const before = getCACertificates("default");
    setDefaultCACertificates([...before, server.certificate]);
    try {
      await withBench(server, async () => {}, { name: "signed", config: { security: "starttls" } });
    } finally {
      setDefaultCACertificates(before);
    }
  });

  test("a server that offers no encryption is not logged in to, and the password does not leave the house", async () => {
    const open = await startProsody({ tls: false });
    const sent: string[] = [];
    const bench = await createBench(open, { config: { security: "starttls" } });
    bench.wire.onSent = (chunk) => void sent.push(String(chunk));
    try {
      bench.start();
      await bench.until(() => bench.channel.status().state === "failed");
      assert.equal(bench.channel.status().code, "xmpp_no_tls");
      assert.ok(sent.every((chunk) => !chunk.includes("<auth")));
    } finally {
      await bench.close();
      await open.close();
    }
  });

  test("a wrong password is told as such, and tried seldom", async () => {
    const bench = await createBench(server, { name: "wrong", config: { password: new Secret("xmpp", "not-this-one") }, timing: { refusedMs: 60_000 } });
    try {
      bench.start();
      await bench.until(() => bench.channel.status().state === "failed");
      assert.equal(bench.channel.status().code, "xmpp_login_refused");
    } finally {
      await bench.close();
    }
  });

  test("fault-45 somebody else under the same resource: said so, and not fought with", async () => {
    const first = await createBench(server, { name: "twin", timing: { refusedMs: 60_000 } });
    const second = await createBench(server, { name: "twin" });
    try {
      first.start();
      await first.until(() => first.channel.status().state === "ready");
      second.start();
      await first.until(() => first.channel.status().code === "xmpp_conflict");
      await second.until(() => second.channel.status().state === "ready");
      assert.equal(first.channel.status().state, "degraded");
    } finally {
      await first.close();
      await second.close();
    }
  });

  test("fault-43 a connection that hangs is noticed by the ping and made anew, and the status tells so meanwhile", () =>
    withPeer(
      async (bench, peer) => {
        bench.wire.mode = "stall";
        await bench.until(() => bench.channel.status().code === "xmpp_silent");
        bench.wire.mode = "pass";
        bench.wire.cut();
        await bench.until(() => bench.channel.status().state === "ready");
        await peer.say(bench.jid, "are you back?");
        await bench.intake.until(() => words(bench).includes("are you back?"));
      },
      { timing: { answerMs: 300, loginMs: 1_000 } },
    ));

  test("fault-50 a slow and lossy wire is no trouble", () =>
    withPeer(async (bench, peer) => {
      bench.wire.delayMs = 60;
      await peer.say(bench.jid, "slowly");
      await bench.intake.until(() => words(bench).includes("slowly"));
      await send(bench, peer.jid, "well");
      assert.equal(bench.channel.status().state, "ready");
    }));
});

describe("xmpp: nothing is lost", () => {
  test("fault-47 what is said while nobody listens comes out of the archive, once, in order, and from then on live", () =>
    withPeer(async (bench, peer) => {
      await peer.say(bench.jid, "before");
      await bench.intake.until(() => bench.intake.updates.length === 1);
      await bench.stop();
      for (const text of ["one", "two", "three"]) await peer.say(bench.jid, text);
      // The server answers in order, so it has them.
      await peer.ask("get", xml("ping", { xmlns: "urn:xmpp:ping" }));
      bench.start();
      await bench.intake.until(() => bench.intake.updates.length === 4);
      await peer.say(bench.jid, "live");
      await bench.intake.until(() => bench.intake.updates.length === 5);
      assert.deepEqual(words(bench), ["before", "one", "two", "three", "live"]);
      assert.equal(bench.intake.cursors.at(-1)!.name, "archive");
    }));

  test("fault-4 without an archive, what was not stored is not acknowledged: the server hands it out again at the next login", async () => {
    const forgetful = await startProsody({ archive: false });
    try {
      await withPeer(
        async (bench, peer) => {
          bench.intake.rejectNext(new StoreError("store_full", "no room", { retryAfterMs: 60_000 }), 1);
          await peer.say(bench.jid, "keep me");
          await bench.until(() => bench.channel.status().code === "store_full");
          await bench.stop();
          assert.equal(bench.intake.updates.length, 0);
          bench.start();
          await bench.intake.until(() => words(bench).includes("keep me"));
        },
        {},
        forgetful,
      );
    } finally {
      await forgetful.close();
    }
  });

  test("fault-25 a cut connection is resumed: what was on its way both ways arrives once", () =>
    withPeer(async (bench, peer) => {
      bench.wire.mode = "deaf";
      const sent = send(bench, peer.jid, "said into the cut");
      await peer.until(() => peer.said(bench.jid).length === 1);
      await peer.say(bench.jid, "heard over the cut");
      bench.wire.mode = "pass";
      bench.wire.cut();
      await sent;
      await bench.intake.until(() => words(bench).includes("heard over the cut"));
      await bench.until(() => bench.channel.status().state === "ready");
      assert.deepEqual(peer.said(bench.jid), ["said into the cut"]);
      assert.equal(bench.intake.updates.length, 1);
    }));

  test("fault-51 the server dies and comes back: told truthfully, and what was said meanwhile is read", async () => {
    const mortal = await startProsody();
    try {
      const intake = createRecordingIntake();
      await withPeer(
        async (bench) => {
          await mortal.kill();
          await bench.until(() => bench.channel.status().state === "degraded");
          await assert.rejects(send(bench, "ann@xmpp.test", "hi"), (error: unknown) => error instanceof ChannelError && error.failure === "retry");
          await mortal.start();
          await mortal.addUser("carl");
          const carl = await connectPeer(mortal, "carl");
          await carl.say(bench.jid, "good morning");
          await intake.until(() => intake.updates.length === 1);
          await bench.until(() => bench.channel.status().state === "ready");
          await carl.close();
        },
        { intake },
        mortal,
      );
    } finally {
      await mortal.close();
    }
  });
});

describe("xmpp: people", () => {
  test("replies, corrections, reactions and retractions are what they are, and receipts are for those who were let in", () =>
    withPeer(async (bench, peer) => {
      const { updates } = bench.intake;
      const request = [xml("request", { xmlns: "urn:xmpp:receipts" }), xml("markable", { xmlns: "urn:xmpp:chat-markers:0" })];
      await peer.say(bench.jid, "first", { id: "m1", more: request });
      await bench.intake.until(() => updates.length === 1);
      await peer.until(() => peer.stanzas.some((one) => one.getChild("received")?.attrs["id"] === "m1" && one.getChild("displayed") !== undefined));
      const reply = [
        xml("reply", { xmlns: "urn:xmpp:reply:0", id: "m1", to: bench.jid }),
        xml("fallback", { xmlns: "urn:xmpp:fallback:0", for: "urn:xmpp:reply:0" }, xml("body", { start: "0", end: "8" })),
      ];
      await peer.say(bench.jid, "> first\nand an answer", { id: "m2", more: reply });
      await peer.say(bench.jid, "and a better answer", { id: "m3", more: [xml("replace", { xmlns: "urn:xmpp:message-correct:0", id: "m2" })] });
      const react = (...emoji: string[]) =>
        peer.send(
          xml(
            "message",
            { to: bench.jid, type: "chat", id: crypto.randomUUID() },
            xml("reactions", { xmlns: "urn:xmpp:reactions:0", id: "m1" }, ...emoji.map((one) => xml("reaction", null, one))),
          ),
        );
      await react("👍", "🎉");
      await react("🎉");
      await peer.send(
        xml(
          "message",
          { to: bench.jid, type: "chat", id: "m6" },
          xml("retract", { xmlns: "urn:xmpp:message-retract:1", id: "m1" }),
          xml("body", null, "taken back"),
        ),
      );
      bench.intake.outcome = () => ({ kind: "refused", reason: "stranger" });
      await peer.say(bench.jid, "unwelcome", { id: "m7", more: request });
      await bench.intake.until(() => updates.length === 8);
      assert.deepEqual(
        updates.map((update) => {
          if (update.type === "message" || update.type === "edit")
            return [update.type, update.messageId, update.message.parts[0], update.message.replyTo, update.message.quote?.text];
          if (update.type === "reaction") return [update.type, update.messageId, update.emoji, update.removed];
          return [update.type, "messageId" in update ? update.messageId : ""];
        }),
        [
          ["message", "m1", { type: "text", text: "first" }, undefined, undefined],
          ["message", "m2", { type: "text", text: "and an answer" }, "m1", "first"],
          ["edit", "m2", { type: "text", text: "and a better answer" }, undefined, undefined],
          ["reaction", "m1", "👍", false],
          ["reaction", "m1", "🎉", false],
          ["reaction", "m1", "👍", true],
          ["deletion", "m1"],
          ["message", "m7", { type: "text", text: "unwelcome" }, undefined, undefined],
        ],
      );
      await peer.ask("get", xml("ping", { xmlns: "urn:xmpp:ping" }));
      assert.ok(!peer.stanzas.some((one) => one.getChild("received")?.attrs["id"] === "m7"));
    }));

  test("sec-34 only somebody who may write may see that we are there", () =>
    withPeer(async (bench, peer) => {
      bench.intake.outcome = () => ({ kind: "refused", reason: "stranger" });
      await peer.send(xml("presence", { to: bench.jid, type: "subscribe" }));
      await bench.intake.until(() => bench.intake.updates.length === 1);
      assert.equal(bench.intake.updates[0]!.type, "membership");
      bench.intake.outcome = () => ({ kind: "turn", messageId: "m", turnId: "t", sessionId: "s", sessionKey: "k" });
      const isShown = () => peer.stanzas.some((one) => one.is("presence") && one.attrs["from"] === `${bench.jid}/clanker` && one.attrs["type"] === undefined);
      assert.ok(!isShown());
      await bench.stop();
      bench.start();
      await peer.until(isShown);
    }));

  test("an encrypted message is told as one that cannot be read, not answered as if it were its stand-in", () =>
    withPeer(async (bench, peer) => {
      await peer.say(bench.jid, "I sent you an OMEMO encrypted message", { more: [xml("encrypted", { xmlns: "eu.siacs.conversations.axolotl" })] });
      await bench.intake.until(() => bench.intake.updates.length === 1);
      assert.match(words(bench)[0]!, /OMEMO, which cannot be read/);
    }));
});

describe("xmpp: what the assistant does", () => {
  test("corrections, reactions and retractions name what was sent; typing is shown; an answer names its message", () =>
    withPeer(async (bench, peer) => {
      const { channel } = bench;
      const { messageId } = await send(bench, peer.jid, "a *draft*", { nonce: "p1" });
      assert.equal(messageId, "|p1");
      const target = { address: to(peer.jid).address, messageId, signal: new AbortController().signal };
      await channel.actions!.edit!(target, "the **final** word");
      await peer.until(() => peer.said(bench.jid).includes("the *final* word"));
      assert.deepEqual(peer.said(bench.jid), ["the *final* word"]);
      await channel.actions!.react!({ ...target, messageId: "theirs" }, "👀", true);
      await channel.actions!.react!({ ...target, messageId: "theirs" }, "👍", true);
      await channel.actions!.react!({ ...target, messageId: "theirs" }, "👀", false);
      const reactions = () =>
        peer.stanzas.flatMap((one) => one.getChild("reactions") ?? []).map((one) => one.getChildren("reaction").map((emoji) => emoji.text()));
      await peer.until(() => reactions().length === 3);
      assert.deepEqual(reactions(), [["👀"], ["👀", "👍"], ["👍"]]);
      await channel.typing!(target.address);
      await peer.until(() => peer.stanzas.some((one) => one.getChild("composing") !== undefined));
      await channel.actions!.delete!(target);
      await peer.until(() => peer.said(bench.jid).length === 0);
      await send(bench, peer.jid, "yes", { replyTo: "m9" });
      await peer.until(() => peer.stanzas.some((one) => one.getChild("reply")?.attrs["id"] === "m9"));
      await assert.rejects(send(bench, "nobody@xmpp.test", "hi"), (error: unknown) => error instanceof ChannelError && error.failure === "permanent");
      await assert.rejects(send(bench, 'x@y"><z', "hi"), (error: unknown) => error instanceof ChannelError && error.code === "xmpp_refused");
    }));

  test("files go up to the server and out as an address; what somebody uploads can be fetched, what lies on a private address elsewhere cannot", () =>
    withPeer(async (bench, peer) => {
      const { channel } = bench;
      const blob = bench.blobs.add(new TextEncoder().encode("a small file"), "text/plain", "note.txt");
      const [part] = channel.render({ parts: [{ type: "media", media: { kind: "document", blob, name: "note.txt" } }] });
      await channel.send(part!, to(peer.jid));
      await peer.until(() => peer.said(bench.jid).length === 1);
      const link = peer.said(bench.jid)[0]!;
      assert.match(link, /^http:\/\/127\.0\.0\.1:\d+\/.*note\.txt$/);
      await peer.say(bench.jid, link, { more: [xml("x", { xmlns: "jabber:x:oob" }, xml("url", null, link))] });
      await bench.intake.until(() => bench.intake.updates.length === 1);
      const [update] = bench.intake.updates;
      assert.ok(update?.type === "message");
      assert.deepEqual(update.message.parts, [{ type: "media", media: { kind: "document", ref: link, name: "note.txt" } }]);
      const fetched = await channel.fetchMedia!({ kind: "document", ref: link, name: "note.txt" }, AbortSignal.timeout(10_000));
      assert.equal(new TextDecoder().decode(fetched.bytes), "a small file");
      await assert.rejects(
        channel.fetchMedia!({ kind: "document", ref: "http://127.0.0.1:1/x" }, AbortSignal.timeout(10_000)),
        (error: unknown) => error instanceof ChannelError,
      );
      const huge = bench.blobs.add(new Uint8Array(100_001), "text/plain", "huge.txt");
      const [more] = channel.render({ parts: [{ type: "media", media: { kind: "document", blob: huge } }] });
      await assert.rejects(channel.send(more!, to(peer.jid)), (error: unknown) => error instanceof ChannelError && error.code === "xmpp_file_too_big");
    }));
});

describe("xmpp: failures say what may be done next", () => {
  const failing = (code: string, failure: ChannelError["failure"]) => (error: unknown) => {
    assert.ok(error instanceof ChannelError, String(error));
    assert.deepEqual([error.code, error.failure], [code, failure]);
    return true;
  };

  test("fault-22 not connected is xmpp_offline, an answer that does not come xmpp_unconfirmed", async () => {
    const bench = await createBench(server, { name: "early" });
    await assert.rejects(send(bench, "ann@xmpp.test", "hi"), failing("xmpp_offline", "retry"));
    await bench.close();
    await withPeer(
      async (one, peer) => {
        one.wire.mode = "deaf";
        await assert.rejects(send(one, peer.jid, "hi"), failing("xmpp_unconfirmed", "unknown"));
      },
      { timing: { answerMs: 200, pingMs: 60_000 } },
    );
  });

  test("fault-24 what can never be done is told so: a file where there is no upload, a file that is gone, a correction by a file, a text that is too long", () =>
    withPeer(async (bench, peer) => {
      const { channel } = bench;
      const signal = AbortSignal.timeout(10_000);
      const media = { kind: "document", blob: bench.blobs.add(new Uint8Array(3), "text/plain", "a.txt") } as const;
      const [file] = channel.render({ parts: [{ type: "media", media }] });
      const target = { address: to(peer.jid).address, messageId: "|m1", signal };
      await assert.rejects(channel.actions!.delete!({ ...target, messageId: "theirs" }), failing("xmpp_not_ours", "permanent"));
      await assert.rejects(channel.edit!({ messageId: "|m1" }, file!, to(peer.jid)), failing("xmpp_not_editable", "permanent"));
      await assert.rejects(async () => channel.actions!.edit!(target, "x".repeat(10_000)), failing("xmpp_too_long", "permanent"));
      await assert.rejects(channel.actions!.react!(target, "+1", true), failing("xmpp_no_emoji", "permanent"));
      await assert.rejects(channel.fetchMedia!({ kind: "document", ref: "file:///etc/passwd" }, signal), failing("xmpp_no_file", "permanent"));
      const gone = `http://127.0.0.1:${server.httpPort}/file_share/none/a.txt`;
      await assert.rejects(channel.fetchMedia!({ kind: "document", ref: gone }, signal), failing("xmpp_no_file", "permanent"));
    }));

  test("a place for files that is neither in TLS nor named in the config is not used; a server without one says so", async () => {
    await withPeer(
      async (bench, peer) => {
        const media = { kind: "document", blob: bench.blobs.add(new Uint8Array(3), "text/plain", "a.txt") } as const;
        const [file] = bench.channel.render({ parts: [{ type: "media", media }] });
        await assert.rejects(bench.channel.send(file!, to(peer.jid)), failing("xmpp_upload_refused", "permanent"));
      },
      { config: { upload_origin: undefined } },
    );
    const bare = await startProsody({ files: false });
    try {
      await withPeer(
        async (bench, peer) => {
          const media = { kind: "document", blob: bench.blobs.add(new Uint8Array(3), "text/plain", "a.txt") } as const;
          const [file] = bench.channel.render({ parts: [{ type: "media", media }] });
          await assert.rejects(bench.channel.send(file!, to(peer.jid)), failing("xmpp_no_upload", "permanent"));
        },
        {},
        bare,
      );
    } finally {
      await bare.close();
    }
  });
});

describe("xmpp: rooms", () => {
  const inRoom = async (body: (bench: Bench, peer: XmppPeer, room: string) => Promise<void>, form?: Record<string, string>) => {
    const room = `garden${++count}@${ROOMS}`;
    const person = `dan${count}`;
    await server.addUser(person);
    const peer = await connectPeer(server, person);
    try {
      await peer.join(room);
      if (form !== undefined) {
        const fields = Object.entries(form).map(([name, value]) => xml("field", { var: name }, xml("value", null, value)));
        await peer.ask(
          "set",
          xml("query", { xmlns: "http://jabber.org/protocol/muc#owner" }, xml("x", { xmlns: "jabber:x:data", type: "submit" }, ...fields)),
          room,
        );
      }
      await withBench(server, (bench) => body(bench, peer, room), { name: `bot${count}`, config: { nick: "clanker", rooms: [room] } });
    } finally {
      await peer.close();
    }
  };
  const OPEN = { FORM_TYPE: "http://jabber.org/protocol/muc#roomconfig", "muc#roomconfig_whois": "anyone", "muc#roomconfig_persistentroom": "1" };

  test("who is who: the real address where the room shows it, else the room's id of them, never the nick", async () => {
    for (const [form, sender] of [
      [OPEN, (peer: XmppPeer) => peer.jid],
      [undefined, undefined],
    ] as const) {
      await inRoom(async (bench, peer, room) => {
        await peer.say(room, "clanker: hello", { room: true });
        await bench.intake.until(() => bench.intake.updates.length === 1);
        const { sender: who, direct, address } = bench.intake.updates[0]!;
        if (sender === undefined) assert.match(who.id, new RegExp(`^occupant:${room}/\\S{8,}$`));
        else assert.equal(who.id, sender(peer));
        assert.deepEqual([direct, address.conversation], [false, room]);
        // What somebody writes about themselves into a message is not the room's word.
        const forged = [xml("x", { xmlns: "http://jabber.org/protocol/muc#user" }, xml("item", { jid: "owner@xmpp.test/x" }))];
        await peer.say(room, "clanker: it is me, the owner", { room: true, more: forged });
        await bench.intake.until(() => bench.intake.updates.length === 2);
        assert.equal(bench.intake.updates[1]!.sender.id, who.id);
      }, form);
    }
  });

  test("only what names us is said to us; our own words and words in private from a nick are not", () =>
    inRoom(async (bench, peer, room) => {
      const sent = await send(bench, room, "I am here");
      const mention = xml("reference", { xmlns: "urn:xmpp:reference:0", type: "mention", uri: `xmpp:${bench.jid}`, begin: "0", end: "3" });
      const named = sent.messageId.split("|")[0]!;
      assert.notEqual(named, "");
      for (const [text, more] of [
        ["nobody in particular", []],
        ["Clanker, what time is it?", []],
        ["ask clanker, it knows", []],
        ["the clankers are not meant", []],
        ["you there", [mention]],
        ["and this?", [xml("reply", { xmlns: "urn:xmpp:reply:0", id: named })]],
      ] as const)
        await peer.say(room, text, { room: true, more: [...more] });
      await peer.say(`${room}/clanker`, "psst");
      await peer.say(room, "last", { room: true });
      await bench.intake.until(() => bench.intake.updates.length === 7);
      assert.deepEqual(
        bench.intake.updates.map((update) => update.type === "message" && [update.addressed, (update.message.parts[0] as { text: string }).text]),
        [
          [false, "nobody in particular"],
          [true, "what time is it?"],
          [true, "ask clanker, it knows"],
          [false, "the clankers are not meant"],
          [true, "you there"],
          [true, "and this?"],
          [false, "last"],
        ],
      );
    }, OPEN));

  test("corrections and retractions in a room count only from the author; ours name what the room knows", () =>
    inRoom(async (bench, peer, room) => {
      await peer.say(room, "one", { room: true, id: "r1" });
      await bench.intake.until(() => bench.intake.updates.length === 1);
      const said = bench.intake.updates[0]!;
      assert.ok(said.type === "message");
      await peer.say(room, "uno", { room: true, id: "r2", more: [xml("replace", { xmlns: "urn:xmpp:message-correct:0", id: "r1" })] });
      await bench.intake.until(() => bench.intake.updates.length === 2);
      const edit = bench.intake.updates[1]!;
      assert.deepEqual([edit.type, "messageId" in edit && edit.messageId], ["edit", said.messageId]);
      const sent = await send(bench, room, "mine");
      const target = { address: said.address, messageId: sent.messageId, signal: new AbortController().signal };
      const retract = (id: string) =>
        peer.send(xml("message", { to: room, type: "groupchat", id: `x${id}` }, xml("retract", { xmlns: "urn:xmpp:message-retract:1", id })));
      await retract(sent.messageId.split("|")[0]!);
      await retract(said.messageId);
      await bench.intake.until(() => bench.intake.updates.length === 3);
      assert.deepEqual([bench.intake.updates[2]!.type, bench.intake.updates.length], ["deletion", 3]);
      await bench.channel.edit!(sent, bench.channel.render(textMessage("mine, better"))[0]!, to(room));
      await peer.until(() => peer.said(`${room}/clanker`).includes("mine, better"));
      await bench.channel.actions!.delete!(target);
      await peer.until(() => peer.stanzas.some((one) => one.getChild("retract")?.attrs["id"] === sent.messageId.split("|")[0]));
    }, OPEN));

  test("fault-47 what was said in a room while nobody listened is read from its archive, history that comes by itself is not", () =>
    inRoom(async (bench, peer, room) => {
      await peer.say(room, "clanker: before", { room: true });
      await bench.intake.until(() => bench.intake.updates.length === 1);
      await bench.stop();
      await peer.say(room, "clanker: meanwhile", { room: true });
      await peer.until(() => peer.said(room).includes("clanker: meanwhile"));
      bench.start();
      await bench.intake.until(() => bench.intake.updates.length === 2);
      await peer.say(room, "clanker: after", { room: true });
      await bench.intake.until(() => bench.intake.updates.length === 3);
      assert.deepEqual(words(bench), ["before", "meanwhile", "after"]);
      assert.deepEqual(new Set(bench.intake.updates.map((update) => update.sender.id)), new Set([peer.jid]));
    }, OPEN));

  test("fault-51 thrown out of a room: told truthfully, and back as soon as it is allowed", () =>
    inRoom(async (bench, peer, room) => {
      const admin = (attrs: Record<string, string>) =>
        peer.ask("set", xml("query", { xmlns: "http://jabber.org/protocol/muc#admin" }, xml("item", attrs)), room);
      await admin({ affiliation: "outcast", jid: bench.jid });
      await bench.until(() => bench.channel.status().code === "xmpp_not_in_room");
      await bench.intake.until(() => bench.intake.updates.some((update) => update.type === "membership" && update.change === "left"));
      await assert.rejects(send(bench, room, "hi"), (error: unknown) => error instanceof ChannelError && error.failure === "retry");
      await admin({ affiliation: "none", jid: bench.jid });
      await bench.until(() => bench.channel.status().state === "ready");
      await send(bench, room, "back");
    }, OPEN));

  test("fault-51 an archive that tells nothing does not hold up what is said live", async () => {
    const room = `closed${++count}@${ROOMS}`;
    await server.addUser("finn");
    const peer = await connectPeer(server, "finn");
    await peer.join(room);
    const bench = await createBench(server, { name: `bot${count}`, config: { nick: "clanker", rooms: [room] } });
    try {
      // Its questions to the archives wait, and by then it may not ask the room's any more.
      bench.intake.hold();
      bench.start();
      await bench.until(() => bench.channel.status().state === "ready");
      await peer.ask("set", xml("query", { xmlns: "http://jabber.org/protocol/muc#admin" }, xml("item", { affiliation: "outcast", jid: bench.jid })), room);
      bench.intake.release();
      await peer.say(bench.jid, "directly");
      await bench.intake.until(() => words(bench).includes("directly"));
      await bench.until(() => bench.channel.status().code === "xmpp_not_in_room");
    } finally {
      await bench.close();
      await peer.close();
    }
  });

  test("a nick that somebody has is not fought for", async () => {
    const room = `nick${++count}@${ROOMS}`;
    await server.addUser("clanker");
    const peer = await connectPeer(server, "clanker");
    await peer.join(room);
    await withBench(
      server,
      async (bench) => {
        await peer.say(room, "clanker_: hello", { room: true });
        await bench.intake.until(() => bench.intake.updates.length === 1);
        assert.equal((bench.intake.updates[0] as { addressed?: boolean }).addressed, true);
      },
      { name: `bot${count}`, config: { nick: "clanker", rooms: [room] } },
    );
    await peer.close();
  });
});
