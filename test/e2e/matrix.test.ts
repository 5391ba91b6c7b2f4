import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { BOT, ANN, PASSWORD, type FakeMatrix, startFakeMatrix } from "../fakes/matrix/index.ts";
import { createPerson, type Person } from "../fakes/matrix/person.ts";
import { startEchoModel, type EchoModel } from "../faults/echo-model.ts";
import { createGatewayHome, gatewayConfig, type GatewayHome, type RunningGateway } from "../faults/gateway-process.ts";

function matrixConfig(matrix: FakeMatrix): string {
  return [
    "[channels.matrix]",
    `homeserver = ${JSON.stringify(matrix.url)}`,
    `user = ${JSON.stringify(BOT)}`,
    `password = ${JSON.stringify(PASSWORD)}`,
    `owner_ids = [${JSON.stringify(ANN)}]`,
  ].join("\n");
}

/** What the assistant's messages say by now, edits applied. */
function shown(heard: Awaited<ReturnType<Person["settle"]>>): string[] {
  const said = new Map<string, string>();
  for (const { sender, content, event_id: id, encrypted } of heard) {
    if (sender !== BOT || content["body"] === undefined) continue;
    assert.ok(encrypted, "something was said in the open");
    const relation = content["m.relates_to"] as { rel_type?: string; event_id?: string } | undefined;
    const fresh = content["m.new_content"] as { body?: unknown } | undefined;
    said.set(relation?.rel_type === "m.replace" ? relation.event_id! : id, String(fresh?.body ?? content["body"]));
  }
  return [...said.values()];
}

describe("the program and an encrypted Matrix room", () => {
  let matrix: FakeMatrix;
  let model: EchoModel;
  let home: GatewayHome;
  let gateway: RunningGateway;
  let ann: Person;
  let room: string;
  const heard: Awaited<ReturnType<Person["settle"]>> = [];

  before(async () => {
    matrix = await startFakeMatrix({ token: "of-nobody" });
    matrix.world.devices.delete(`${BOT} BOTDEVICE`);
    model = await startEchoModel({ pace: 2 });
    home = createGatewayHome({ config: `${gatewayConfig({ modelUrl: model.url })}${matrixConfig(matrix)}\n` });
    gateway = await home.start();
    ann = await createPerson(matrix, ANN, "ANNPHONE");
    await matrix.until(() => [...matrix.world.devices.values()].some(({ user, oneTime }) => user === BOT && oneTime.size > 0));
    room = matrix.world.createRoom([ANN], { encrypted: true });
    matrix.world.member(room, BOT, "invite", { sender: ANN, content: { is_direct: true } });
    await matrix.until(() => matrix.world.membership(room, BOT) === "join");
  });
  after(async () => {
    const exit = await gateway?.stop();
    await home?.remove();
    ann?.close();
    await matrix?.close();
    await model?.close();
    assert.deepEqual(exit, { code: 0, signal: null });
    assert.deepEqual(matrix.invariants, []);
  });

  /** Reads what comes until the assistant has said it. */
  const until = async (text: string) => {
    for (;;) {
      const { pos } = matrix.world;
      heard.push(...(await ann.settle()));
      if (shown(heard).includes(text)) return;
      await matrix.until(() => matrix.world.pos > pos);
    }
  };
  const ask = async (text: string, answer: string) => {
    await ann.say(room, { msgtype: "m.text", body: text });
    await until(answer);
  };

  test("whom it knows it follows into an encrypted conversation, and answers there", async () => {
    await ask("good morning", "re: good morning");
    assert.ok(!JSON.stringify([...matrix.world.rooms.values()]).includes("good morning"));
  });

  test("killed, it is the same device afterwards: what was sent meanwhile is read, and answered once", async () => {
    const devices = [...matrix.world.devices.keys()];
    gateway.kill("SIGKILL");
    await gateway.exited;
    await ann.say(room, { msgtype: "m.text", body: "while you were away" });
    gateway = await home.start();
    await until("re: while you were away");
    await ask("and now", "re: and now");
    assert.equal(shown(heard).filter((text) => text === "re: while you were away").length, 1);
    assert.deepEqual([...matrix.world.devices.keys()], devices);
  });

  test("fault-1 killed again and again while it is asked and answers, it loses nothing and is the same device", async () => {
    const { events, asked } = { events: () => matrix.world.rooms.get(room)!.length, asked: () => model.requests.length };
    for (let round = 1; round <= 3; round++) {
      const before = asked();
      await ann.say(room, { msgtype: "m.text", body: `slowly ${round}` });
      const said = events();
      // Before it has heard of it, while the model answers, when the first words are there.
      if (round === 2) await matrix.until(() => asked() > before);
      if (round === 3) await matrix.until(() => events() > said);
      gateway.kill("SIGKILL");
      await gateway.exited;
      gateway = await home.start();
      await until(`re: slowly ${round}`);
    }
    assert.deepEqual(matrix.invariants, []);
  });

  test("commands begin with an exclamation mark as well", async () => {
    await ann.say(room, { msgtype: "m.text", body: "!whoami" });
    await matrix.until(() => matrix.world.rooms.get(room)!.at(-1)!.sender === BOT);
    heard.push(...(await ann.settle()));
    assert.ok(shown(heard).some((text) => text.includes(ANN)));
  });
});
