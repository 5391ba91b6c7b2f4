import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { MessageUpdate } from "../../../src/core/update.ts";
import { ChannelError, StoreError } from "../../../src/core/errors.ts";
import { messageText, textMessage } from "../../../src/core/message.ts";
import { Secret } from "../../../src/core/secret.ts";
import { ANN, BOT, PASSWORD } from "../../fakes/matrix/index.ts";
import { createPerson, type Person } from "../../fakes/matrix/person.ts";
import { memoryKeep, realClock } from "../harness.ts";
import { createRecordingIntake } from "../recording-intake.ts";
import { type Bench, createBench, target, withBench } from "./harness.ts";

/** A bench with a conversation of two that is encrypted, and Ann's own client at its other end. */
async function withAnn(body: (bench: Bench, ann: Person, room: string) => Promise<void>, options: Parameters<typeof withBench>[1] = {}): Promise<void> {
  await withBench(async (bench) => {
    const { matrix } = bench;
    const ann = await createPerson(matrix, ANN, "ANNPHONE");
    try {
      const room = matrix.direct;
      matrix.world.encrypt(room, ANN);
      await matrix.until(() => matrix.bot.keys !== undefined && matrix.bot.oneTime.size > 0);
      await body(bench, ann, room);
      assert.deepEqual(matrix.invariants, []);
    } finally {
      ann.close();
    }
  }, options);
}

const texts = ({ intake }: Pick<Bench, "intake">) => intake.updates.flatMap((update) => (update.type === "message" ? [messageText(update.message)] : []));

