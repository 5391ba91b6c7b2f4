import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { foldName, parseLine, readLines } from "../../../src/channels/irc/line.ts";
import { createPace } from "../../../src/channels/irc/pace.ts";
import { byteLength, splitBytes } from "../../../src/channels/irc/split.ts";
import { ircConfig } from "../../../src/channels/irc/config.ts";
import { Secret } from "../../../src/core/secret.ts";
import { v } from "../../../src/lib/schema/index.ts";
import { createManualClock } from "../../fakes/manual-clock.ts";

async function* streamed(chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

describe("irc lines", () => {
  test("tags, prefix, command and parameters are read as RFC 2812 and IRCv3 write them", () => {
    const line = parseLine("@a=1;b=x\\s\\:y;c :ann!a@h PRIVMSG #g :hello : world")!;
    assert.deepEqual(
      [...line.tags],
      [
        ["a", "1"],
        ["b", "x ;y"],
        ["c", ""],
      ],
    );
    assert.deepEqual([line.prefix, line.command, line.params], ["ann!a@h", "PRIVMSG", ["#g", "hello : world"]]);
    assert.deepEqual(parseLine("ping x")?.command, "PING");
    assert.equal(parseLine(":only.a.prefix"), undefined);
    assert.equal(parseLine(""), undefined);
  });

  test("whatever bytes come in, reading neither throws nor keeps more than a line", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 20 }), async (chunks) => {
        for await (const line of readLines(streamed(chunks))) {
          assert.ok(!line.includes("\n"));
          parseLine(line);
        }
      }),
      { numRuns: 50 },
    );
    const read: string[] = [];
    const endless = streamed([new Uint8Array(20_000).fill(65), new TextEncoder().encode("\r\nx\r\n")]);
    for await (const line of readLines(endless)) read.push(line);
    assert.ok(read.length <= 2);
  });

  test("text that is not UTF-8 is read as Latin-1", async () => {
    const read: string[] = [];
    for await (const line of readLines(streamed([Uint8Array.of(0x46, 0xfc, 0x0d, 0x0a)]))) read.push(line);
    assert.deepEqual(read, ["Fü"]);
  });

  test("names are compared as the server says", () => {
    assert.equal(foldName("Ann[^]"), "ann{~}");
    assert.equal(foldName("Ann[^]", "rfc1459-strict"), "ann{^}");
    assert.equal(foldName("Ann[^]", "ascii"), "ann[^]");
  });

  test("a line is split by bytes, never inside a character, and joins to itself", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 300 }), fc.integer({ min: 4, max: 60 }), (line, limit) => {
        const pieces = splitBytes(line, limit);
        assert.equal(pieces.join(""), line);
        for (const piece of pieces) assert.ok(byteLength(piece) <= limit && piece.isWellFormed());
      }),
    );
  });

  test("after the burst each line waits its turn", async () => {
    const clock = createManualClock();
    const pace = createPace(clock, { burst: 2, lineMs: 1_000 });
    const signal = new AbortController().signal;
    const gone: number[] = [];
    const turns = [1, 2, 3, 4].map((number) => pace.turn(signal).then(() => gone.push(number)));
    await Promise.all(turns.slice(0, 2));
    assert.deepEqual(gone, [1, 2]);
    await clock.advance(1_000);
    await turns[2];
    assert.deepEqual(gone, [1, 2, 3]);
    await clock.advance(1_000);
    await turns[3];
  });
});

describe("irc config", () => {
  const problems = (input: unknown) => v.safeParse(ircConfig, input).issues?.map((issue) => issue.message) ?? [];

  test("sec-30 a nick is refused where an identity belongs", () => {
    assert.deepEqual(problems({ server: "x", owner_ids: ["account:Ann"], channels: ["#Garden"] }), []);
    assert.deepEqual(v.parse(ircConfig, { server: "x", owner_ids: ["account:Ann"], channels: ["#Garden"] }).owner_ids, ["account:ann"]);
    assert.match(problems({ server: "x", owner_ids: ["ann"] })[0]!, /a nick alone can be taken/);
    assert.match(problems({ server: "x", owner_ids: ["mask:ann!a@h"] })[0]!, /services account/);
    assert.match(problems({ server: "x", groups: { trusted: ["ann"] } })[0]!, /services account/);
    assert.match(problems({ server: "x", allowed_users: ["ann"] })[0]!, /account:NAME/);
  });

  test("half a login, a pin without TLS and no server are refused", () => {
    assert.match(problems({})[0]!, /server is missing/);
    assert.match(problems({ server: "x", login: "a" })[0]!, /belong together/);
    assert.match(problems({ server: "x", login_password: new Secret("x", "y") })[0]!, /belong together/);
    assert.match(problems({ server: "x", tls: false, tls_fingerprint: "00".repeat(32) })[0]!, /needs tls/);
  });
});
