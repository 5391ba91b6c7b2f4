import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startFakeTelegram, type FakeTelegram, type StoredMessage } from "../fakes/telegram/index.ts";
import { startEchoModel, type EchoModel } from "../faults/echo-model.ts";
import { createGatewayHome, gatewayConfig, type GatewayHome, type RunningGateway } from "../faults/gateway-process.ts";

const OWNER = 42;
const FRIEND = 700;
const GROUP = -1001;

interface Keyboard {
  readonly reply_markup?: { readonly inline_keyboard: readonly { readonly text: string; readonly callback_data: string }[][] };
}

/** The walk of a person: somebody asks to be let in, asks for something, the owner says yes or no with a button. Nothing but the program and two servers. */
describe("pairing and approvals over Telegram", () => {
  let telegram: FakeTelegram;
  let model: EchoModel;
  let home: GatewayHome;
  let gateway: RunningGateway;

  before(async () => {
    telegram = await startFakeTelegram();
    model = await startEchoModel({ pace: 0 });
    const config = gatewayConfig({ telegram, modelUrl: model.url, groups: `allowed = ["${GROUP}"]` });
    home = createGatewayHome({ config });
    gateway = await home.start();
    await telegram.until(() => telegram.polling);
  });
  after(async () => {
    const exit = await gateway?.stop();
    await home?.remove();
    await telegram?.close();
    await model?.close();
    assert.deepEqual(exit, { code: 0, signal: null });
    assert.deepEqual(telegram.violations, []);
  });

  const saidTo = (chat: number, text: string | RegExp) => telegram.texts(chat).some((one) => (typeof text === "string" ? one.includes(text) : text.test(one)));
  const until = (chat: number, text: string | RegExp) => telegram.until(() => saidTo(chat, text), 20_000);
  /** The newest question with buttons in the owner's chat. */
  const question = (holding: string): StoredMessage | undefined =>
    telegram.messages(OWNER).findLast(({ message }) => (message as Keyboard).reply_markup !== undefined && (message.text ?? "").includes(holding));
  const press = (stored: StoredMessage, label: string) => {
    const buttons = (stored.message as Keyboard).reply_markup!.inline_keyboard.flat();
    const button = buttons.find(({ text }) => text === label);
    assert.ok(button, `no button ${label} among ${buttons.map(({ text }) => text).join(", ")}`);
    telegram.press({ chat: OWNER, messageId: stored.message.message_id, from: OWNER, data: button.callback_data });
  };
  const cli = async (...args: string[]) => {
    const run = home.spawn(args);
    run.ready.catch(() => {});
    const exit = await run.exited;
    return { code: exit.code, out: run.stdout(), err: run.stderr() };
  };
  const shell = (text: string) => `CALL shell ${JSON.stringify({ argv: ["/bin/echo", text] })}`;

  test("a stranger is given a code, and the owner lets them in by it from their own chat (sec-37)", async () => {
    telegram.say({ from: FRIEND, text: "hello?" });
    await until(FRIEND, "pairing code");
    const [, code] = /pairing code is (\w{8})/.exec(telegram.texts(FRIEND)[0]!)!;
    telegram.say({ from: FRIEND, text: `/pair ${code}` });
    telegram.say({ text: `/pair ${code}` });
    await until(OWNER, "Let in:");
    await until(FRIEND, "You are let in");
    telegram.say({ from: FRIEND, text: "thank you" });
    await until(FRIEND, "re: thank you");
    assert.match((await cli("pairing", "list")).out, /telegram:default\s+700\s+approved/);
  });

  test("what the friend asks for is shown to the owner with its exact plan, and a button runs it", async () => {
    telegram.say({ from: FRIEND, text: `CALL write ${JSON.stringify({ path: "note.txt", content: "made for a friend" })}` });
    await until(FRIEND, "Waiting for the owner.");
    await telegram.until(() => question("made for a friend") !== undefined);
    const asked = question("made for a friend")!;
    assert.match(asked.message.text!, /Tool: write\n[^]*\npath: "note\.txt"\ncontent: "made for a friend"/);
    assert.match(asked.message.text!, /Asked by: trusted 700 on telegram/);
    press(asked, "Allow once");
    await until(FRIEND, /^tool said: (?!\[error\]).*note\.txt/s);
    await telegram.until(() => (question("made for a friend")?.message as Keyboard | undefined)?.reply_markup === undefined);
    assert.ok(telegram.callsOf("answerCallbackQuery").some(({ args }) => String(args["text"]).startsWith("Approved this once: write")));
  });

  test("a command of the friend's runs in the sandbox once a button has been pressed, and they read what it printed", async () => {
    telegram.say({ from: FRIEND, text: `CALL shell ${JSON.stringify({ argv: ["/bin/echo", "printed", "for", "a", "friend"] })}` });
    await telegram.until(() => question("printed") !== undefined);
    const asked = question("printed")!;
    assert.match(asked.message.text!, /Tool: shell\n[^]*argv: \["\/bin\/echo", ?"printed", ?"for", ?"a", ?"friend"\]/);
    assert.ok(!telegram.texts(FRIEND).some((text) => text.includes("printed for a friend")), "nothing has run yet");
    press(asked, "Allow once");
    await until(FRIEND, /^tool said: (?!\[error\])[^]*printed for a friend/);
  });

  test("the owner says no, and the assistant hears it", async () => {
    telegram.say({ from: FRIEND, text: shell("not this") });
    await telegram.until(() => question("not this") !== undefined);
    press(question("not this")!, "Deny");
    await until(FRIEND, /^tool said: \[error\] The owner denied this/);
  });

  test("a guest of a group is refused politely and the owner is not bothered (sec-40)", async () => {
    const before = telegram.messages(OWNER).length;
    telegram.say({ chat: GROUP, from: 800, text: `@fake_clanker_bot\n${shell("for a guest")}` });
    await until(GROUP, /tool said: .*no tool named/);
    assert.equal(telegram.messages(OWNER).length, before);
  });

  test("a question outlives a kill, and is answered by the command line after the restart (sec-55, fault-1)", async () => {
    telegram.say({ text: shell("after the crash") });
    await telegram.until(() => question("after the crash") !== undefined);
    assert.match(question("after the crash")!.message.text!, /executable: \{"path":"[^"]+","sha256":"[0-9a-f]{64}"\}/);
    gateway.kill("SIGKILL");
    await gateway.exited;
    gateway = await home.start();
    const list = await cli("approvals", "list", "--json");
    const { approvals } = JSON.parse(list.out) as { approvals: { code: string; tool: string }[] };
    assert.equal(approvals.length, 1);
    const answer = await cli("approvals", "approve", approvals[0]!.code);
    assert.equal(answer.code, 0, answer.err);
    assert.match(answer.out, /^Approved this once: shell/);
    await until(OWNER, /^tool said: .*after the crash/s);
    assert.equal((await cli("approvals", "deny", approvals[0]!.code)).code, 1);
  });

  test("the audit has it all, and is whole (sec-113)", async () => {
    const verified = await cli("audit", "verify");
    assert.equal(verified.code, 0, verified.out + verified.err);
    const { records } = JSON.parse((await cli("audit", "list", "--json", "--limit", "1000")).out) as { records: { kind: string }[] };
    const kinds = new Set(records.map(({ kind }) => kind));
    for (const kind of [
      "pairing.asked",
      "pairing.approved",
      "approval.asked",
      "approval.approved",
      "approval.denied",
      "tool.started",
      "tool.finished",
      "tool.denied",
    ])
      assert.ok(kinds.has(kind), `${kind} is not among ${[...kinds].join(", ")}`);
    assert.ok(!JSON.stringify(records).includes("made for a friend"), "no words of people or programs");
  });
});