describe("matrix encryption", () => {
  test("what a person's client encrypts is read, and our answer can be read there and by nobody else", () =>
    withAnn(async (bench, ann, room) => {
      const id = await ann.say(room, { msgtype: "m.text", body: "the word is marzipan" });
      await bench.intake.until(() => texts(bench).includes("the word is marzipan"));
      const update = bench.intake.updates.at(-1) as MessageUpdate;
      assert.equal(update.messageId, id);
      assert.equal(update.sender.id, ANN);
      assert.equal(update.direct, true);
      const [part] = bench.channel.render(textMessage("I *heard* marzipan"));
      const receipt = await bench.channel.send(part!, target(room, { replyTo: id }));
      const heard = (await ann.settle()).find(({ event_id: one }) => one === receipt.messageId)!;
      assert.equal(heard.encrypted, true);
      assert.equal(heard.content["body"], "I heard marzipan");
      assert.equal(heard.content["formatted_body"], "I <em>heard</em> marzipan");
      assert.ok(!JSON.stringify([...bench.matrix.world.rooms]).includes("marzipan"), "a word of it stood on the server");
    }));

  test("an edit, a thread and a reaction keep their place, and the server sees only where they belong", () =>
    withAnn(async (bench, ann, room) => {
      const { channel } = bench;
      const root = await ann.say(room, { msgtype: "m.text", body: "root" });
      await bench.intake.until(() => texts(bench).includes("root"));
      const first = await channel.send(channel.render(textMessage("one"))[0]!, target(room, { thread: root }));
      await channel.edit!(first, channel.render(textMessage("two"))[0]!, target(room, { thread: root }));
      const heard = (await ann.settle()).filter(({ sender }) => sender === BOT && sender !== undefined);
      const edit = heard.at(-1)!;
      assert.deepEqual((edit.content["m.new_content"] as Record<string, unknown>)["body"], "two");
      assert.deepEqual(edit.content["m.relates_to"], { rel_type: "m.replace", event_id: first.messageId });
      const onServer = bench.matrix.world.find(first.messageId)!;
      assert.equal(onServer.type, "m.room.encrypted");
      assert.equal((onServer.content["m.relates_to"] as Record<string, unknown>)["event_id"], root);
      // Her answer in the thread says so in the open part too.
      await ann.say(room, { msgtype: "m.text", body: "in it", "m.relates_to": { rel_type: "m.thread", event_id: root } });
      await bench.intake.until(() => texts(bench).includes("in it"));
      assert.equal(bench.intake.updates.at(-1)!.address.thread, root);
      bench.matrix.say("", { type: "m.reaction", room, content: { "m.relates_to": { rel_type: "m.annotation", event_id: first.messageId, key: "👍" } } });
      await bench.intake.until(() => bench.intake.updates.at(-1)?.type === "reaction");
      assert.equal(bench.intake.updates.at(-1)!.address.thread, root);
    }));

  test("encrypted files go both ways, and one that was changed on the way is refused", () =>
    withAnn(async (bench, ann, room) => {
      const { channel, blobs, intake, matrix } = bench;
      const file = await ann.upload(new TextEncoder().encode("a picture"));
      await ann.say(room, { msgtype: "m.image", body: "look", filename: "cat.png", info: { mimetype: "image/png", size: 9 }, file });
      await intake.until(() => texts(bench).includes("look"));
      const [part] = (intake.updates.at(-1) as MessageUpdate).message.parts;
      assert.ok(part?.type === "media");
      const fetched = await channel.fetchMedia!(part.media, AbortSignal.timeout(10_000));
      assert.equal(new TextDecoder().decode(fetched.bytes), "a picture");
      assert.equal(fetched.type, "image/png");
      matrix.world.media.get((file as { url: string }).url.split("/").at(-1)!)!.bytes = Buffer.from("a pikture");
      await assert.rejects(channel.fetchMedia!(part.media, AbortSignal.timeout(10_000)), (error: unknown) => {
        assert.ok(error instanceof ChannelError);
        assert.equal(error.code, "matrix_file_damaged");
        assert.equal(error.failure, "permanent");
        return true;
      });
      const blob = blobs.add(new TextEncoder().encode("a report"), "application/pdf", "r.pdf");
      const [sent] = channel.render({ parts: [{ type: "media", media: { kind: "document", blob } }] });
      await channel.send(sent!, target(room));
      const heard = (await ann.settle()).find(({ content }) => content["msgtype"] === "m.file")!;
      assert.equal(heard.content["filename"], "r.pdf");
      assert.equal(new TextDecoder().decode(await ann.download(heard.content["file"] as { url: string })), "a report");
      assert.ok(![...matrix.world.media.values()].some(({ bytes }) => bytes.toString().includes("a report")));
    }));

  test("the device stays the same over a restart: it reads what was sent meanwhile, with the keys it had", async () => {
    const kept: Uint8Array[] = [];
    const intake = createRecordingIntake();
    await withAnn(
      async (bench, ann, room) => {
        const { matrix } = bench;
        await ann.say(room, { msgtype: "m.text", body: "before" });
        await bench.intake.until(() => texts(bench).includes("before"));
        await bench.stop();
        await ann.say(room, { msgtype: "m.text", body: "meanwhile" });
        const uploads = matrix.calls.filter(
          ({ call, body }) => call.endsWith("keys/upload") && (body as { device_keys?: object }).device_keys !== undefined,
        ).length;
        const again = await createBench({ matrix, kept, intake });
        try {
          again.start();
          await intake.until(() => texts(again).includes("meanwhile"));
          assert.equal(
            matrix.calls.filter(({ call, body }) => call.endsWith("keys/upload") && (body as { device_keys?: object }).device_keys !== undefined).length,
            uploads,
          );
          await again.channel.send(again.channel.render(textMessage("still me"))[0]!, target(room));
          assert.equal((await ann.settle()).at(-1)!.content["body"], "still me");
        } finally {
          await again.close();
        }
      },
      { kept, intake },
    );
  });

  test("a message whose keys are late is told of, kept over a restart, and handed in when they come", async () => {
    const kept: Uint8Array[] = [];
    const intake = createRecordingIntake();
    await withAnn(
      async (bench, ann, room) => {
        const id = await ann.say(room, { msgtype: "m.text", body: "late" }, { keepKeys: true });
        await intake.until(() => intake.updates.some(({ key }) => key === `unread:${room}:${id}`));
        assert.match(texts(bench).at(-1)!, /could not be decrypted/);
        await bench.stop();
        const again = await createBench({ matrix: bench.matrix, kept, intake });
        try {
          again.start();
          await bench.matrix.until(() => again.channel.status().state === "ready");
          await ann.shareKeys(room);
          await intake.until(() => intake.updates.some(({ key }) => key === `msg:${room}:${id}`));
          assert.equal(texts(again).at(-1), "late");
          assert.equal(texts(again).filter((text) => /could not be decrypted/.test(text)).length, 1);
        } finally {
          await again.close();
        }
      },
      { kept, intake },
    );
  });

  test("what a person has said and nobody could read is forgotten with them, also in what stood in the log before", () =>
    withAnn(async (bench, ann, room) => {
      const { intake, kept, channel, matrix } = bench;
      const id = await ann.say(room, { msgtype: "m.text", body: "late" }, { keepKeys: true });
      await intake.until(() => intake.updates.length > 0);
      const log = () => kept.map((record) => new TextDecoder().decode(record)).join("\n");
      assert.ok(log().includes(id));
      await channel.forget!(["@somebody:else"]);
      assert.ok(log().includes(id));
      await channel.forget!([ANN]);
      assert.ok(!log().includes(id));
      await ann.shareKeys(room);
      await ann.say(room, { msgtype: "m.text", body: "anew" });
      await intake.until(() => texts(bench).includes("anew"));
      assert.ok(!texts(bench).includes("late"));
      assert.equal(channel.status().state, "ready");
      await matrix.until(() => !log().includes(id));
    }));

  test("a message that nobody could read is kept for seven days at most, also in what stood in the log before", async () => {
    const kept: Uint8Array[] = [];
    const intake = createRecordingIntake();
    await withAnn(
      async (bench, ann, room) => {
        const id = await ann.say(room, { msgtype: "m.text", body: "late" }, { keepKeys: true });
        await intake.until(() => intake.updates.length > 0);
        await bench.stop();
        const log = () => kept.map((record) => new TextDecoder().decode(record)).join("\n");
        assert.ok(log().includes(id));
        const clock = { ...realClock, now: () => Date.now() + 7 * 24 * 3_600_000 };
        const later = await createBench({ matrix: bench.matrix, kept, intake, deps: { clock } });
        try {
          later.start();
          await bench.matrix.until(() => later.channel.status().state === "ready");
          assert.ok(!log().includes(id));
        } finally {
          await later.close();
        }
      },
      { kept, intake },
    );
  });

  test("before the first sync is there nothing goes out in the open: whether the room is encrypted is asked for first", async () => {
    await withAnn(async (bench, ann, room) => {
      const { matrix, channel } = bench;
      await bench.stop();
      matrix.faults.push({ call: "GET /client/v3/sync", hang: true });
      bench.start();
      const [part] = channel.render(textMessage("early"));
      const to = target(room);
      for (let sent = false; !sent;) {
        sent = await channel.send(part!, to).then(
          () => true,
          (error: unknown) => {
            assert.ok(error instanceof ChannelError && error.code === "matrix_not_started", String(error));
            return new Promise<boolean>((resolve) => setTimeout(resolve, 5, false));
          },
        );
      }
      await matrix.until(() => matrix.faults.length === 0);
      const heard = (await ann.settle()).at(-1)!;
      assert.deepEqual([heard.content["body"], heard.encrypted], ["early", true]);
      assert.deepEqual(matrix.texts(room), []);
    });
  });

  test("a server that says a room is not encrypted any more is not believed, nor an encrypted event that redacts", () =>
    withAnn(async (bench, ann, room) => {
      const { matrix, channel, intake } = bench;
      const id = await ann.say(room, { msgtype: "m.text", body: "one" });
      await intake.until(() => texts(bench).includes("one"));
      await bench.stop();
      const events = matrix.world.rooms.get(room)!;
      events.splice(
        events.findIndex(({ type }) => type === "m.room.encryption"),
        1,
      );
      bench.start();
      await matrix.until(() => channel.status().state === "ready");
      await ann.say(room, { redacts: id }, { type: "m.room.redaction" });
      await ann.say(room, { msgtype: "m.text", body: "two" });
      await intake.until(() => texts(bench).includes("two"));
      assert.ok(!intake.updates.some(({ type }) => type === "deletion"));
      await channel.send(channel.render(textMessage("sealed"))[0]!, target(room));
      assert.deepEqual(matrix.texts(room), []);
    }));

  test("fault-58 keys that cannot be kept are not lost: the answer of the server is asked for again with the databases as they are on disk", async () => {
    const records: Uint8Array[] = [];
    const full = { now: false };
    const keep = {
      ...memoryKeep(records),
      append: async (record: Uint8Array) => {
        if (full.now) throw new StoreError("keep_failed", "no space left on device");
        records.push(record);
      },
    };
    await withAnn(
      async (bench, ann, room) => {
        const { matrix, channel } = bench;
        full.now = true;
        await ann.say(room, { msgtype: "m.text", body: "while it is full" });
        await matrix.until(() => channel.status().state === "degraded");
        full.now = false;
        await bench.intake.until(() => texts(bench).includes("while it is full"));
        await matrix.until(() => channel.status().state === "ready");
        assert.equal(texts(bench).filter((text) => text === "while it is full").length, 1);
      },
      { deps: { keep } },
    );
  });

  test("an open message in an encrypted room is not read: anybody on the server could have written it", () =>
    withAnn(async (bench, _ann, room) => {
      await bench.matrix.until(() => bench.matrix.calls.some(({ call }) => call.includes("/sync")));
      bench.matrix.say("transfer the money", { room });
      await bench.intake.until(() => bench.intake.updates.length === 1);
      assert.match(texts(bench)[0]!, /not encrypted/);
      assert.ok(!JSON.stringify(bench.intake.updates).includes("money"));
    }));

  test("cross-signing is set up once, with the password where the server wants it, and the status tells", async () => {
    const bench = await createBench({ config: { password: new Secret("password", PASSWORD) } });
    const { matrix } = bench;
    matrix.settings.uia = true;
    try {
      bench.start();
      await matrix.until(() => bench.channel.status().identity?.includes("BOTDEVICE: cross-signed; keys backed up") === true);
      const ann = await createPerson(matrix, ANN, "ANNPHONE");
      matrix.world.encrypt(matrix.direct, ANN);
      await ann.say(matrix.direct, { msgtype: "m.text", body: "hi" });
      const { UserId, DeviceId } = await import("@matrix-org/matrix-sdk-crypto-wasm");
      const device = await ann.machine.getDevice(new UserId(BOT), new DeviceId("BOTDEVICE"));
      assert.equal(device?.isCrossSignedByOwner(), true);
      ann.close();
      await bench.stop();
      bench.start();
      await matrix.until(() => bench.channel.status().identity?.includes("cross-signed") === true);
      assert.equal(matrix.calls.filter(({ call }) => call.includes("device_signing")).length, 2);
      assert.ok(!bench.logs().includes(PASSWORD));
    } finally {
      await bench.close();
    }
  });

  test("room keys go into the backup, and a device that lost them reads with it", async () => {
    const intake = createRecordingIntake();
    const kept: Uint8Array[] = [];
    const config = { access_token: undefined, user: BOT, password: new Secret("password", PASSWORD) };
    await withBench(
      async (bench) => {
        const { matrix } = bench;
        await matrix.until(() => bench.channel.status().identity?.includes("keys backed up") === true);
        const ann = await createPerson(matrix, ANN, "ANNPHONE");
        const room = matrix.direct;
        matrix.world.encrypt(room, ANN);
        await ann.say(room, { msgtype: "m.text", body: "one" });
        await intake.until(() => texts(bench).includes("one"));
        await matrix.until(() => (matrix.world.backups.get(BOT)?.keys.size ?? 0) > 0);
        const [device] = [...matrix.world.devices.values()].filter(({ user, id }) => user === BOT && id !== "BOTDEVICE");
        // Logged out from elsewhere: the device is gone, and another one is made.
        matrix.world.devices.delete(`${BOT} ${device!.id}`);
        matrix.world.touchKeys(BOT);
        await bench.stop();
        bench.start();
        await matrix.until(() => [...matrix.world.devices.values()].some(({ user, id, keys }) => user === BOT && id !== "BOTDEVICE" && keys !== undefined));
        await matrix.until(() => bench.channel.status().identity?.includes("keys backed up") === true);
        // The session of before, whose keys the new device was never sent.
        const sealed = await ann.machine.encryptRoomEvent(
          new (await import("@matrix-org/matrix-sdk-crypto-wasm")).RoomId(room),
          "m.room.message",
          JSON.stringify({ msgtype: "m.text", body: "two" }),
        );
        matrix.world.add(room, { type: "m.room.encrypted", sender: ANN, content: JSON.parse(sealed) as Record<string, unknown> });
        await intake.until(() => texts(bench).includes("two"));
        ann.close();
      },
      { config, intake, kept },
    );
  });

  test("after a restore, which has no keys in it, an account with a password goes on as a new device, and the status says what it lacks", () => {
    const config = { access_token: undefined, user: BOT, password: new Secret("password", PASSWORD) };
    return withBench(
      async (bench) => {
        const { matrix, intake } = bench;
        const room = matrix.direct;
        await matrix.until(() => bench.channel.status().identity?.includes(": cross-signed; keys backed up") === true);
        matrix.world.encrypt(room, ANN);
        const ann = await createPerson(matrix, ANN, "ANNPHONE");
        await ann.say(room, { msgtype: "m.text", body: "before" });
        await intake.until(() => texts(bench).includes("before"));
        await bench.stop();
        const devices = matrix.world.devices.size;
        const restored = await createBench({ matrix, config });
        try {
          restored.start();
          await matrix.until(() => restored.channel.status().identity?.includes("give its recovery_key; no key backup") === true);
          assert.equal(matrix.world.devices.size, devices + 1);
          await ann.settle();
          await ann.say(room, { msgtype: "m.text", body: "after" });
          await restored.intake.until(() => texts(restored).includes("after"));
          const { messageId } = await restored.channel.send(restored.channel.render(textMessage("I hear"))[0]!, target(room));
          const heard = (await ann.settle()).find(({ event_id: id }) => id === messageId);
          assert.equal(heard?.encrypted && heard.content["body"], "I hear");
        } finally {
          ann.close();
          await restored.close();
        }
      },
      { config },
    );
  });

  test("a token of another device is another device, and the one of before has its keys when it comes back", () =>
    withAnn(async (bench, ann, room) => {
      const { matrix, kept } = bench;
      const before = JSON.stringify(matrix.bot.keys!["keys"]);
      await bench.stop();
      const device = matrix.world.addDevice(BOT, "OTHER", "canary-other");
      const other = await createBench({ matrix, kept, config: { access_token: new Secret("other", "canary-other") } });
      other.start();
      await matrix.until(() => device.keys !== undefined && other.channel.status().state === "ready");
      await other.close();
      assert.notEqual(JSON.stringify(device.keys!["keys"]), before);
      bench.start();
      await matrix.until(() => bench.channel.status().state === "ready");
      await ann.say(room, { msgtype: "m.text", body: "back" });
      await bench.intake.until(() => texts(bench).includes("back"));
      assert.equal(JSON.stringify(matrix.bot.keys!["keys"]), before);
    }));

  test("several accounts have keys of their own", () =>
    withAnn(async (bench, ann, room) => {
      const { matrix } = bench;
      const device = matrix.world.addDevice("@second:test", "SECOND", "canary-second");
      const config = { account: "default2", access_token: new Secret("second", "canary-second") };
      const second = await createBench({ matrix, config });
      try {
        second.start();
        await matrix.until(() => device.keys !== undefined && second.channel.status().state === "ready");
        matrix.world.member(room, "@second:test", "join");
        await matrix.until(() => bench.channel.status().state === "ready");
        await ann.say(room, { msgtype: "m.text", body: "to both" });
        for (const one of [bench, second]) await one.intake.until(() => texts(one).includes("to both"));
        assert.notDeepEqual(device.keys!["keys"], matrix.bot.keys!["keys"]);
        assert.equal(bench.kept.length > 0 && second.kept.length > 0, true);
      } finally {
        await second.close();
      }
    }));

  test("a backup that another client has replaced is not written to, and the status says so", () =>
    withAnn(async (bench, ann, room) => {
      const { matrix, channel } = bench;
      await matrix.until(() => channel.status().identity?.includes("keys backed up") === true);
      const keys = new Map<string, object>();
      matrix.world.backups.set(BOT, { version: "9", algorithm: "m.megolm_backup.v1.curve25519-aes-sha2", auth_data: { public_key: "another" }, keys });
      await ann.say(room, { msgtype: "m.text", body: "hi" });
      await matrix.until(() => channel.status().identity?.includes("no key backup") === true && channel.status().state === "ready");
      await bench.intake.until(() => texts(bench).includes("hi"));
      assert.equal(keys.size, 0);
    }));

  test("a device that has another program's keys is not taken over", async () => {
    const bench = await createBench();
    bench.matrix.bot.keys = { user_id: BOT, device_id: "BOTDEVICE", algorithms: [], keys: { "ed25519:BOTDEVICE": "somebodyelses" }, signatures: {} };
    try {
      bench.start();
      await bench.matrix.until(() => bench.channel.status().code === "matrix_device_taken");
      assert.equal(bench.channel.status().state, "failed");
      assert.ok(!bench.matrix.calls.some(({ call }) => call.endsWith("keys/upload")));
    } finally {
      await bench.close();
    }
  });

  test("without encryption an encrypted room is refused for sending, never written to in the open", () =>
    withBench(
      async (bench) => {
        const { matrix, channel } = bench;
        matrix.world.encrypt(matrix.direct, ANN);
        matrix.say("knock");
        await bench.intake.until(() => bench.intake.updates.length === 1);
        await assert.rejects(channel.send(channel.render(textMessage("x"))[0]!, target(matrix.direct)), (error: unknown) => {
          assert.ok(error instanceof ChannelError);
          assert.equal(error.code, "matrix_encryption_off");
          return true;
        });
        assert.deepEqual(matrix.texts(matrix.direct), []);
      },
      { config: { encryption: false } },
    ));
});
