import { createSlack } from "../../../src/channels/slack/index.ts";
import { Secret } from "../../../src/core/secret.ts";
import { channelFaultSuite, PAUSE_MS } from "../../contract/channel-faults/index.ts";
import { createSeededRandom } from "../../fakes/seeded-random.ts";
import { startFakeSlack } from "../../fakes/slack/index.ts";
import { startFaultProxy } from "../../faults/fault-proxy.ts";
import { BOT_TOKEN } from "./harness.ts";

channelFaultSuite("slack", async (clock) => {
  const slack = await startFakeSlack({ botToken: BOT_TOKEN, clock });
  const random = createSeededRandom(1);
  const wire = await startFaultProxy(Number(new URL(slack.url).port), () => random.number(), clock);
  const url = `http://127.0.0.1:${wire.port}`;
  slack.showAs(url);
  const place = (person: string) => `D${person.slice(1)}`;
  return {
    wires: [wire],
    open: (deps) =>
      createSlack(
        {
          account: "default",
          bot_token: new Secret("slack", BOT_TOKEN),
          app_token: new Secret("slack-app", slack.appToken),
          signing_secret: undefined,
          mode: "socket",
          api_root: `${url}/api`,
          files_root: url,
          streaming: true,
          reply_in_thread: true,
        },
        deps,
      ),
    people: (count) =>
      Array.from({ length: count }, (_, index) => {
        const person = `U${100 + index}`;
        slack.addUser(person, `Person ${index}`);
        slack.addChannel(place(person), [person]);
        return person;
      }),
    say: (person, text) => void slack.say({ user: person, text }),
    shown: (person) => slack.texts(place(person)),
    tries: (person) => slack.callsOf("chat.postMessage").filter(({ args }) => args["channel"] === place(person)).length,
    failNext(failure) {
      if (failure === "retry") slack.failNext("chat.postMessage", "ratelimited", { status: 429, retryAfter: PAUSE_MS / 1_000 });
      if (failure === "permanent") slack.failNext("chat.postMessage", "not_in_channel");
      if (failure === "unknown") slack.dropAfterProcessing("chat.postMessage");
    },
    violations: () => slack.violations,
    rival: {
      set(there) {
        slack.otherSockets = there ? 1 : 0;
        // Slack tells in hello alone how many sockets there are, and asks for new ones every few hours.
        if (there) slack.refresh();
      },
      code: "slack_sockets_shared",
      mostTries: 13,
      tries: () => slack.everOpened,
    },
    async close() {
      await wire.close();
      await slack.close();
    },
  };
});
