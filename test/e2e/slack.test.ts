import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { startFakeSlack, type FakeSlack } from "../fakes/slack/index.ts";
import { startEchoModel, type EchoModel } from "../faults/echo-model.ts";
import { createGatewayHome, gatewayConfig, type GatewayHome, type RunningGateway } from "../faults/gateway-process.ts";

const OWNER = "U42";
const FRIEND = "U77";
const CHANNEL = "C123";

/** Slack in each mode, of a gateway whose port is not known before it runs. */
function slackConfig(slack: FakeSlack): string {
  return [
    "[channels.slack]",
    `bot_token = ${JSON.stringify(slack.botToken)}`,
    `app_token = ${JSON.stringify(slack.appToken)}`,
    `api_root = ${JSON.stringify(slack.apiRoot)}`,
    `files_root = ${JSON.stringify(slack.url)}`,
    `owner_ids = ["${OWNER}"]`,
    `allowed_users = ["${FRIEND}"]`,
    "[channels.slack.groups]",
    `allowed = ["${CHANNEL}"]`,
    "[channels.slack.accounts.posts]",
    'mode = "webhook"',
    // The same bot under a second token: two accounts never share one (sec-108).
    `bot_token = ${JSON.stringify(`${slack.botToken}-again`)}`,
    `signing_secret = ${JSON.stringify(slack.signingSecret)}`,
    `api_root = ${JSON.stringify(slack.apiRoot)}`,
    `files_root = ${JSON.stringify(slack.url)}`,
    `owner_ids = ["${OWNER}"]`,
  ].join("\n");
}

