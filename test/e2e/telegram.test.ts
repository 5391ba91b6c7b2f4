import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { crc32, deflateSync } from "node:zlib";
import { startFakeTelegram, type FakeTelegram } from "../fakes/telegram/index.ts";
import { startEchoModel, type EchoModel } from "../faults/echo-model.ts";
import { createGatewayHome, gatewayConfig, GATEWAY_TOKEN, type GatewayHome, type RunningGateway } from "../faults/gateway-process.ts";

const GROUP = -1001;
const ADA = 42;
const STRANGER = 666;

describe("the program and Telegram", () => {
  let telegram: FakeTelegram;
  let model: EchoModel;
  let home: GatewayHome;
  let gateway: RunningGateway;

  before(async () => {
    telegram = await startFakeTelegram();
    model = await startEchoModel({ pace: 2 });
    home = createGatewayHome({ config: gatewayConfig({ telegram, modelUrl: model.url, allowed: [7, 8, 9], groups: `allowed = ["${GROUP}"]` }) });
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
  beforeEach(() => {
    model.answer = (line) => `re: ${line}`;
    model.pace = 2;
  });

  /** Says something and waits for the answer. */
  const ask = async (said: Parameters<FakeTelegram["say"]>[0], answer: string) => {
    telegram.say(said);
    await telegram.until(() => telegram.texts(said.chat ?? Number(said.from ?? ADA)).includes(answer));
  };

  test("a text is answered in its chat, with typing shown, and the commands are registered", async () => {
    await ask({ text: "good morning" }, "re: good morning");
    assert.ok(telegram.callsOf("sendChatAction").length > 0);
    assert.ok(telegram.commands.some(({ command }) => command === "new"));
  });

  test("a photo reaches the model as an image with its caption", async () => {
    const bytes = tinyPng();
    const texts = telegram.texts(ADA).length;
    telegram.photo({ bytes, caption: "what is this" });
    await telegram.until(() => telegram.texts(ADA).length > texts);
    const content = model.requests.at(-1)!.messages.findLast((message) => message.role === "user")!.content as { type: string; image_url?: { url: string } }[];
    const url = content.find((part) => part.type === "image_url")?.image_url?.url ?? "";
    assert.match(url, /^data:image\/[a-z]+;base64,/);
    assert.deepEqual(Buffer.from(url.split(",")[1]!, "base64"), Buffer.from(bytes));
    assert.ok(JSON.stringify(content).includes("what is this"));
  });

  test("an answer longer than a message comes in parts, in order, and a cut code block is closed and opened again (fault-27)", async () => {
    const lines = Array.from({ length: 400 }, (_, index) => `const value${index} = ${index};`);
    const outro = "That was the whole program.";
    model.pace = 0;
    model.answer = () => `Here it is:\n\n\`\`\`ts\n${lines.join("\n")}\n\`\`\`\n\n${outro}`;
    telegram.say({ from: 7, text: "a long program please" });
    await telegram.until(() => telegram.texts(7).some((text) => text.includes(outro)));
    const shown = telegram.messages(7).filter(({ byBot }) => byBot);
    assert.ok(shown.length > 1);
    for (const { message } of shown) assert.ok(message.text!.length <= 4096);
    const code = shown.flatMap(({ message }) =>
      (message.entities ?? []).filter((entity) => entity.type === "pre").map((entity) => message.text!.slice(entity.offset, entity.offset + entity.length)),
    );
    assert.equal(code.length, shown.length, "every part carries its piece of the code as code");
    assert.deepEqual(
      code.flatMap((piece) => piece.split("\n")).filter((line) => line !== ""),
      lines,
    );
  });

  test("in a group only an address starts a turn, and what was said before is its context", async () => {
    const asked = model.requests.length;
    telegram.say({ chat: GROUP, from: 7, text: "the meeting is at nine" });
    telegram.say({ chat: GROUP, from: 8, text: "so early" });
    await ask({ chat: GROUP, from: 7, text: "when is it @fake_clanker_bot" }, "re: when is it @fake_clanker_bot");
    assert.equal(model.requests.length, asked + 1);
    const prompt = JSON.stringify(model.requests.at(-1)!.messages);
    assert.ok(prompt.includes("the meeting is at nine") && prompt.includes("so early"));
    const answer = telegram.messages(GROUP).find(({ byBot }) => byBot)!.message;
    assert.equal(answer.reply_to_message?.text, "when is it @fake_clanker_bot");
  });

  test("a stranger is refused and told once how to be let in; the model hears nothing (sec-34)", async () => {
    const asked = model.requests.length;
    telegram.say({ from: STRANGER, text: "let me in" });
    await telegram.until(() => telegram.texts(STRANGER).length > 0);
    telegram.say({ from: STRANGER, text: "please" });
    // What comes after it in the same queue is answered: so the second one has been handled.
    await ask({ from: 8, text: "after the stranger" }, "re: after the stranger");
    assert.equal(telegram.texts(STRANGER).length, 1);
    assert.match(telegram.texts(STRANGER)[0]!, /666/);
    assert.equal(model.requests.length, asked + 1);
    assert.ok(!telegram.callsOf("sendChatAction").some((call) => String(call.args["chat_id"]) === String(STRANGER)));
  });

  test("the assistant reacts to what it was told, offers buttons, and a press of one is said by whoever presses", async () => {
    const said = telegram.say({ text: `CALL message_action ${JSON.stringify({ action: "react", text: "🎉" })}` });
    const stored = () => telegram.messages(ADA).find(({ message }) => message.message_id === said.message_id);
    await telegram.until(() => stored()?.reactions?.[0] === "🎉" && telegram.texts(ADA).some((text) => text.includes("The reaction is there.")));
    telegram.say({ text: `CALL message_send ${JSON.stringify({ to: "here", text: "Tea?", buttons: ["Yes, please", "No"] })}` });
    const asked = () => telegram.messages(ADA).find(({ byBot, message }) => byBot && message.text === "Tea?");
    await telegram.until(() => asked() !== undefined && telegram.texts(ADA).some((text) => text.includes("on its way")));
    const { inline_keyboard: rows } = (asked()!.message as { reply_markup?: { inline_keyboard: { text: string; callback_data: string }[][] } }).reply_markup!;
    assert.deepEqual(
      rows.flat().map(({ text }) => text),
      ["Yes, please", "No"],
    );
    telegram.press({ chat: ADA, messageId: asked()!.message.message_id, from: ADA, data: rows[0]![0]!.callback_data });
    await telegram.until(() => telegram.texts(ADA).includes("re: Yes, please"));
  });

  test("/metrics tells what waits and what was asked of other servers", async () => {
    const response = await fetch(`${gateway.url}/metrics`, { headers: { authorization: `Bearer ${GATEWAY_TOKEN}` } });
    const text = await response.text();
    for (const queue of ["inbox", "turns", "deliveries"]) assert.match(text, new RegExp(`^clanker_queue_size\\{queue="${queue}"\\} \\d+$`, "m"));
    assert.ok(text.includes(`clanker_egress_requests_total{origin="${telegram.url}",result="2xx"}`), text);
    assert.ok(text.includes(`clanker_egress_seconds_count{origin="${new URL(model.url).origin}"}`), text);
  });

  test("a stranger is let in at once by the very command of the notice, run against the running gateway", async () => {
    telegram.say({ from: 667, text: "may I" });
    await telegram.until(() => telegram.texts(667).length > 0);
    const [program, ...args] = telegram.texts(667)[0]!.split("\n").at(-1)!.split(" ");
    assert.equal(program, "clanker");
    const run = home.spawn(args);
    run.ready.catch(() => {});
    assert.deepEqual(await run.exited, { code: 0, signal: null }, run.stderr());
    assert.match(run.stdout(), /^let in: .*\(667 on telegram\)\n$/);
    await telegram.until(() => telegram.texts(667).some((text) => text.startsWith("You are let in")));
    await ask({ from: 667, text: "thank you" }, "re: thank you");
  });

  test("an edit of a message that still waits changes what the model is asked", async () => {
    model.hold();
    telegram.say({ from: 9, text: "first" });
    await telegram.until(() => model.requests.at(-1)?.line === "first");
    const waiting = telegram.say({ from: 9, text: "secnod" });
    telegram.edit(waiting, "second");
    await telegram.until(() => telegram.pending.length === 0);
    model.release();
    await telegram.until(() => telegram.texts(9).includes("re: second"));
    assert.ok(!telegram.texts(9).includes("re: secnod"));
    assert.deepEqual(telegram.texts(9), ["re: first", "re: second"]);
  });

  test("a growing answer is shown as one message that is edited", async () => {
    model.pace = 60;
    const line = Array.from({ length: 40 }, (_, index) => `word${index}`).join(" ");
    await ask({ from: 8, text: line }, `re: ${line}`);
    const shown = telegram.messages(8).filter(({ byBot, message, edits }) => byBot && (message.text === `re: ${line}` || edits.length > 0));
    assert.equal(shown.length, 1);
    assert.ok(shown[0]!.edits.length >= 1);
    assert.equal(telegram.texts(8).filter((text) => text.startsWith("re: word0")).length, 1);
  });

  test("a chat that is flooded gets its answer after retry_after and not before; others are served meanwhile (fault-23)", async () => {
    telegram.flood(7, 3);
    telegram.say({ from: 7, text: "flooded" });
    await telegram.until(() => model.requests.at(-1)?.line === "flooded");
    await ask({ from: 9, text: "not flooded" }, "re: not flooded");
    assert.ok(!telegram.texts(7).includes("re: flooded"));
    await telegram.until(() => telegram.texts(7).includes("re: flooded"));
    assert.deepEqual(telegram.violations, []);
  });

  test("a second program on the same bot makes the channel degraded, and it heals by itself when that leaves (fault-45)", async () => {
    telegram.rival(true);
    const channelState = async () => {
      const { body } = await gateway.call("GET", "/api/channels/status");
      return JSON.stringify(body);
    };
    let state = "";
    for (const deadline = Date.now() + 10_000; !state.includes("degraded") && Date.now() < deadline;) state = await channelState();
    assert.match(state, /degraded/);
    telegram.rival(false);
    telegram.say({ from: 9, text: "after the rival" });
    await telegram.until(() => telegram.texts(9).includes("re: after the rival"), 30_000);
    assert.equal(telegram.simultaneousPolls, 0);
  });

  test("/stop ends the running answer, and /new begins a conversation that knows nothing of the old one", async () => {
    model.hold();
    telegram.say({ from: 9, text: "never answered" });
    await telegram.until(() => model.requests.at(-1)?.line === "never answered");
    await ask({ from: 9, text: "/stop" }, "Stopped.");
    model.release();
    await ask({ from: 9, text: "/new" }, "A new conversation. The old one is kept.");
    await ask({ from: 9, text: "who am I" }, "re: who am I");
    assert.ok(!telegram.texts(9).includes("re: never answered"));
    assert.ok(!JSON.stringify(model.requests.at(-1)!.messages).includes("never answered"));
  });

  test("the answer to a send whose reply is lost is in doubt: it is not sent again, and the owner is told (fault-22)", async () => {
    telegram.dropAfterProcessing("sendMessage");
    await ask({ from: 7, text: "doubtful" }, "re: doubtful");
    await telegram.until(() => telegram.texts(ADA).some((text) => text.includes("may or may not have arrived")));
    await ask({ from: 7, text: "certain" }, "re: certain");
    assert.equal(telegram.texts(7).filter((text) => text === "re: doubtful").length, 1);
  });
});

/** One red pixel. */
function tinyPng(): Uint8Array {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, "ascii"), data]);
    const whole = Buffer.alloc(body.length + 8);
    whole.writeUInt32BE(data.length, 0);
    body.copy(whole, 4);
    whole.writeUInt32BE(crc32(body), body.length + 4);
    return whole;
  };
  const header = Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0]);
  const pixels = deflateSync(Buffer.from([0, 255, 0, 0]));
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk("IHDR", header), chunk("IDAT", pixels), chunk("IEND", Buffer.alloc(0))]);
}
