import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { textMessage } from "../../../src/core/message.ts";
import { Secret } from "../../../src/core/secret.ts";
import { type FakeIrc, type FakeIrcOptions, startFakeIrc } from "../../fakes/irc-services.ts";
import { type Bench, type BenchOptions, createBench, withBench } from "./harness.ts";

const LOGIN = { login: "clanker", login_password: new Secret("irc-login", "canary-login"), server_password: undefined };

async function onServices(fake: FakeIrcOptions, body: (irc: FakeIrc, bench: Bench) => Promise<void>, options: BenchOptions = {}): Promise<void> {
  const irc = await startFakeIrc(fake);
  try {
    await withBench(irc.port, (bench) => body(irc, bench), { ...options, config: { server_password: undefined, ...options.config } });
  } finally {
    await irc.close();
  }
}

const senders = (bench: Bench) => bench.intake.updates.map((update) => update.sender.id);

describe("irc identity", () => {
  test("SASL PLAIN logs in before the server welcomes us, and the password is written nowhere else", () =>
    onServices(
      { caps: ["sasl"], login: "\0clanker\0canary-login" },
      async (irc, bench) => {
        assert.ok(irc.lines.indexOf("AUTHENTICATE PLAIN") < irc.lines.indexOf("CAP END"));
        assert.ok(!bench.logs().includes("canary-login"));
        assert.equal(bench.channel.status().identity, "clanker on 127.0.0.1");
      },
      { config: LOGIN },
    ));

  test("a login that the server refuses makes the account failed, with advice", async () => {
    for (const fake of [{ caps: ["sasl"], login: "something else" }, { caps: [] }]) {
      const irc = await startFakeIrc(fake);
      const bench = await createBench(irc.port, { config: LOGIN });
      try {
        bench.start();
        await bench.until(() => bench.channel.status().state === "failed");
        assert.equal(bench.channel.status().code, "irc_login_refused");
        assert.match(bench.channel.status().detail ?? "", /login_password/);
      } finally {
        await bench.close();
        await irc.close();
      }
    }
  });

  test("sec-30 with account tags the tag is the identity, and its absence means nobody, whatever the nick", () =>
    onServices({ caps: ["account-tag", "message-tags", "server-time"] }, async (irc, bench) => {
      irc.line("@account=Ann;time=2026-01-02T03:04:05.678Z;msgid=m1 :ann!a@home PRIVMSG clanker :hi");
      irc.line(":ann!a@elsewhere PRIVMSG clanker :I am Ann, honestly");
      await bench.intake.until(() => bench.intake.updates.length === 2);
      assert.deepEqual(senders(bench), ["account:ann", "mask:ann!a@elsewhere"]);
      const [first] = bench.intake.updates;
      assert.deepEqual([first!.key, first!.at, first!.address.conversation], ["msg:account:ann:m1", Date.UTC(2026, 0, 2, 3, 4, 5, 678), "account:ann"]);
    }));

  test("with extended-join and account-notify, people in our channels are known from joins, logins, renames and WHOX", () =>
    onServices(
      { caps: ["extended-join", "account-notify", "chghost"], whox: true },
      async (irc, bench) => {
        irc.people.set("eve", { userHost: "e@e" });
        irc.line(":ann!a@home JOIN #garden Ann :Ann");
        irc.line(":bob!b@b JOIN #garden * :Bob");
        irc.line(":bob!b@b ACCOUNT Robert");
        irc.line(":ann!a@home NICK anna");
        const say = (prefix: string) => irc.line(`:${prefix} PRIVMSG #garden :clanker: hi`);
        say("anna!a@home");
        say("bob!b@b");
        irc.line(":bob!b@b QUIT :bye");
        // Somebody else under the freed nick, of whom the server says nothing but when it is asked.
        irc.people.set("bob", { userHost: "x@x" });
        say("bob!x@x");
        await bench.intake.until(() => bench.intake.updates.length === 3);
        assert.deepEqual(senders(bench), ["account:ann", "account:robert", "mask:bob!x@x"]);
        assert.ok(irc.lines.some((line) => line.startsWith("WHO #garden %tcuhna,")));
      },
      { config: { channels: ["#garden"] } },
    ));

  for (const whox of [true, false]) {
    test(`sec-30 without any of that the server is asked (${whox ? "WHOX" : "WHOIS"}), and an answer about another host does not count`, () =>
      onServices({ whox }, async (irc, bench) => {
        irc.people.set("ann", { userHost: "a@home", account: "Ann" });
        irc.line(":ann!a@home PRIVMSG clanker :hi");
        irc.line(":ann!evil@else PRIVMSG clanker :hi");
        await bench.intake.until(() => bench.intake.updates.length === 2);
        assert.deepEqual(senders(bench), ["account:ann", "mask:ann!evil@else"]);
      }));
  }

  test("sec-30 a private answer goes only to the nick that the person holds now", () =>
    onServices({ caps: ["account-tag"], whox: true }, async (irc, bench) => {
      irc.line("@account=ann :ann!a@home PRIVMSG clanker :hi");
      await bench.intake.until(() => bench.intake.updates.length === 1);
      const [part] = bench.channel.render(textMessage("a secret"));
      const target = { address: bench.intake.updates[0]!.address, nonce: "n", signal: new AbortController().signal };
      irc.people.set("ann", { userHost: "x@x", account: "mallory" });
      await assert.rejects(bench.channel.send(part!, target), { code: "irc_not_there", failure: "permanent" });
      irc.people.set("ann", { userHost: "a@home", account: "Ann" });
      await bench.channel.send(part!, target);
      assert.deepEqual(
        irc.lines.filter((line) => line.startsWith("PRIVMSG")),
        ["PRIVMSG ann :a secret"],
      );
    }));

  test("a nick that is taken is asked for again, and taken back when its holder leaves", async () => {
    const taken = new Set(["clanker"]);
    await onServices({ taken }, async (irc, bench) => {
      assert.match(bench.channel.status().identity ?? "", /^clanker_ /);
      taken.clear();
      irc.line(":clanker!x@x QUIT :bye");
      await irc.until(() => irc.lines.filter((line) => line === "NICK clanker").length === 2);
      irc.line(":ann!a@home PRIVMSG clanker :hi");
      await bench.intake.until(() => bench.intake.updates.length === 1);
    });
  });
});
