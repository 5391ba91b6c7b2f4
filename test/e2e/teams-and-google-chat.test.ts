import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { DIRECT as CHAT_DIRECT, type FakeGoogleChat, ANN as GOOGLE_ANN, PROJECT, startFakeGoogleChat, TOWN as SPACE } from "../fakes/googlechat/index.ts";
import { ANN, APP, DIRECT, type FakeTeams, readMessage, startFakeTeams, TENANT, TOWN } from "../fakes/teams/index.ts";
import { startEchoModel, type EchoModel } from "../faults/echo-model.ts";
import { createGatewayHome, gatewayConfig, type GatewayHome, type RunningGateway } from "../faults/gateway-process.ts";

const PASSWORD = "canary-e2e-teams-password";
const BOB = "b0b0b0b0-3d56-4244-b585-20c8a42ed2b8";
const BOB_DIRECT = "a:1direct-conversation-with-bob";
const LONG = 30_000;

describe("the program, Teams and Google Chat", () => {
  let teams: FakeTeams;
  let chat: FakeGoogleChat;
  let model: EchoModel;
  let home: GatewayHome;
  let gateway: RunningGateway;

  const start = async () => {
    gateway = await home.start();
    teams.gateway = `${gateway.url}/channels/teams/webhook`;
    chat.gateway = `${gateway.url}/channels/googlechat/webhook`;
  };

  before(async () => {
    teams = await startFakeTeams({ password: PASSWORD });
    teams.conversations.set(BOB_DIRECT, "personal");
    chat = await startFakeGoogleChat();
    model = await startEchoModel({ pace: 2 });
    const config = `[channels.teams]
app_id = "${APP}"
app_password = "${PASSWORD}"
tenant_id = "${TENANT}"
service_urls = ["${teams.origin}/teams/"]
login_url = "${teams.origin}/login/"
metadata_url = "${teams.origin}/metadata"
owner_ids = ["${ANN}"]
allowed_users = ["${BOB}"]
[channels.teams.groups]
allowed = ["${TOWN}"]
[channels.googlechat]
service_account = "file:key.json"
audience = "${PROJECT}"
api_url = "${chat.origin}"
token_url = "${chat.origin}/token"
keys_url = "${chat.origin}/keys"
owner_ids = ["${GOOGLE_ANN}"]
[channels.googlechat.groups]
allowed = ["${SPACE}"]
`;
    home = createGatewayHome({ config: `${gatewayConfig({ modelUrl: model.url })}${config}` });
    writeFileSync(join(home.configFile, "../key.json"), chat.keyFile, { mode: 0o600 });
    await start();
  });
  after(async () => {
    const exit = await gateway?.stop();
    await home?.remove();
    await teams?.close();
    await chat?.close();
    await model?.close();
    assert.deepEqual(exit, { code: 0, signal: null });
    assert.deepEqual(teams.wrongs, []);
  });

  const until = async (condition: () => boolean, what: string) => {
    const end = Date.now() + LONG;
    while (!condition()) {
      assert.ok(Date.now() < end, `still not: ${what}; ${JSON.stringify([...teams.messages.values()].map(readMessage))}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const teamsSays = (conversation: string, text: string) => until(() => teams.texts(conversation).includes(text), text);
  const chatSays = (space: string, text: string) => until(() => chat.texts(space).includes(text), text);

  test("both are ready, and a direct message to each is answered", async () => {
    await teams.deliver(teams.message("good morning"));
    await chat.deliver(chat.message("good evening"));
    await teamsSays(DIRECT, "re: good morning");
    await chatSays(CHAT_DIRECT, "re: good evening");
  });

  test("a mention in a channel and one in a space are answered in their threads", async () => {
    await teams.deliver(teams.mention("when is lunch", { conversation: `${TOWN};messageid=17` }));
    await chat.deliver(chat.mention("when is tea", { thread: { name: `spaces/${SPACE}/threads/T1` } }));
    await teamsSays(TOWN, "re: when is lunch");
    await chatSays(SPACE, "re: when is tea");
    assert.ok([...teams.messages.values()].some(({ conversation }) => conversation === `${TOWN};messageid=17`));
    assert.ok([...chat.messages.values()].some(({ thread }) => thread?.name === `spaces/${SPACE}/threads/T1`));
  });

  test("sec-34 a stranger hears once how to be let in, and the model hears nothing", async () => {
    const asked = model.requests.length;
    const stranger = "66666666-6666-6666-6666-666666666666";
    const conversation = "a:1stranger";
    teams.conversations.set(conversation, "personal");
    await teams.deliver(teams.message("let me in", { from: stranger, conversation }));
    await until(() => teams.texts(conversation).length === 1, "a pairing code");
    assert.equal(model.requests.length, asked);
  });

  test("what a friend asks for is shown to the owner in a card; the friend's press does nothing, the owner's runs it and takes the buttons away (sec-35)", async () => {
    await teams.deliver(teams.message("I am here"));
    await teamsSays(DIRECT, "re: I am here");
    await teams.deliver(
      teams.message(`CALL write ${JSON.stringify({ path: "note.txt", content: "made for a friend" })}`, { from: BOB, conversation: BOB_DIRECT }),
    );
    const question = () =>
      [...teams.messages.values()].find((message) => message.conversation === DIRECT && readMessage(message).includes("made for a friend"));
    await until(() => question() !== undefined, "the question");
    const press = async (more: object) =>
      (await (await teams.post(teams.press(question()!.id, "Allow once", { ...more }))).json()) as { type: string; value: unknown };
    await press({ from: BOB });
    assert.ok(!teams.texts(BOB_DIRECT).some((text) => text.startsWith("tool said:")));
    const answered = await press({});
    assert.equal(answered.type, "application/vnd.microsoft.card.adaptive");
    assert.ok(!JSON.stringify(answered.value).includes("Action.Execute"));
    await until(() => teams.texts(BOB_DIRECT).some((text) => text.startsWith("tool said:")), "the tool's result");
  });

  test("fault-26 after a restart the connector is found where the conversation was, and nothing is said twice", async () => {
    const said = teams.texts(BOB_DIRECT).length;
    await gateway.stop();
    await start();
    // From the program itself, with nothing coming in before: only the record knows the region.
    const answered = await gateway.call("POST", "/api/send", { channel: "teams", to: BOB_DIRECT, message: "by the way" });
    assert.equal(answered.status, 200, JSON.stringify(answered.body));
    await teamsSays(BOB_DIRECT, "by the way");
    assert.equal(teams.texts(BOB_DIRECT).length, said + 1);
    assert.ok(teams.paths.at(-1)!.startsWith("/amer/"));
  });
});
