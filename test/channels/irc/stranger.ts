import { startFakeIrc } from "../../fakes/irc-services.ts";
import type { Stranger } from "../stranger.ts";
import { createBench } from "./harness.ts";

export const stranger: Stranger = async (intake, ends) => {
  // A server that tags what is said with the account, as today's do. One that does not has to be asked who somebody is before anybody can be let in or refused.
  const irc = await startFakeIrc({ caps: ["account-tag", "message-tags"] });
  ends(() => irc.close());
  const bench = await createBench(irc.port, { intake, config: { channels: ["#garden"], server_password: undefined } });
  ends(() => bench.close());
  bench.start();
  await irc.until(() => irc.lines.includes("JOIN #garden"));
  await bench.until(() => bench.channel.status().state === "ready");
  const eve = "@account=Eve :eve!e@home";
  return {
    stranger: "account:eve",
    does: {
      message: () => irc.line(`${eve} PRIVMSG clanker :hi`),
      membership: () => irc.line(`${eve} KICK #garden clanker :out`),
    },
    calls: () => irc.lines.filter((line) => !/^P[IO]NG /.test(line)).length,
  };
};
