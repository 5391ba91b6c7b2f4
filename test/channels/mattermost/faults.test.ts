import { WebSocket } from "ws";
import { createMattermost } from "../../../src/channels/mattermost/index.ts";
import { Secret } from "../../../src/core/secret.ts";
import { channelFaultSuite, PAUSE_MS } from "../../contract/channel-faults/index.ts";
import { startFakeMattermost } from "../../fakes/mattermost/index.ts";
import { createSeededRandom } from "../../fakes/seeded-random.ts";
import { startFaultProxy } from "../../faults/fault-proxy.ts";
import { TOKEN } from "./harness.ts";

channelFaultSuite("mattermost", async (clock) => {
  const mattermost = await startFakeMattermost({ token: TOKEN, clock });
  const random = createSeededRandom(1);
  const wire = await startFaultProxy(Number(new URL(mattermost.url).port), () => random.number(), clock);
  const place = (person: string) => `direct${person.slice(6)}`;
  const call = "POST /posts";
  let rival: WebSocket | undefined;
  return {
    wires: [wire],
    open: (deps) =>
      createMattermost(
        { account: "default", url: `http://127.0.0.1:${wire.port}`, token: new Secret("mattermost", TOKEN), streaming: true, reply_in_thread: true },
        deps,
      ),
    people: (count) =>
      Array.from({ length: count }, (_, index) => {
        const person = `person${String(index).padStart(20, "0")}`;
        mattermost.addDirect(place(person));
        return person;
      }),
    say: (person, text) => void mattermost.say({ channel_id: place(person), user_id: person, message: text }),
    shown: (person) => mattermost.texts(place(person)),
    tries: (person) => mattermost.calls.filter((one) => one.call === call && (one.body as { channel_id: string }).channel_id === place(person)).length,
    failNext(failure) {
      if (failure === "retry") mattermost.faults.push({ call, status: 429, headers: { "x-ratelimit-reset": String(PAUSE_MS / 1_000) } });
      if (failure === "permanent") mattermost.faults.push({ call, status: 403 });
      if (failure === "unknown") mattermost.faults.push({ call, drop: true });
    },
    violations: () => [],
    rival: {
      harmless: "every socket of the bot is told everything",
      async set(there) {
        rival?.terminate();
        rival = there
          ? new WebSocket(`${mattermost.url.replace("http", "ws")}/api/v4/websocket`, { headers: { authorization: `Bearer ${TOKEN}` } })
          : undefined;
        await new Promise<void>((resolve) => (rival === undefined ? resolve() : void rival.once("open", () => resolve())));
      },
    },
    async close() {
      rival?.terminate();
      await wire.close();
      await mattermost.close();
    },
  };
});
