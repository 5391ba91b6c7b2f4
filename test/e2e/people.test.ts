import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startFakeTelegram, type FakeTelegram } from "../fakes/telegram/index.ts";
import { startEchoModel, type EchoModel } from "../faults/echo-model.ts";
import { createGatewayHome, gatewayConfig, type GatewayHome, type RunningGateway } from "../faults/gateway-process.ts";

const OWNER = 42;
const LEAVING = 7_707_707;
const GROUP = -1001;
/** Words that nobody says by chance. */
const CANARY = "xylophonquartz";

/** Somebody wants to be forgotten, and the owner does it. */
describe("a person's data", () => {
  let telegram: FakeTelegram;
  let model: EchoModel;
  let home: GatewayHome;
  let gateway: RunningGateway;

  before(async () => {
    telegram = await startFakeTelegram();
    model = await startEchoModel({ pace: 0 });
    const config = gatewayConfig({ telegram, modelUrl: model.url, allowed: [LEAVING], groups: `allowed = ["${GROUP}"]\nrequire_mention = false` });
    home = createGatewayHome({ config });
    home.writeConfig(
      config
        .replace('level = "info"', 'level = "debug"')
        // Nobody listens there: what this hook is to be told waits.
        .concat('\n[hooks.out.away]\nurl = "http://127.0.0.1:9/"\nsecret = "secret-of-the-receiver"\nevents = ["message.accepted", "turn.ended", "notice"]\n')
        .replace("[logging]", `[logging]\nfile = ${JSON.stringify(join(home.dataFolder, "logs/gateway.log"))}`),
    );
    gateway = await home.start();
  });
  after(async () => {
    await home?.remove();
    await telegram?.close();
    await model?.close();
  });

  const say = async (from: number, text: string, chat = from) => {
    telegram.say({ from, chat, text });
    await telegram.until(() => telegram.texts(chat).some((one) => one.includes(text)), 20_000);
  };
  const call = async (method: string, params: object) => {
    const { status, body } = await gateway.call("POST", `/api/${method.replace(".", "/")}`, params);
    return { status, body: body as Record<string, unknown> & { error?: { code: string } } };
  };
  /** Files of the home in which a text stands. */
  const filesWith = (text: string) =>
    (readdirSync(home.folder, { recursive: true }) as string[]).filter((name) => {
      const path = join(home.folder, name);
      // The config is the owner's: it names whom they let in.
      return !name.startsWith("config.") && statSync(path).isFile() && readFileSync(path).includes(text);
    });

  test("is handed out whole, then forgotten: no word and no id of theirs is in any file; what others said stays", async () => {
    await say(LEAVING, `${CANARY} in private`);
    await say(LEAVING, `${CANARY} in the group`, GROUP);
    await say(OWNER, "the owner stays", GROUP);
    const who = { channel: "telegram", sender: String(LEAVING) };
    const records: Record<string, unknown>[] = [];
    for (let after: unknown, first = true; first || after !== undefined; first = false) {
      const page = await call("sessions.export_user", { ...who, ...(after === undefined ? {} : { after }) });
      assert.equal(page.status, 200, JSON.stringify(page.body));
      records.push(...(page.body["records"] as Record<string, unknown>[]));
      after = page.body["after"];
    }
    const text = JSON.stringify(records);
    for (const words of [`${CANARY} in private`, `${CANARY} in the group`, `re: ${CANARY} in private`, String(LEAVING)]) assert.ok(text.includes(words), words);
    assert.ok(!text.includes("the owner stays"));
    assert.notDeepEqual(filesWith(CANARY), []);

    const exported = home.spawn(["sessions", "export-user", `telegram:${LEAVING}`, "--to", join(home.folder, "export.jsonl")]);
    assert.equal((await exported.exited).code, 0, exported.stderr());
    const lines = readFileSync(join(home.folder, "export.jsonl"), "utf8").trimEnd().split("\n");
    assert.equal(lines.length, records.length);
    rmSync(join(home.folder, "export.jsonl"));

    const purging = home.spawn(["sessions", "purge-user", `telegram:${LEAVING}`, "--yes", "--json"]);
    assert.equal((await purging.exited).code, 0, purging.stderr());
    const body = JSON.parse(purging.stdout()) as Record<string, unknown>;
    assert.deepEqual([body["sessions"], body["changed_sessions"]], [1, 1]);
    for (const left of [CANARY, String(LEAVING)]) assert.deepEqual(filesWith(left), [], left);
    const history = await call("messages.history", { session: `agent:main:telegram:group:${GROUP}` });
    assert.ok(JSON.stringify(history.body).includes("the owner stays"));
    assert.equal((await call("sessions.purge_user", who)).body.error?.code, "person_not_found");
    assert.equal((await call("sessions.purge_user", { person: "owner" })).body.error?.code, "owner_not_purged");

    await say(LEAVING, "somebody new");
    assert.equal((await call("sessions.export_user", who)).status, 200);
    assert.deepEqual(await gateway.stop(), { code: 0, signal: null });
    assert.deepEqual(filesWith(CANARY), []);
  });
});
