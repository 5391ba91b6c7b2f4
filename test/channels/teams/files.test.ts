import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ChannelError } from "../../../src/core/errors.ts";
import type { Media } from "../../../src/core/message.ts";
import { CHAT, DIRECT } from "../../fakes/teams/index.ts";
import { type Bench, target, withBench } from "./harness.ts";

const SIGNAL = new AbortController().signal;

function mediaOf({ intake }: Bench): Media {
  const update = intake.updates.at(-1)!;
  const part = update.type === "message" ? update.message.parts[0] : undefined;
  assert.ok(part?.type === "media");
  return part.media;
}

const isError = (code: string) => (error: unknown) =>
  error instanceof ChannelError && error.code === code && error.failure === "permanent" && error.hint !== undefined;

describe("files in Teams", () => {
  test("a file of a personal chat is fetched from the storage without our token", () =>
    withBench(async (bench) => {
      const { teams, channel } = bench;
      teams.files.set("/files/a", { bytes: Buffer.from("report"), type: "application/pdf" });
      const attachment = {
        contentType: "application/vnd.microsoft.teams.file.download.info",
        name: "a.pdf",
        content: { downloadUrl: `${teams.origin}/files/a?tempauth=x`, fileType: "pdf" },
      };
      await teams.deliver(teams.activity({ type: "message", attachments: [attachment] }));
      const { bytes, type, name } = await channel.fetchMedia!(mediaOf(bench), SIGNAL);
      assert.deepEqual([String(Buffer.from(bytes)), type, name], ["report", "application/pdf", "a.pdf"]);
      assert.deepEqual(teams.wrongs, []);
    }));

  test("a picture in a message is fetched with our token from the service alone", () =>
    withBench(async (bench) => {
      const { teams, channel } = bench;
      teams.files.set("/amer/v3/attachments/0-1/views/original", { bytes: Buffer.from("png"), type: "image/png" });
      const picture = (contentUrl: string) => teams.message("look", { attachments: [{ contentType: "image/*", contentUrl }] });
      await teams.deliver(picture(`${teams.origin}/amer/v3/attachments/0-1/views/original`));
      const media = mediaOf(bench);
      assert.equal(media.kind, "photo");
      const { bytes, type } = await channel.fetchMedia!(media, SIGNAL);
      assert.deepEqual([String(Buffer.from(bytes)), type], ["png", "image/png"]);
      // sec-83: somebody who writes their own address there must not get it.
      await teams.deliver(picture("https://evil.test/amer/v3/attachments/0-1/views/original"));
      await assert.rejects(channel.fetchMedia!(mediaOf(bench), SIGNAL), isError("teams_url_not_allowed"));
    }));

  test("sec-83 a file is fetched from the origins of the config alone, stars standing for names below a host", () =>
    withBench(
      async (bench) => {
        const { teams, channel } = bench;
        for (const url of [
          "http://evil.test/a",
          "https://sharepoint.test.evil.test/a",
          "http://x.sharepoint.test/a",
          "https://evilsharepoint.test/a",
          "nothing",
        ]) {
          await teams.deliver(
            teams.activity({
              type: "message",
              attachments: [{ contentType: "application/vnd.microsoft.teams.file.download.info", name: "a", content: { downloadUrl: url } }],
            }),
          );
          await assert.rejects(channel.fetchMedia!(mediaOf(bench), SIGNAL), isError("teams_url_not_allowed"), url);
        }
        await assert.rejects(channel.fetchMedia!({ kind: "photo" }, SIGNAL), isError("teams_no_file"));
      },
      { config: { file_origins: ["https://*.sharepoint.test"] } },
    ));

  test("small pictures are shown in the message, everywhere", () =>
    withBench(async ({ channel, blobs, teams }) => {
      const blob = blobs.add(Buffer.from("png bytes"), "image/png", "a.png");
      const { messageId } = await channel.send(channel.render({ parts: [{ type: "media", media: { kind: "photo", blob } }] })[0]!, target(CHAT));
      const [attachment] = teams.messages.get(messageId)!.attachments!;
      assert.deepEqual(attachment, {
        contentType: "image/png",
        name: "a.png",
        contentUrl: `data:image/png;base64,${Buffer.from("png bytes").toString("base64")}`,
      });
    }));

  test("other files are offered, and handed over when the person accepts; the offer becomes the file", () =>
    withBench(async ({ channel, blobs, teams }) => {
      const blob = blobs.add(Buffer.from("%PDF"), "application/pdf");
      const { messageId } = await channel.send(
        channel.render({ parts: [{ type: "media", media: { kind: "document", blob, name: 'a/"b".pdf' } }] })[0]!,
        target(DIRECT),
      );
      const [card] = teams.messages.get(messageId)!.attachments!;
      assert.deepEqual([card!.contentType, card!.name, card!.content!["sizeInBytes"]], ["application/vnd.microsoft.teams.card.file.consent", "a__b_.pdf", 4]);
      const uploadInfo = {
        uploadUrl: `${teams.origin}/files/up1`,
        contentUrl: "https://c.sharepoint.test/a.pdf",
        name: "a.pdf",
        uniqueId: "U1",
        fileType: "pdf",
      };
      const consent = (value: object) =>
        teams.activity({ type: "invoke", name: "fileConsent/invoke", replyToId: messageId, value: { type: "fileUpload", ...value } });
      const context = card!.content!["acceptContext"] as Record<string, string>;
      assert.equal((await teams.post(consent({ action: "decline", context: card!.content!["declineContext"] }))).status, 200);
      assert.equal(teams.uploads.size, 0);
      assert.equal((await teams.post(consent({ action: "accept", context, uploadInfo }))).status, 200);
      assert.deepEqual([String(teams.uploads.get("/files/up1")!.bytes), teams.uploads.get("/files/up1")!.range], ["%PDF", "bytes 0-3/4"]);
      assert.equal(teams.messages.get(messageId)!.attachments![0]!.contentType, "application/vnd.microsoft.teams.card.file.info");
      assert.deepEqual(teams.wrongs, []);
    }));

  test("sec-104 a consent to a file that was not offered in this chat hands over nothing, nor does an upload to elsewhere", () =>
    withBench(async ({ channel, blobs, teams }) => {
      const offered = blobs.add(Buffer.from("mine"), "text/plain", "a.txt");
      const secret = blobs.add(Buffer.from("another's"), "text/plain", "b.txt");
      const { messageId } = await channel.send(channel.render({ parts: [{ type: "media", media: { kind: "document", blob: offered } }] })[0]!, target(DIRECT));
      const context = teams.messages.get(messageId)!.attachments![0]!.content!["acceptContext"] as Record<string, string>;
      const uploadInfo = { uploadUrl: `${teams.origin}/files/up1` };
      const accept = (value: object, more: object = {}) =>
        teams
          .post(
            teams.activity({
              type: "invoke",
              name: "fileConsent/invoke",
              replyToId: messageId,
              value: { action: "accept", uploadInfo, context, ...value },
              ...more,
            }),
          )
          .then(({ status }) => status);
      assert.equal(await accept({ context: { ...context, blob: secret } }), 403);
      assert.equal(await accept({ context: { blob: secret } }), 403);
      assert.equal(await accept({}, { conversation: "a:1another-chat" }), 403);
      assert.equal(await accept({ uploadInfo: { uploadUrl: "https://evil.test/up" } }), 503);
      assert.equal(await accept({}, { conversation: CHAT }), 200);
      assert.equal(teams.uploads.size, 0);
    }));

  test("an upload that takes longer than anybody waits goes on behind the answer", () =>
    withBench(
      async ({ channel, blobs, teams }) => {
        const blob = blobs.add(Buffer.from("x"), "text/plain", "a.txt");
        const { messageId } = await channel.send(channel.render({ parts: [{ type: "media", media: { kind: "document", blob } }] })[0]!, target(DIRECT));
        const context = teams.messages.get(messageId)!.attachments![0]!.content!["acceptContext"];
        const value = { action: "accept", context, uploadInfo: { uploadUrl: `${teams.origin}/files/up1`, uniqueId: "U" } };
        assert.equal((await teams.post(teams.activity({ type: "invoke", name: "fileConsent/invoke", replyToId: messageId, value }))).status, 200);
        await teams.until(() => teams.messages.get(messageId)!.attachments![0]!.contentType.endsWith("file.info"));
      },
      { timing: { invokeMs: 0 } },
    ));

  test("where bots may hand over no files the failure says so, and a file that is gone too", () =>
    withBench(async ({ channel, blobs, teams }) => {
      const part = (blob: string) => channel.render({ parts: [{ type: "media", media: { kind: "document", blob } }] })[0]!;
      await assert.rejects(channel.send(part(blobs.add(Buffer.from("x"), "text/plain")), target(CHAT)), isError("teams_no_files_here"));
      await assert.rejects(channel.send(part(blobs.add(Buffer.alloc(1_000_001), "image/png")), target(CHAT)), isError("teams_no_files_here"));
      await assert.rejects(channel.send(part(blobs.add(Buffer.alloc(0), "text/plain")), target(DIRECT)), isError("teams_refused"));
      await assert.rejects(channel.send(part("blob99"), target(DIRECT)), isError("blob_missing"));
      await assert.rejects(channel.edit!({ messageId: "1" }, part("blob1"), target(DIRECT)), isError("teams_not_editable"));
      assert.equal(teams.messages.size, 0);
    }));
});
