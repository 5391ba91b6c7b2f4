import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createChannelLogins } from "../../src/app/channel-logins.ts";
import type { Channel, LoginRequest, LoginStep } from "../../src/core/channel.ts";
import { ChannelError } from "../../src/core/errors.ts";
import { silentLog } from "../../src/core/log.ts";
import { createManualClock } from "../fakes/manual-clock.ts";
import { realRandom } from "../channels/harness.ts";

/** An account whose login says what the test hands it. */
function linkable() {
  const asked: LoginRequest[] = [];
  const aborted: number[] = [];
  let unlinked = 0;
  let wake = Promise.withResolvers<void>();
  const queue: (LoginStep | Error)[] = [];
  const awake = () => {
    wake.resolve();
    wake = Promise.withResolvers();
  };
  const channel = {
    name: "phone",
    account: "default",
    status: () => ({ state: "failed" }),
    login: {
      async *link(request: LoginRequest, signal: AbortSignal): AsyncIterable<LoginStep> {
        const number = asked.push(request);
        signal.addEventListener("abort", () => {
          aborted.push(number);
          awake();
        });
        while (!signal.aborted) {
          const next = queue.shift();
          if (next instanceof Error) throw next;
          if (next !== undefined) yield next;
          if (next?.type === "linked") return;
          if (next === undefined) await wake.promise;
        }
      },
      unlink: async () => void (unlinked += 1),
    },
  } as unknown as Channel;
  return {
    channel,
    asked,
    aborted,
    unlinked: () => unlinked,
    say(step: LoginStep | Error) {
      queue.push(step);
      awake();
    },
  };
}

function open() {
  const phone = linkable();
  const plain = { name: "plain", account: "default", status: () => ({ state: "ready" }) } as unknown as Channel;
  const still = { ...phone.channel, name: "still", status: () => ({ state: "stopped" }) } as Channel;
  const accounts = new Map([plain, phone.channel, still].map((channel) => [`${channel.name}:${channel.account}`, channel]));
  const clock = createManualClock();
  return { phone, clock, logins: createChannelLogins({ accounts, clock, random: realRandom, log: silentLog }) };
}

const never = new AbortController().signal;

describe("linking a channel account from a phone", () => {
  test("steps come one after the other to whoever knows the login, until it is linked", async () => {
    const { phone, logins } = open();
    phone.say({ type: "qr", text: "one" });
    const first = await logins.begin("phone", "default", {});
    assert.deepEqual({ number: first.number, step: first.step }, { number: 1, step: { type: "qr", text: "one" } });
    const second = logins.next(first.login_id, 1, never);
    phone.say({ type: "linked", identity: "+49 1" });
    assert.deepEqual((await second).step, { type: "linked", identity: "+49 1" });
    assert.deepEqual((await logins.next(first.login_id, 1, never)).step, { type: "linked", identity: "+49 1" }, "asked again, it is told again");
    await assert.rejects(logins.next("another", 0, never), { code: "login_not_found" });
    await logins.stop();
  });

  test("a failure of the platform reaches whoever asks", async () => {
    const { phone, logins } = open();
    phone.say(new ChannelError("phone_refused", "no", "permanent"));
    await assert.rejects(logins.begin("phone", "default", { phone: "4917012345" }), { code: "phone_refused" });
    assert.deepEqual(phone.asked, [{ phone: "4917012345" }]);
    await logins.stop();
  });

  test("a new login ends the former one, and one that nobody asks for ends by itself", async () => {
    const { phone, clock, logins } = open();
    phone.say({ type: "qr", text: "one" });
    const first = await logins.begin("phone", "default", {});
    phone.say({ type: "qr", text: "two" });
    const second = await logins.begin("phone", "default", {});
    assert.deepEqual(phone.aborted, [1]);
    await assert.rejects(logins.next(first.login_id, 0, never), { code: "login_not_found" });
    await clock.advance(60_000);
    assert.deepEqual(phone.aborted, [1, 2]);
    await assert.rejects(logins.next(second.login_id, 0, never), { code: "login_not_found" });
    await logins.stop();
  });

  test("without a newer step the question is answered with the last one, or with the truth that there is none", async () => {
    const { phone, clock, logins } = open();
    const begun = assert.rejects(logins.begin("phone", "default", {}), { code: "login_silent" });
    await clock.advance(25_000);
    await begun;
    phone.say({ type: "code", code: "ABCD" });
    const first = await logins.begin("phone", "default", {});
    const again = logins.next(first.login_id, 1, never);
    await clock.advance(25_000);
    assert.equal((await again).number, 1);
    await logins.stop();
    await assert.rejects(logins.next(first.login_id, 0, never), { code: "login_not_found" });
  });

  test("a login that ends without a word says that nothing was linked", async () => {
    const { phone, logins } = open();
    phone.say({ type: "qr", text: "one" });
    const first = await logins.begin("phone", "default", {});
    const waiting = assert.rejects(logins.next(first.login_id, 1, never), { code: "login_ended" });
    await logins.stop();
    await waiting;
  });

  test("only accounts that are there, that run and that are linked from a phone can be", async () => {
    const { phone, logins } = open();
    await assert.rejects(logins.begin("none", "default", {}), { code: "channel_not_found" });
    await assert.rejects(logins.begin("plain", "default", {}), { code: "login_not_offered" });
    await assert.rejects(logins.begin("still", "default", {}), { code: "channel_stopped" });
    await logins.logout("phone", "default");
    assert.equal(phone.unlinked(), 1);
  });
});
