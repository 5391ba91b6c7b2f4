import assert from "node:assert/strict";
import { renameSync, writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { createClient, isEvent, type Client, type Events } from "../../src/client/index.ts";
import { startFakeTelegram, type FakeTelegram } from "../fakes/telegram/index.ts";
import { startEchoModel, type EchoModel } from "../faults/echo-model.ts";
import { createGatewayHome, GATEWAY_TOKEN, gatewayConfig, type GatewayHome, type RunningGateway } from "../faults/gateway-process.ts";

describe("a config edited while the program runs", () => {
  let first: FakeTelegram;
  let second: FakeTelegram;
  let model: EchoModel;
  let home: GatewayHome;
  let gateway: RunningGateway;
  let client: Client;
  let config: string;
  before(async () => {
    first = await startFakeTelegram();
    second = await startFakeTelegram({ token: "222:second", username: "second_bot" });
    model = await startEchoModel({ pace: 0 });
    config = gatewayConfig({ telegram: first, modelUrl: model.url, allowed: [101] });
    home = createGatewayHome({ config });
    gateway = await home.start();
    client = createClient({ url: `${gateway.url.replace("http", "ws")}/ws`, token: GATEWAY_TOKEN });
    await client.connect();
    await client.subscribe();
  });
  after(async () => {
    client?.close();
    await home?.remove();
    await first?.close();
    await second?.close();
    await model?.close();
  });

  const event = <N extends keyof Events>(name: N, wanted: (payload: Events[N]) => boolean = () => true) =>
    new Promise<Events[N]>((resolve) => {
      const stop = client.on("event", (come) => {
        if (!isEvent(come, name) || !wanted(come.payload)) return;
        stop();
        resolve(come.payload);
      });
    });

  test("a second bot is added by hand and answers, and the first has not noticed", async () => {
    await first.until(() => first.polling);
    const polls = first.callsOf("getMe").length;
    const changed = event("config.changed");
    config += `\n[channels.telegram.accounts.second]\ntoken = "${second.token}"\napi_root = "${second.url}"\ndm_policy = "allowlist"\nallowed_users = ["101"]\n`;
    writeFileSync(`${home.configFile}.new`, config);
    renameSync(`${home.configFile}.new`, home.configFile);
    assert.deepEqual((await changed).restart_required, []);
    second.say({ from: 101, text: "are you there" });
    await second.until(() => second.texts(101).some((text) => text.includes("are you there")));
    assert.equal(first.callsOf("getMe").length, polls, "the first bot was not started anew");
    first.say({ from: 101, text: "and you" });
    await first.until(() => first.texts(101).some((text) => text.includes("and you")));
    assert.equal(first.simultaneousPolls, 0);
  });

  test("a mistake is told with its line and changes nothing", async () => {
    const notice = event("notice", ({ code }) => code === "config_invalid");
    writeFileSync(home.configFile, `${config}\n[agents.sandbox]\nmoode = "always"\n`);
    const { text } = await notice;
    assert.match(text, /config\.toml:\d+: agents\.sandbox\.moode/);
    assert.match(text, /did you mean/);
    assert.equal((await gateway.call("GET", "/api/health")).body["ready"], true);
    const reload = await gateway.call("POST", "/api/config/reload", {});
    assert.equal(reload.status, 422);
  });

  test("what needs a restart is said, what does not holds at once", async () => {
    const changed = event("config.changed", ({ applied, restart_required }) => applied.length + restart_required.length > 0);
    writeFileSync(
      home.configFile,
      `${config}\n[sessions]\nqueue_mode = "batch"\n[metrics]\npublic = true\n[tools.web_search]\nprovider = "duckduckgo"\n[cron]\nenabled = false\n`,
    );
    const { applied, restart_required } = await changed;
    assert.deepEqual([applied, restart_required], [["cron.enabled", "sessions.queue_mode", "tools.web_search.provider"], ["metrics.public"]]);
    assert.equal((await gateway.call("GET", "/api/cron/status")).body["running"], false);
    const { body } = await gateway.call("GET", "/api/tools/list");
    const names = (body["tools"] as { name: string }[]).map(({ name }) => name);
    assert.deepEqual(
      ["web_search", "web_fetch", "time"].map((name) => names.filter((one) => one === name).length),
      [1, 1, 1],
    );
    assert.equal((await fetch(`${gateway.url}/metrics`)).status, 401);
  });

  test("SIGHUP reads it again, a removed bot stops alone, and system.stop ends the program as SIGTERM does", async () => {
    const gone = event("config.changed", ({ applied }) => applied.some((key) => key.startsWith("channels.telegram.accounts")));
    writeFileSync(home.configFile, config.slice(0, config.indexOf("[channels.telegram.accounts.second]")));
    gateway.kill("SIGHUP");
    await gone;
    const ran = event("job.ran");
    assert.equal((await gateway.call("POST", "/api/cron/add", { name: "again", at: "1s", message: "the jobs run again" })).status, 200);
    assert.equal((await ran).outcome, "done");
    const { body } = await gateway.call("GET", "/api/channels/list");
    assert.deepEqual(
      (body["channels"] as { account: string }[]).map(({ account }) => account),
      ["default"],
    );
    first.say({ from: 101, text: "still there" });
    await first.until(() => first.texts(101).some((text) => text.includes("still there")));
    assert.deepEqual((await gateway.call("POST", "/api/system/stop", {})).body, { stopping: true });
    assert.deepEqual(await gateway.exited, { code: 0, signal: null });
  });
});
