import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { CHANNEL, DIRECT, PERSON, startFakeDiscord, THREAD, type FakeDiscord } from "../fakes/discord/index.ts";
import { startEchoModel, type EchoModel } from "../faults/echo-model.ts";
import { createGatewayHome, gatewayConfig, type GatewayHome, type RunningGateway } from "../faults/gateway-process.ts";

const STRANGER = "100000000000000666";

describe("the program and Discord", () => {
  let discord: FakeDiscord;
  let model: EchoModel;
  let home: GatewayHome;
  let gateway: RunningGateway;

  before(async () => {
    discord = await startFakeDiscord();
    model = await startEchoModel({ pace: 0 });
    home = createGatewayHome({
      config: `${gatewayConfig({ modelUrl: model.url })}
[channels.discord]
token = "${discord.token}"
api_root = "${discord.url}"
owner_ids = ["${PERSON}"]
groups.allowed = ["${CHANNEL}"]
`,
    });
    gateway = await home.start();
    await discord.until(() => discord.log.identifies === 1);
  });
  after(async () => {
    const exit = await gateway?.stop();
    await home?.remove();
    await discord?.close();
    await model?.close();
    assert.deepEqual(exit, { code: 0, signal: null });
    assert.deepEqual(discord.violations, []);
  });

  const answered = (channel: string, text: string | RegExp) =>
    discord.until(() => discord.texts(channel).some((one) => (typeof text === "string" ? one === text : text.test(one))));

  test("a direct message, a mention in a channel and one in a thread are answered where they were said", async () => {
    discord.say({ text: "good morning" });
    await answered(DIRECT, "re: good morning");
    const mentions = [discord.me];
    discord.say({ text: `<@${discord.me.id}> you there`, channel: CHANNEL, more: { mentions } });
    await answered(CHANNEL, /re: .*you there/s);
    discord.say({ text: `<@${discord.me.id}> and here`, channel: THREAD, more: { mentions } });
    await answered(THREAD, /re: .*and here/s);
  });

  test("sec-34 a stranger starts nothing: no turn, no answer to a command", async () => {
    const requests = model.requests.length;
    discord.press({ id: discord.messages(DIRECT)[0]!.id, channel_id: DIRECT }, "ask:AAAAAAAA:once", STRANGER);
    discord.say({
      text: `<@${discord.me.id}> hello`,
      channel: CHANNEL,
      from: STRANGER,
      more: { mentions: [discord.me], guild_id: "1", channel_id: "600000000000000001" },
    });
    discord.say({ text: "marker" });
    await answered(DIRECT, "re: marker");
    assert.equal(model.requests.length, requests + 1);
    assert.deepEqual(discord.interactionAnswers, []);
  });

  test("a slash command is answered at once and in the conversation", async () => {
    const id = discord.slash("whoami");
    await discord.until(() => discord.interactionAnswers.some((answer) => answer.id === id));
    await answered(DIRECT, new RegExp(PERSON));
  });

  test("what the assistant may not do alone is asked with buttons, and a press answers it", async () => {
    discord.say({ text: `CALL shell ${JSON.stringify({ argv: ["/bin/echo", "x"] })}` });
    const asked = () => discord.messages(DIRECT).findLast((message) => (message["components"] as unknown[] | undefined)?.length);
    await discord.until(() => asked() !== undefined);
    const question = asked()!;
    const [row] = question["components"] as { components: { label: string; custom_id: string }[] }[];
    const id = discord.press(question, row!.components.find(({ label }) => label === "Deny")!.custom_id);
    await discord.until(() => discord.interactionAnswers.some((answer) => answer.id === id && answer.body["type"] === 7));
    await answered(DIRECT, /tool said/);
  });

  test("killed without warning, it resumes, answers what came meanwhile, and says nothing twice (fault-26, fault-47)", async () => {
    discord.say({ text: "before the end" });
    await answered(DIRECT, "re: before the end");
    gateway.kill("SIGKILL");
    await gateway.exited;
    discord.say({ text: "while it was away" });
    gateway = await home.start();
    await answered(DIRECT, "re: while it was away");
    assert.equal(discord.log.resumes, 1);
    gateway.kill("SIGKILL");
    await gateway.exited;
    discord.forgetSession();
    discord.say({ text: "and again" });
    gateway = await home.start();
    await answered(DIRECT, "re: and again");
    assert.equal(discord.log.identifies, 2);
    const texts = discord.texts(DIRECT);
    for (const text of ["re: before the end", "re: while it was away", "re: and again"]) assert.equal(texts.filter((one) => one === text).length, 1);
  });

  test("status shows the account with the time it was last heard", async () => {
    const run = home.spawn(["channels", "status"]);
    run.ready.catch(() => {});
    await run.exited;
    assert.match(run.stdout(), /discord.*default.*ready.*@clanker/);
  });
});
