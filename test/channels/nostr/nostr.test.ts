import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { nostrConfig } from "../../../src/channels/nostr/config.ts";
import { ChannelError } from "../../../src/core/errors.ts";
import { HttpFailure, type UntrustedHttp } from "../../../src/core/http.ts";
import { textMessage } from "../../../src/core/message.ts";
import { Secret } from "../../../src/core/secret.ts";
import { v } from "../../../src/lib/schema/index.ts";
import { person } from "../../fakes/nostr/index.ts";
import { type Bench, createBench, target, withBench } from "./harness.ts";

const DAY_S = 24 * 3_600;
const words = (bench: Bench) =>
  bench.intake.updates.map((update) => (update.type === "message" ? (update.message.parts[0] as { text?: string }).text : update.type));
const send = (bench: Bench, npub: string, text: string, more = {}) => bench.channel.send(bench.channel.render(textMessage(text))[0]!, target(npub, more));
const failing = (code: string, failure: ChannelError["failure"]) => (error: unknown) => {
  assert.ok(error instanceof ChannelError, String(error));
  assert.deepEqual([error.code, error.failure], [code, failure]);
  return true;
};

describe("nostr: what people write", () => {
  test("sec-30 the author is whose key has sealed it: what claims to be somebody else's is left, and so are broken wraps", () =>
    withBench(async (bench) => {
      const { ann, me, intake } = bench;
      const [relay] = bench.relays;
      const eve = person();
      relay!.put(eve.wrap("I am Ann", me, { as: ann.pubkey }).event);
      const whole = ann.wrap("broken", me).event;
      relay!.put({ ...whole, content: `${whole.content.slice(0, -4)}AAAA` });
      relay!.put({ ...ann.wrap("another id", me).event, id: "0".repeat(64) });
      relay!.raw("not JSON");
      relay!.notice("be nice");
      const { event, id } = ann.wrap("really Ann", me, {
        tags: [
          ["p", me],
          ["e", "a".repeat(64)],
        ],
      });
      relay!.put(event);
      await intake.until(() => intake.updates.length === 1);
      const [update] = intake.updates;
      assert.ok(update?.type === "message");
      assert.deepEqual(
        [update.key, update.sender.id, update.direct, update.messageId, update.message.replyTo],
        [`msg:${ann.npub}:${id}`, ann.npub, true, id, "a".repeat(64)],
      );
      assert.equal(update.address.conversation, ann.npub);
    }));

  test("the same message from several relays and in several wraps is one; our own copies and rooms of more than two are none", () =>
    withBench(
      async (bench) => {
        const { ann, me, intake, relays } = bench;
        const { event } = ann.wrap("once", me);
        for (const relay of relays) relay.put(event);
        const bob = person();
        relays[0]!.put(
          ann.wrap("to both", me, {
            tags: [
              ["p", me],
              ["p", bob.pubkey],
            ],
          }).event,
        );
        relays[1]!.put(ann.wrap("last", me).event);
        await intake.until(() => words(bench).includes("last"));
        assert.deepEqual(words(bench), ["once", "last"]);
      },
      { relays: 2 },
    ));

  test("reactions name their message; a file is opened with the key that was in the message", async () => {
    const secret = crypto.getRandomValues(new Uint8Array(32));
    const nonce = crypto.getRandomValues(new Uint8Array(12));
    const aes = await crypto.subtle.importKey("raw", secret, "AES-GCM", false, ["encrypt"]);
    const bytes = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce }, aes, new TextEncoder().encode("a picture")));
    const hex = (data: Uint8Array) => Buffer.from(data).toString("hex");
    const files: UntrustedHttp = {
      async getUntrusted({ url }) {
        if (url.includes("away")) throw new HttpFailure("connect", "away", false);
        if (url.includes("private")) throw new HttpFailure("refused", "not public", false);
        return { url, status: url.includes("gone") ? 404 : 200, headers: {}, bytes, cut: url.includes("huge") };
      },
    };
    await withBench(
      async (bench) => {
        const { ann, me, intake, channel } = bench;
        const [relay] = bench.relays;
        const hash = hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
        const tags = (key: string, x = hash) => [
          ["p", me],
          ["file-type", "image/png"],
          ["encryption-algorithm", "aes-gcm"],
          ["decryption-key", key],
          ["decryption-nonce", hex(nonce)],
          ["x", x],
        ];
        relay!.put(ann.wrap("https://files.example.org/a.png", me, { kind: 15, tags: tags(hex(secret)) }).event);
        relay!.put(
          ann.wrap("+", me, {
            kind: 7,
            tags: [
              ["p", me],
              ["e", "b".repeat(64)],
            ],
          }).event,
        );
        await intake.until(() => intake.updates.length === 2);
        const file = intake.updates.find((update) => update.type === "message");
        const reaction = intake.updates.find((update) => update.type === "reaction");
        assert.deepEqual([reaction?.type === "reaction" && reaction.emoji, reaction?.type === "reaction" && reaction.messageId], ["👍", "b".repeat(64)]);
        const [part] = file?.type === "message" ? file.message.parts : [];
        assert.ok(part?.type === "media");
        assert.deepEqual([part.media.kind, part.media.type, part.media.name], ["photo", "image/png", "a.png"]);
        const fetched = await channel.fetchMedia!(part.media, AbortSignal.timeout(5_000));
        assert.equal(new TextDecoder().decode(fetched.bytes), "a picture");
        const ref = JSON.parse(part.media.ref!) as Record<string, string>;
        const fetchWith = (more: object) => channel.fetchMedia!({ ...part.media, ref: JSON.stringify({ ...ref, ...more }) }, AbortSignal.timeout(5_000));
        await assert.rejects(fetchWith({ hash: "0".repeat(64) }), failing("nostr_no_file", "permanent"));
        await assert.rejects(fetchWith({ key: "00".repeat(32) }), failing("nostr_no_file", "permanent"));
        await assert.rejects(fetchWith({ url: "https://x.test/gone" }), failing("nostr_no_file", "permanent"));
        await assert.rejects(fetchWith({ url: "https://private.test/" }), failing("nostr_no_file", "permanent"));
        await assert.rejects(fetchWith({ url: "https://x.test/huge" }), failing("nostr_file_too_big", "permanent"));
        await assert.rejects(fetchWith({ url: "https://away.test/" }), failing("nostr_unreachable", "retry"));
      },
      { deps: { untrusted: files } },
    );
  });
});

