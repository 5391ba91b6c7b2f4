import { plainMarkdown } from "../../../src/channels/imessage/index.ts";
import { channelSuite } from "../../contract/channel-suite.ts";
import { DIRECT } from "../../fakes/bluebubbles/index.ts";
import { createBench, PASSWORD } from "./harness.ts";
import { createImsgBench } from "./imsg-harness.ts";

channelSuite("imessage over BlueBubbles", async (intake) => {
  const bench = await createBench({ intake });
  const { mac, channel } = bench;
  let last: Promise<void> = Promise.resolve();
  const facts: number[] = [];
  // What was said before the first start is not said to the assistant.
  const listening = () => {
    const { state } = channel.status();
    return state !== "stopped" && state !== "starting";
  };
  const whenListening = (run: () => number) => {
    if (listening()) return void facts.push(run());
    last = last
      .then(() => mac.until(listening))
      .then(
        () => void facts.push(run()),
        () => {},
      );
  };
  let away = false;
  return {
    channel: {
      ...channel,
      // Nothing answers "not now": what surely was not sent is what nobody was there for.
      async send(part, target) {
        if (away) {
          mac.refuse(true);
          await mac.until(() => channel.status().state === "degraded");
        }
        return channel.send(part, target);
      },
    },
    address: { channel: "imessage", account: "default", conversation: DIRECT },
    canary: PASSWORD,
    logs: bench.logs,
    plain: plainMarkdown,
    say: (text) => whenListening(() => mac.say(text).originalROWID),
    sayUnknown: () => whenListening(() => mac.add({ text: "telepathy", itemType: 42 }).originalROWID),
    // The position on record is the acknowledgement: what stands behind it is read again.
    acknowledged: () => facts.filter((rowid) => rowid <= Number(intake.cursors.at(-1)?.value ?? 0)).length,
    posted: () => mac.posted(DIRECT),
    failNextSend(failure) {
      if (failure === "retry") away = true;
      if (failure === "permanent") mac.faults.push({ call: "POST /message/text", status: 500, body: { data: { error: 22 } } });
      if (failure === "unknown") mac.faults.push({ call: "POST /message/text", drop: true });
    },
    acts: {
      reactions: (id) => [...mac.tapbacks].flatMap(([guid, name]) => (guid === id ? [name === "like" ? "👍" : name] : [])),
      missing: "GONE",
    },
    breakConnection: mac.refuse,
    until: mac.until,
    async close() {
      await bench.close();
      await last;
    },
  };
});

channelSuite("imessage over imsg", async (intake) => {
  const bench = await createImsgBench({ intake });
  const { imsg, channel } = bench;
  let last: Promise<void> = Promise.resolve();
  const facts: number[] = [];
  const listening = () => {
    const { state } = channel.status();
    return state !== "stopped" && state !== "starting";
  };
  const whenListening = (run: () => number) => {
    if (listening()) return void facts.push(run());
    last = last
      .then(() => imsg.until(listening))
      .then(
        () => void facts.push(run()),
        () => {},
      );
  };
  let away = false;
  return {
    channel: {
      ...channel,
      async send(part, target) {
        if (away) {
          imsg.refuse(true);
          await imsg.until(() => channel.status().state === "degraded");
        }
        return channel.send(part, target);
      },
    },
    address: { channel: "imessage", account: "default", conversation: DIRECT },
    // There is no credential: what the program is started with is not shown either.
    canary: imsg.command.at(-1)!,
    logs: bench.logs,
    plain: plainMarkdown,
    say: (text) => whenListening(() => imsg.say(text).id),
    sayUnknown: () => whenListening(() => imsg.add({ is_reaction: true }).id),
    acknowledged: () => facts.filter((rowid) => rowid <= Number(intake.cursors.at(-1)?.value ?? 0)).length,
    posted: () => imsg.posted(DIRECT),
    failNextSend(failure) {
      if (failure === "retry") away = true;
      if (failure === "permanent") imsg.faults.push({ call: "send", error: { code: -32602, message: "Invalid params", data: "unknown chat_id 1" } });
      if (failure === "unknown") imsg.faults.push({ call: "send", die: true });
    },
    acts: {
      reactions: (id) => [...imsg.tapbacks].flatMap(([guid, name]) => (guid === id ? [name === "like" ? "👍" : name] : [])),
      missing: "GONE",
    },
    breakConnection: imsg.refuse,
    until: imsg.until,
    async close() {
      await bench.close();
      await last;
    },
  };
});
