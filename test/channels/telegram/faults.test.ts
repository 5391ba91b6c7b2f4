import { createTelegram } from "../../../src/channels/telegram/index.ts";
import { Secret } from "../../../src/core/secret.ts";
import { channelFaultSuite, PAUSE_MS } from "../../contract/channel-faults/index.ts";
import { startFakeTelegram } from "../../fakes/telegram/index.ts";
import { startFaultProxy } from "../../faults/fault-proxy.ts";
import { createSeededRandom } from "../../fakes/seeded-random.ts";
import { TOKEN } from "./harness.ts";

channelFaultSuite("telegram", async (clock) => {
  const telegram = await startFakeTelegram({ token: TOKEN, clock });
  const random = createSeededRandom(1);
  const wire = await startFaultProxy(Number(new URL(telegram.url).port), () => random.number(), clock);
  const posts = (person: string) => telegram.callsOf("sendMessage").filter(({ args }) => String(args["chat_id"]) === person);
  return {
    wires: [wire],
    open: (deps) =>
      createTelegram(
        { account: "default", token: new Secret("telegram", TOKEN), api_root: `http://127.0.0.1:${wire.port}`, mode: "polling", streaming: true },
        deps,
      ),
    people(count) {
      const ids = Array.from({ length: count }, (_, index) => 100 + index);
      for (const id of ids) telegram.addChat({ id });
      return ids.map(String);
    },
    say: (person, text) => void telegram.say({ from: Number(person), text }),
    shown: (person) => telegram.texts(person),
    tries: (person) => posts(person).length,
    failNext(failure) {
      if (failure === "retry") telegram.failNext("sendMessage", 429, { parameters: { retry_after: PAUSE_MS / 1_000 } });
      if (failure === "permanent") telegram.failNext("sendMessage", 403, { description: "Forbidden: bot was blocked by the user" });
      if (failure === "unknown") telegram.dropAfterProcessing("sendMessage");
    },
    violations: () => [...telegram.violations, ...telegram.repeats().map(({ text }) => `said twice: ${text}`)],
    rival: { set: telegram.rival, code: "telegram_conflict", mostTries: 60, tries: () => telegram.callsOf("getUpdates").length },
    connectsPerHour: 100,
    async close() {
      await wire.close();
      await telegram.close();
    },
  };
});