describe("the program and Slack", () => {
  let slack: FakeSlack;
  let model: EchoModel;
  let home: GatewayHome;
  let gateway: RunningGateway;

  before(async () => {
    slack = await startFakeSlack({ retryMs: 500 });
    slack.addUser(FRIEND, "Grace");
    slack.addChannel("D42", [OWNER]);
    slack.addChannel(CHANNEL, [OWNER, FRIEND]);
    model = await startEchoModel({ pace: 2 });
    home = createGatewayHome({ config: `${gatewayConfig({ modelUrl: model.url })}${slackConfig(slack)}\n` });
    gateway = await home.start();
    await slack.until(() => slack.openSockets === 1, 30_000);
  });
  after(async () => {
    const exit = await gateway?.stop();
    await home?.remove();
    await slack?.close();
    await model?.close();
    assert.deepEqual(exit, { code: 0, signal: null });
    assert.deepEqual(slack.violations, []);
  });
  beforeEach(() => {
    model.answer = (line) => `re: ${line}`;
    model.pace = 2;
  });

  const ask = async (said: Parameters<FakeSlack["say"]>[0], answer: string) => {
    const message = slack.say(said);
    await slack.until(() => slack.texts(message === undefined ? "" : (said.channel ?? `D${(said.user ?? OWNER).slice(1)}`)).includes(answer), 30_000);
    return message;
  };

  test("a direct message is answered", async () => {
    await ask({ text: "good morning" }, "re: good morning");
    assert.equal(slack.messages("D42").filter((one) => one.bot_id !== undefined).length, 1);
  });

  test("a mention in a channel is answered in a thread below it, with typing shown there; the rest of the channel starts nothing", async () => {
    const asked = model.requests.length;
    slack.say({ text: "lunch is at noon", channel: CHANNEL, user: FRIEND });
    const mention = await ask({ text: "<@U0BOT> when is lunch", channel: CHANNEL, user: FRIEND, alsoMention: true }, "re: when is lunch");
    const answer = slack.messages(CHANNEL).find((one) => one.bot_id !== undefined);
    assert.equal(answer?.thread_ts, mention.ts);
    assert.equal(model.requests.length, asked + 1);
    assert.ok(slack.statuses.some((status) => status.thread_ts === mention.ts));
  });

  test("a growing answer is one message that is edited", async () => {
    model.pace = 100;
    const line = Array.from({ length: 40 }, (_, index) => `word${index}`).join(" ");
    await ask({ text: line, user: FRIEND }, `re: ${line}`);
    const shown = slack.messages("D77").filter((one) => one.bot_id !== undefined);
    assert.equal(shown.length, 1);
    assert.ok(slack.callsOf("chat.update").length >= 1);
  });

  test("sec-34 a stranger is told once how to be let in; the model hears nothing and no name is asked for", async () => {
    const asked = model.requests.length;
    slack.say({ user: "U666", text: "let me in" });
    slack.addChannel("D666");
    await slack.until(() => slack.texts("D666").length > 0, 30_000);
    slack.say({ user: "U666", text: "please" });
    await ask({ text: "after the stranger" }, "re: after the stranger");
    assert.equal(slack.texts("D666").length, 1);
    assert.equal(model.requests.length, asked + 1);
    assert.ok(!slack.callsOf("users.info").some((call) => call.args["user"] === "U666"));
  });

  test("a file reaches the model", async () => {
    const id = slack.addFile(Buffer.from("\u0089PNG not really", "latin1"), { name: "a.png", type: "image/png" });
    const before = slack.texts("D42").length;
    slack.say({ text: "what is this", files: [id] });
    await slack.until(() => slack.texts("D42").length > before, 30_000);
    assert.equal(slack.callsOf("files.info").length, 1);
  });

  test("the slash command reaches our commands", async () => {
    slack.command("whoami");
    await slack.until(() => slack.texts("D42").some((text) => text.includes(OWNER)), 30_000);
  });

  test("what a friend asks for is shown to the owner with buttons, and their press alone runs it, once; afterwards the buttons are gone (sec-35)", async () => {
    // The owner has written last in their direct conversation: there the question is asked.
    await ask({ text: "I am here" }, "re: I am here");
    slack.say({ user: FRIEND, text: `CALL write ${JSON.stringify({ path: "note.txt", content: "made for a friend" })}` });
    const question = () => slack.messages("D42").findLast((one) => one.bot_id !== undefined && one.text.includes("made for a friend"));
    await slack.until(() => question()?.blocks?.some((block) => block.type === "actions") === true, 30_000);
    slack.press("D42", "Allow once", FRIEND);
    await slack.until(() => slack.deliveries.all.at(-1)?.taken === true, 30_000);
    assert.ok(!slack.texts("D77").some((text) => text.startsWith("tool said:")));
    slack.press("D42", "Allow once");
    slack.press("D42", "Allow once");
    await slack.until(() => slack.texts("D77").some((text) => /^tool said: (?!\[error\]).*note\.txt/s.test(text)), 30_000);
    await slack.until(() => question()?.blocks?.some((block) => block.type === "actions") === false, 30_000);
    assert.equal(slack.texts("D77").filter((text) => text.startsWith("tool said:")).length, 1);
  });

  test("the owner lets somebody in by the slash command", async () => {
    slack.addChannel("D78");
    slack.say({ user: "U78", text: "hello?" });
    await slack.until(() => slack.texts("D78").length > 0, 30_000);
    const [, code] = /pairing code is (\w{8})/.exec(slack.texts("D78")[0]!)!;
    slack.command(`pair ${code}`, { user: "U78" });
    slack.command(`pair ${code}`);
    await slack.until(() => slack.texts("D78").some((text) => text.includes("You are let in")), 30_000);
    await ask({ user: "U78", text: "thank you" }, "re: thank you");
  });

  test("fault-22 an answer whose send was lost but is there is not in doubt", async () => {
    slack.dropAfterProcessing("chat.postMessage");
    await ask({ text: "lost and found" }, "re: lost and found");
    await ask({ text: "next" }, "re: next");
    assert.ok(!slack.texts("D42").some((text) => text.includes("may or may not have arrived")));
  });

  test("killed and started again, it answers what was said meanwhile, once (fault-47)", async () => {
    gateway.kill("SIGKILL");
    await gateway.exited;
    slack.say({ text: "said while it was away", unheard: true });
    gateway = await home.start();
    await slack.until(() => slack.texts("D42").includes("re: said while it was away"), 30_000);
    await ask({ text: "back again" }, "re: back again");
    assert.equal(slack.texts("D42").filter((text) => text === "re: said while it was away").length, 1);
  });

  test("a second account takes signed posts at its own address", async () => {
    slack.deliveries.requestUrl = `${gateway.url}/channels/slack/posts/webhook`;
    await ask({ text: "by post" }, "re: by post");
    assert.deepEqual([...new Set(slack.deliveries.answers)], [200]);
    const { body } = await gateway.call("GET", "/api/channels/status");
    const channels = body["channels"] as { account: string; state: string; last_event_at?: number }[];
    assert.deepEqual(
      channels.map(({ account, state, last_event_at: at }) => [account, state, at !== undefined]),
      [
        ["default", "ready", true],
        ["posts", "ready", true],
      ],
    );
  });
});