describe("nostr: nothing is lost", () => {
  test("fault-47 what was sent while nobody listened is asked for from two days before the position on record, because dates on wraps lie so far back", () =>
    withBench(async (bench) => {
      const { ann, me, intake } = bench;
      const [relay] = bench.relays;
      relay!.put(ann.wrap("before", me).event);
      await intake.until(() => intake.updates.length === 1);
      await bench.stop();
      relay!.put(ann.wrap("meanwhile", me, { back: 2 * DAY_S - 60 }).event);
      bench.start();
      await intake.until(() => intake.updates.length === 2);
      assert.deepEqual(words(bench), ["before", "meanwhile"]);
      const since = relay!.filters.filter((filter) => filter.kinds?.includes(1_059)).map((filter) => filter.since!);
      const now = Date.now() / 1_000;
      for (const one of since) assert.ok(one <= now - 2 * DAY_S && one > now - 3 * DAY_S, `since ${one} at ${now}`);
    }));

  test("old messages are not answered at the very first start", async () => {
    const bench = await createBench();
    try {
      const [relay] = bench.relays;
      relay!.put(bench.ann.wrap("last week", bench.me, { at: Math.floor(Date.now() / 1_000) - DAY_S }).event);
      bench.start();
      await bench.until(() => bench.channel.status().state === "ready");
      relay!.put(bench.ann.wrap("today", bench.me).event);
      await bench.intake.until(() => bench.intake.updates.length === 1);
      assert.deepEqual(words(bench), ["today"]);
    } finally {
      await bench.close();
    }
  });

  test("fault-51 a relay that goes is told of only when it was the last; each comes back by itself", () =>
    withBench(
      async (bench) => {
        const { channel, relays, ann, me, intake } = bench;
        await bench.until(() => channel.status().identity!.includes("2 of 2"));
        relays[0]!.refuse(true);
        await bench.until(() => channel.status().identity!.includes("1 of 2"));
        assert.equal(channel.status().state, "ready");
        relays[1]!.put(ann.wrap("over the other", me).event);
        await intake.until(() => intake.updates.length === 1);
        relays[1]!.refuse(true);
        await bench.until(() => channel.status().code === "nostr_unreachable");
        await assert.rejects(send(bench, person().npub, "hi"), failing("nostr_unreachable", "retry"));
        for (const relay of relays) relay.refuse(false);
        await bench.until(() => channel.status().state === "ready" && channel.status().identity!.includes("2 of 2"));
      },
      { relays: 2, timing: { pingMs: 30 } },
    ));

  test("fault-43 a relay that answers no question is not ready", async () => {
    const bench = await createBench({ timing: { answerMs: 100 } });
    try {
      bench.relays[0]!.mute = true;
      bench.start();
      await bench.until(() => bench.channel.status().state === "degraded");
      assert.equal(bench.channel.status().lastAliveAt, undefined);
      bench.relays[0]!.mute = false;
      await bench.until(() => bench.channel.status().state === "ready");
    } finally {
      await bench.close();
    }
  });

  test("a relay that tells and takes only from those it knows is told who we are (NIP-42)", () =>
    withBench(
      async (bench) => {
        const { ann, me, intake, relays } = bench;
        relays[0]!.put(ann.wrap("behind the door", me).event);
        await intake.until(() => intake.updates.length === 1);
        await send(bench, ann.npub, "and back");
        assert.deepEqual(
          ann.said(relays).map(({ content }) => content),
          ["and back"],
        );
        assert.ok(relays[0]!.words.includes("AUTH"));
      },
      { auth: true },
    ));
});

