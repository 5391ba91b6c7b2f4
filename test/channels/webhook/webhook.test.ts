import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { webhookConfig } from "../../../src/channels/webhook/config.ts";
import type { SendTarget } from "../../../src/core/channel.ts";
import { Secret } from "../../../src/core/secret.ts";
import { v } from "../../../src/lib/schema/index.ts";
import { withBench } from "./harness.ts";

const target = (more: Partial<SendTarget> = {}): SendTarget => ({
  address: { channel: "webhook", account: "default", conversation: "c1", thread: "t1" },
  nonce: "d1.0",
  signal: new AbortController().signal,
  ...more,
});
const base = { id: "1", conversation: "c1", sender: { id: "ann", name: "Ann" } };

describe("webhook", () => {
  test("everything a program may tell arrives as what it is, each id once", () =>
    withBench(async ({ program, intake }) => {
      const events = [
        { ...base, type: "message", text: "hi", at: 1_767_225_600_000, thread: "t1", reply_to: "0" },
        { ...base, type: "message", text: "hi" },
        { ...base, id: "2", type: "message", direct: false, text: "all" },
        { ...base, id: "3", type: "message", direct: false, addressed: true, text: "you" },
        { ...base, id: "4", type: "edit", message: "1", text: "ho" },
        { ...base, id: "5", type: "reaction", message: "1", emoji: "👍" },
        { ...base, id: "6", type: "press", message: "1", data: "yes:1" },
        { ...base, id: "7", type: "deletion", message: "1" },
        { ...base, id: "8", type: "message", media: [{ id: "f1", name: "a.txt", type: "text/plain", size: 3 }] },
      ];
      for (const event of events) assert.equal(await program.post(event), 200);
      assert.deepEqual(
        intake.updates.map((update) => [update.type, update.key, "addressed" in update && update.addressed]),
        [
          ["message", "msg:c1:1", true],
          ["message", "msg:c1:2", false],
          ["message", "msg:c1:3", true],
          ["edit", "edit:c1:4", false],
          ["reaction", "reaction:c1:5", false],
          ["press", "press:c1:6", false],
          ["deletion", "del:c1:7", false],
          ["message", "msg:c1:8", true],
        ],
      );
    }));

  test("sec-104 what is not signed, not freshly, or changed on the way is refused before anything is done", () =>
    withBench(async ({ program, intake, channel }) => {
      const event = JSON.stringify({ ...base, type: "message", text: "hi" });
      const old = String(Math.floor(Date.now() / 1_000) - 400);
      assert.equal(await program.post(event, {}), 401);
      assert.equal(await program.post(event, program.sign(event, old)), 401);
      assert.equal(await program.post(event, program.sign(`${event} `)), 401);
      assert.equal(await program.post(event, { ...program.sign(event), "x-clanker-timestamp": String(Number(old) + 380) }), 401);
      assert.equal(await program.post(event, { ...program.sign(event), "x-clanker-signature": "sha256=zz" }), 401);
      for (const wrong of ["no json", "[]", "{}", JSON.stringify({ ...base, type: "edit", text: "x" }), JSON.stringify({ ...base, type: "message" })])
        assert.equal(await program.post(wrong), 400);
      assert.equal(await program.post({ ...base, type: "message", media: [{ id: "../../etc" }] }), 400);
      const big = JSON.stringify({ ...base, type: "message", text: "x".repeat(1_100_000) });
      assert.equal(await program.post(big), 413);
      assert.equal((await channel.webhook!(new Request("http://x/", { headers: program.sign("") }))).status, 405);
      assert.equal(intake.updates.length, 0);
      assert.equal(program.bad, 0);
    }));

  test("what is said goes out signed, with Markdown and plain text, buttons and files", () =>
    withBench(async ({ program, channel, blobs }) => {
      const blob = blobs.add(Buffer.from("bytes"), "text/plain", "a.txt");
      const parts = channel.render({
        parts: [
          { type: "media", media: { kind: "document", blob } },
          { type: "text", text: "**May** I?" },
          { type: "notice", text: "/approve AB_12" },
        ],
        buttons: [{ label: "Yes", data: "yes:1" }],
      });
      for (const [index, part] of parts.entries()) await channel.send(part, target({ nonce: `d1.${index}`, replyTo: "m0" }));
      await channel.typing!(target().address);
      const [file, words, typing] = program.events;
      assert.deepEqual(file!["media"], { kind: "document", name: "a.txt", type: "text/plain", data: Buffer.from("bytes").toString("base64") });
      assert.deepEqual(
        [words!.text, words!["markdown"], words!["buttons"], words!["reply_to"], words!["thread"], words!.id],
        ["May I?\n/approve AB_12", "**May** I?\n\n/approve AB\\_12", [{ label: "Yes", data: "yes:1" }], "m0", "t1", "d1.1"],
      );
      assert.equal(typing!.type, "typing");
      assert.equal(program.bad, 0);
    }));

  test("a file of theirs is fetched from below url alone, when asked for", () =>
    withBench(async ({ program, channel }) => {
      program.files.set("f1", Buffer.from("abc"));
      const fetched = await channel.fetchMedia!({ kind: "document", ref: "f1", name: "a.txt" }, new AbortController().signal);
      assert.deepEqual([Buffer.from(fetched.bytes).toString(), fetched.type, fetched.name], ["abc", "text/plain", "a.txt"]);
      await assert.rejects(channel.fetchMedia!({ kind: "document", ref: "f2" }, new AbortController().signal), {
        code: "webhook_refused",
        failure: "permanent",
      });
      await assert.rejects(channel.fetchMedia!({ kind: "document" }, new AbortController().signal), { code: "webhook_no_file" });
    }));

  test("fault-23 what the program answers decides what becomes of the part", () =>
    withBench(async ({ program, channel, blobs }) => {
      const [part] = channel.render({ parts: [{ type: "text", text: "x" }] });
      program.faults.push({ status: 429, headers: { "retry-after": "7" } });
      await assert.rejects(channel.send(part!, target()), { code: "webhook_try_later", failure: "retry", retryAfterMs: 7_000 });
      program.faults.push({ status: 422 });
      await assert.rejects(channel.send(part!, target()), { code: "webhook_refused", failure: "permanent" });
      program.faults.push({ drop: true });
      await assert.rejects(channel.send(part!, target()), { code: "webhook_unreachable", failure: "retry" });
      await channel.send(part!, target());
      assert.deepEqual([...program.said.values()], ["x"]);
      const big = blobs.add(new Uint8Array(10_000_001), "application/zip");
      const [file] = channel.render({ parts: [{ type: "media", media: { kind: "document", blob: big } }] });
      await assert.rejects(channel.send(file!, target()), { code: "webhook_file_too_big" });
    }));
});

describe("webhook config", () => {
  const problems = (input: unknown) => v.safeParse(webhookConfig, input).issues?.map((issue) => issue.message) ?? [];
  test("sec-104 url and a secret of some length belong together", () => {
    assert.deepEqual(problems({ url: "https://x.test", secret: new Secret("s", "0123456789abcdef") }), []);
    for (const input of [
      {},
      { url: "https://x.test" },
      { url: "https://x.test", secret: new Secret("s", "short") },
      { accounts: { a: { url: "https://x.test" } } },
    ])
      assert.match(problems(input)[0]!, /both needed/);
  });
});
