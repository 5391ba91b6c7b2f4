import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ChannelError } from "../../../src/core/errors.ts";
import type { Media } from "../../../src/core/message.ts";
import type { Update } from "../../../src/core/update.ts";
import { ANN, DIRECT, TOWN } from "../../fakes/googlechat/index.ts";
import { type Bench, target, withBench } from "./harness.ts";

async function take({ chat, intake }: Bench, event: Record<string, unknown> & { id: string }): Promise<Update> {
  const count = intake.updates.length;
  await chat.deliver(event);
  await intake.until(() => intake.updates.length > count);
  return intake.updates.at(-1)!;
}

describe("what Google Chat tells", () => {
  test("a message in a direct chat comes with the account's number, its place and its time", () =>
    withBench(async (bench) => {
      const event = bench.chat.message("good morning");
      const { name, createTime } = event["message"] as { name: string; createTime: string };
      const messageId = name.split("/").at(-1)!;
      assert.deepEqual(await take(bench, event), {
        type: "message",
        key: `msg:${DIRECT}:${messageId}`,
        address: { channel: "googlechat", account: "default", conversation: DIRECT },
        sender: { id: ANN, name: "Ann" },
        direct: true,
        at: Date.parse(createTime),
        messageId,
        message: { parts: [{ type: "text", text: "good morning" }] },
        addressed: true,
      });
    }));

  test("in a space each thread is a place of its own, and the mention of the app is not part of what was said", () =>
    withBench(async (bench) => {
      const { chat } = bench;
      const called = await take(bench, chat.mention("what now?", { thread: { name: `spaces/${TOWN}/threads/T1` } }));
      assert.deepEqual(called.address, { channel: "googlechat", account: "default", conversation: TOWN, thread: "T1" });
      assert.deepEqual(called.type === "message" && [called.addressed, called.direct, called.message.parts], [
        true,
        false,
        [{ type: "text", text: "what now?" }],
      ]);
      const bare = await take(bench, chat.mention("", { argumentText: "" }));
      assert.deepEqual(bare.type === "message" && bare.message.parts, [{ type: "text", text: "@Clanker" }]);
      const overheard = await take(bench, chat.message("not to you", { space: TOWN }));
      assert.equal(overheard.type === "message" && overheard.addressed, false);
      const commanded = await take(bench, chat.message("/ask x", { space: TOWN, argumentText: " x", slashCommand: { commandId: "1" } }));
      assert.equal(commanded.type === "message" && commanded.addressed, true);
    }));

  test("a chat of two people in which the app was called is no direct chat, and a space without threads is one place", () =>
    withBench(async (bench) => {
      const { chat } = bench;
      chat.spaces.set("AAAAtwo", { name: "spaces/AAAAtwo", type: "ROOM", spaceType: "DIRECT_MESSAGE", spaceThreadingState: "UNTHREADED_MESSAGES" });
      const update = await take(bench, chat.mention("hi", { space: "AAAAtwo" }));
      assert.deepEqual([update.direct, update.address], [false, { channel: "googlechat", account: "default", conversation: "AAAAtwo" }]);
    }));

  test("quotes name what they answer", () =>
    withBench(async (bench) => {
      const update = await take(bench, bench.chat.message("yes", { quotedMessageMetadata: { name: `spaces/${DIRECT}/messages/q.q` } }));
      assert.equal(update.type === "message" && update.message.replyTo, "q.q");
    }));

  test("our coming and going; what was said with a mention that added us is taken once", () =>
    withBench(async (bench) => {
      const { chat, intake } = bench;
      const said = chat.mention("come here");
      await chat.deliver({ ...chat.event("ADDED_TO_SPACE", { space: TOWN, message: said["message"] }) });
      await chat.deliver(said);
      assert.deepEqual(
        intake.updates.map((update) => (update.type === "membership" ? update.change : update.type)),
        ["joined", "message"],
      );
      const left = await take(bench, chat.event("REMOVED_FROM_SPACE", { space: TOWN }));
      assert.equal(left.type === "membership" && left.change, "left");
    }));

  test("files are fetched by the media API; what lies in Drive is told as missing", () =>
    withBench(async (bench) => {
      const { chat, channel } = bench;
      const resource = `spaces/${DIRECT}/messages/1/attachments/a b`;
      chat.media.set(resource, { bytes: Buffer.from("png"), type: "image/png" });
      const update = await take(
        bench,
        chat.message("", {
          attachment: [
            { contentName: "a.png", contentType: "image/png", attachmentDataRef: { resourceName: resource }, source: "UPLOADED_CONTENT" },
            { contentName: "b.gdoc", contentType: "application/vnd.google-apps.document", driveDataRef: { driveFileId: "1" }, source: "DRIVE_FILE" },
          ],
        }),
      );
      const [first, second] = (update.type === "message" ? update.message.parts : []).map((part) => (part as { media: Media }).media);
      assert.deepEqual([first!.kind, first!.name, second!.missing], ["photo", "a.png", "it lies in Google Drive, which a Chat app may not read"]);
      const { bytes, type } = await channel.fetchMedia!(first!, new AbortController().signal);
      assert.deepEqual([String(Buffer.from(bytes)), type], ["png", "image/png"]);
      const gone = (ref?: string) => channel.fetchMedia!({ kind: "photo", ...(ref === undefined ? {} : { ref }) }, new AbortController().signal);
      const isError = (code: string) => (error: unknown) =>
        error instanceof ChannelError && error.code === code && error.failure === "permanent" && error.hint !== undefined;
      for (const ref of [undefined, "../spaces", "a/../b", ""]) await assert.rejects(gone(ref), isError("googlechat_no_file"));
      await assert.rejects(gone("spaces/gone"), isError("googlechat_not_there"));
    }));

  test("whoever presses a button hears at once what became of it; in a direct chat the buttons go", () =>
    withBench(async (bench) => {
      const { chat, channel, intake } = bench;
      const part = channel.render({
        parts: [{ type: "notice", text: "May I run `rm *_tmp* <b>`?" }],
        buttons: [{ label: "Yes", data: "ask:ABCDEF:once" }],
      })[0]!;
      await channel.send(part, target(DIRECT));
      await channel.send(part, target(TOWN, { thread: "T1" }));
      // Exactly what is asked.
      assert.deepEqual([...chat.texts(DIRECT), ...chat.texts(TOWN)], ["May I run `rm *_tmp* <b>`?", "May I run `rm *_tmp* <b>`?"]);
      const [direct, town] = [...chat.messages.values()];
      const click = async (message: typeof direct) => (await (await chat.post(chat.click(message!, "Yes"))).json()) as Record<string, unknown>;
      intake.outcome = () => ({ kind: "command", name: "approve", reply: "Approved <once>." });
      const answered = await click(direct);
      assert.deepEqual(answered["actionResponse"], { type: "UPDATE_MESSAGE" });
      assert.ok(!JSON.stringify(answered).includes("buttonList"));
      assert.match(JSON.stringify(answered), /Approved &lt;once&gt;\./);
      const update = intake.updates.at(-1)!;
      const seen = direct!.name.split("/").at(-1);
      assert.deepEqual(update.type === "press" && [update.data, update.messageId, update.sender.id, update.direct], ["ask:ABCDEF:once", seen, ANN, true]);
      const inTown = await click(town);
      assert.deepEqual([inTown["text"], inTown["privateMessageViewer"]], ["Approved <once>.", { name: `users/${ANN}` }]);
      assert.equal(intake.updates.at(-1)!.address.thread, "T1");
      intake.outcome = () => ({ kind: "refused", reason: "stranger" });
      assert.equal((await click(town))["text"], "This is not yours to answer.");
      intake.rejectNext(new Error("broken"));
      assert.equal((await chat.post(chat.click(direct!, "Yes"))).status, 503);
      assert.equal(channel.status().code, "googlechat_intake_failed");
    }));
});
