import { createDiscord } from "../../../src/channels/discord/index.ts";
import { Secret } from "../../../src/core/secret.ts";
import { channelFaultSuite, PAUSE_MS } from "../../contract/channel-faults/index.ts";
import { startFakeDiscord } from "../../fakes/discord/index.ts";
import { createSeededRandom } from "../../fakes/seeded-random.ts";
import { startFaultProxy } from "../../faults/fault-proxy.ts";
import { TOKEN } from "./harness.ts";

/** How soon another program takes a session over that we have begun. */
const TAKEN_MS = 5_000;

channelFaultSuite("discord", async (clock) => {
  const discord = await startFakeDiscord({ token: TOKEN, heartbeatMs: 41_250, clock });
  const random = createSeededRandom(1);
  const wire = await startFaultProxy(Number(new URL(discord.url).port), () => random.number(), clock);
  discord.showAs(`http://127.0.0.1:${wire.port}`);
  const call = { method: "POST", path: /\/messages$/ };
  /** Their direct conversations, by person. */
  const places = new Map<string, string>();
  let cancelRival = () => {};
  const take = () => {
    discord.takeSession();
    cancelRival = clock.timer(TAKEN_MS, take);
  };
  return {
    wires: [wire],
    open: (deps) =>
      createDiscord(
        {
          account: "default",
          token: new Secret("discord", TOKEN),
          api_root: `http://127.0.0.1:${wire.port}/api/v10`,
          streaming: true,
          slash_commands: true,
        },
        deps,
      ),
    people: (count) =>
      Array.from({ length: count }, (_, index) => {
        const person = `1000000000000001${String(index).padStart(2, "0")}`;
        const place = `7000000000000001${String(index).padStart(2, "0")}`;
        if (!places.has(person)) discord.addDirect(place);
        places.set(person, place);
        return person;
      }),
    say: (person, text) => void discord.say({ from: person, channel: places.get(person)!, text }),
    shown: (person) => discord.texts(places.get(person)!),
    tries: (person) => discord.calls.filter(({ method, path }) => method === "POST" && path === `/channels/${places.get(person)}/messages`).length,
    failNext(failure) {
      if (failure === "retry")
        discord.faults.push({ ...call, status: 429, body: { message: "You are being rate limited.", retry_after: PAUSE_MS / 1_000, global: false } });
      if (failure === "permanent") discord.faults.push({ ...call, status: 403, body: { code: 50007, message: "Cannot send messages to this user" } });
      if (failure === "unknown") discord.faults.push({ ...call, drop: true });
    },
    violations: () => discord.violations,
    loseSession: discord.forgetSession,
    rival: {
      set(there) {
        cancelRival();
        if (there) take();
      },
      code: "discord_session_lost",
      mostTries: 40,
      tries: () => discord.log.identifies,
    },
    async close() {
      cancelRival();
      await wire.close();
      await discord.close();
    },
  };
});
