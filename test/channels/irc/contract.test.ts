import { after } from "node:test";
import { plainMarkdown } from "../../../src/channels/irc/index.ts";
import { channelSuite } from "../../contract/channel-suite.ts";
import { connectPeer, startNgircd } from "../../fakes/ngircd.ts";
import { createBench, PASSWORD } from "./harness.ts";

const server = await startNgircd({ password: PASSWORD });
after(() => server.close());

const names = { count: 0 };

channelSuite("irc on ngircd", async (intake) => {
  const number = ++names.count;
  const bench = await createBench(server.port, { intake, config: { nick: `clanker${number}` } });
  const { wire } = bench;
  const peer = await connectPeer(server.port, `ann${number}`, PASSWORD);
  const isReady = () => bench.channel.status().state === "ready";
  // Nothing is said to a nick that is not there yet.
  let last: Promise<void> = Promise.resolve();
  let skipped = 0;
  const whenReady = (line: string) => {
    last = last
      .then(() => bench.until(isReady))
      .then(
        () => peer.send(line),
        () => {},
      );
  };
  let failure: string | undefined;
  const { channel } = bench;
  return {
    channel: {
      ...channel,
      async send(part, target) {
        const kind = failure;
        failure = undefined;
        if (kind === "retry") {
          wire.mode = "refuse";
          await bench.until(() => !isReady());
        }
        if (kind === "permanent") await peer.close();
        if (kind === "unknown") {
          // Who it is was asked before; then what the server answers is lost.
          await channel.send({ text: "x", payload: { line: "first" } }, target);
          wire.mode = "deaf";
          void peer.until(() => peer.said.length === 2).then(() => void (wire.mode = "refuse"));
          return channel.send(part, target);
        }
        return channel.send(part, target);
      },
    },
    address: { channel: "irc", account: "default", conversation: `mask:${peer.nick}!~${peer.nick}@127.0.0.1` },
    canary: PASSWORD,
    logs: bench.logs,
    plain: plainMarkdown,
    say: (text) => whenReady(`PRIVMSG clanker${number} :${text}`),
    sayUnknown: () => {
      skipped += 1;
      whenReady(`PRIVMSG clanker${number} :\u0001TELEPATHY 42\u0001`);
    },
    // IRC acknowledges nothing: what is taken is what has not to be kept any more. What stands before something that was taken was read.
    acknowledged: () => (intake.updates.length === 0 ? 0 : intake.updates.length + skipped),
    posted: () => peer.said.map(([, , text]) => text).filter((text) => text !== "first"),
    failNextSend: (kind) => (failure = kind),
    breakConnection: (broken) => (wire.mode = broken ? "refuse" : "pass"),
    until: bench.until,
    async close() {
      await bench.close();
      await last;
      await peer.close();
    },
  };
});