describe("nostr: what the assistant writes", () => {
  test("it goes to the inbox relays of the reader, with a copy for ourselves, and we say where ours are", () =>
    withBench(
      async (bench) => {
        const { ann, me, relays } = bench;
        await bench.until(() => relays.every((relay) => [...relay.stored.values()].some((event) => event.kind === 10_050 && event.pubkey === me)));
        const { messageId } = await send(bench, ann.npub, "**plain** [text](https://a.test)", { replyTo: "c".repeat(64) });
        const [said] = ann.said([relays[0]!]);
        assert.deepEqual([said?.id, said?.content, said?.kind], [messageId, "plain text (https://a.test)", 14]);
        assert.deepEqual(said?.tags, [
          ["p", ann.pubkey],
          ["e", "c".repeat(64)],
        ]);
        assert.equal(ann.said([relays[1]!]).length, 0);
        await bench.until(() => relays.every((relay) => [...relay.stored.values()].some((event) => event.kind === 1_059 && event.tags[0]?.[1] === me)));
        assert.equal(bench.intake.updates.length, 0);
      },
      { relays: 2 },
    ));

  test("fault-22 a part that is sent again, by another process too, is the same message", async () => {
    const nonce = "01a200bc-8889-75bd-8714-b7cd6c30a36f.2";
    await withBench(
      async (bench) => {
        const [relay] = bench.relays;
        relay!.faults.push({ silent: true });
        await assert.rejects(send(bench, bench.ann.npub, "once", { nonce }), failing("nostr_unreachable", "retry"));
        const again = await send(bench, bench.ann.npub, "once", { nonce });
        assert.deepEqual(
          bench.ann.said([relay!]).map(({ id }) => id),
          [again.messageId],
        );
        const other = await createBench({ config: { private_key: new Secret("nostr", bench.key), relays: [relay!.url] } });
        try {
          other.start();
          await other.until(() => other.channel.status().state === "ready");
          assert.equal((await send(other, bench.ann.npub, "once", { nonce })).messageId, again.messageId);
        } finally {
          await other.close();
        }
      },
      { timing: { answerMs: 300 } },
    );
  });

  test("fault-24 whoever has no inbox, or one where we may not go, is told of; nothing is sent elsewhere", () =>
    withBench(async (bench) => {
      const [relay] = bench.relays;
      await assert.rejects(send(bench, person().npub, "hi"), failing("nostr_no_inbox", "permanent"));
      await assert.rejects(send(bench, "npub1nonsense", "hi"), failing("nostr_refused", "permanent"));
      const near = person();
      near.announce(relay!, ["wss://192.168.0.1/", "wss://router.lan"]);
      await assert.rejects(send(bench, near.npub, "hi"), failing("nostr_refused", "permanent"));
      const plain = person();
      plain.announce(relay!, ["ws://relay.example.org"]);
      await assert.rejects(send(bench, plain.npub, "hi"), failing("nostr_no_inbox", "permanent"));
    }));

  test("fault-23 a relay that wants us to be slower is not hurried", () =>
    withBench(async (bench) => {
      bench.relays[0]!.faults.push({ ok: "rate-limited: slowly" });
      await assert.rejects(
        send(bench, bench.ann.npub, "hi"),
        (error: unknown) => error instanceof ChannelError && error.code === "nostr_rate_limited" && error.retryAfterMs === 30_000,
      );
    }));
});

test("nostr: sec-30 the config takes public keys and no names, a key that is one, and relays in TLS", () => {
  const npub = person().npub;
  const least = { private_key: new Secret("nostr", "ab".repeat(32)), relays: ["wss://Relay.example.org/"] };
  assert.deepEqual(v.parse(nostrConfig, { ...least, owner_ids: [npub] }).relays, ["wss://relay.example.org"]);
  for (const wrong of [
    { ...least, owner_ids: ["ann@example.org"] },
    { ...least, relays: ["ws://relay.example.org"] },
    { ...least, relays: [] },
    { ...least, private_key: new Secret("nostr", npub) },
    { relays: least.relays },
  ])
    assert.ok(!v.safeParse(nostrConfig, wrong).success);
});
