import { after } from "node:test";
import type { RenderedPart } from "../../../src/core/channel.ts";
import { plainMarkdown } from "../../../src/channels/xmpp/index.ts";
import { channelSuite } from "../../contract/channel-suite.ts";
import { connectPeer, startProsody, xml } from "../../fakes/prosody.ts";
import { createBench } from "./harness.ts";

const server = await startProsody();
after(() => server.close());

let count = 0;

channelSuite("xmpp on prosody", async (intake) => {
  const number = ++count;
  const person = `ann${number}`;
  await server.addUser(person);
  const bench = await createBench(server, { intake, name: `clanker${number}` });
  const { wire, channel } = bench;
  const peer = await connectPeer(server, person);
  let skipped = 0;
  let failure: string | undefined;
  let closed = false;
  // Nothing that was said before the first login ever is answered.
  let last: Promise<void> = Promise.resolve();
  const whenReady = (run: () => Promise<void>) => {
    last = last
      .then(() => bench.until(() => channel.status().state === "ready"))
      .then(run)
      .catch(() => {});
  };
  const leave = async () => {
    if (!closed) await peer.close();
    closed = true;
  };
  /** What the server has sent to the peer before it answers this, the peer has seen. */
  const seen = () => peer.ask("get", xml("ping", { xmlns: "urn:xmpp:ping" }), peer.jid.split("@")[1]!).catch(() => {});
  const { edit, delete: remove, react } = channel.actions!;
  // That the server has it does not mean that the other client has read it yet.
  const shown = ({ payload }: RenderedPart) => peer.until(() => peer.said(bench.jid).includes((payload as { body: string }).body));
  return {
    channel: {
      ...channel,
      actions: {
        edit: (target, markdown) => edit!(target, markdown).finally(seen),
        delete: (target) => remove!(target).finally(seen),
        react: (target, emoji, on) => react!(target, emoji, on).finally(seen),
      },
      async send(part, target) {
        const kind = failure;
        failure = undefined;
        if (kind === "retry") {
          wire.mode = "refuse";
          await bench.until(() => channel.status().state !== "ready");
        }
        if (kind === "permanent") {
          await leave();
          await server.removeUser(person);
        }
        if (kind === "unknown") {
          wire.mode = "deaf";
          void peer.until(() => peer.said(bench.jid).length === 1).then(() => void (wire.mode = "refuse"));
        }
        const receipt = await channel.send(part, target);
        await shown(part);
        return receipt;
      },
      async edit(receipt, part, target) {
        await channel.edit!(receipt, part, target);
        await shown(part);
      },
    },
    address: { channel: "xmpp", account: "default", conversation: peer.jid },
    canary: `secret-clanker${number}`,
    logs: bench.logs,
    plain: plainMarkdown,
    say: (text) => whenReady(() => peer.say(bench.jid, text)),
    sayUnknown: () => {
      skipped += 1;
      whenReady(() => peer.send(xml("message", { to: bench.jid, type: "chat" }, xml("telepathy", { xmlns: "urn:test" }))));
    },
    // What is acknowledged is counted together with much else; fault-4 has a case of its own in prosody.test.ts.
    acknowledged: () => (intake.updates.length === 0 ? 0 : intake.updates.length + skipped),
    posted: () => peer.said(bench.jid),
    failNextSend: (kind) => (failure = kind),
    // Nobody says that a message is not there: each client has its own.
    acts: {
      reactions(id) {
        const own = id.split("|").at(-1);
        const told = peer.stanzas.flatMap((stanza) => stanza.getChild("reactions", "urn:xmpp:reactions:0") ?? []).findLast(({ attrs }) => attrs["id"] === own);
        return told?.getChildElements().map((one) => one.text()) ?? [];
      },
    },
    breakConnection: (broken) => (wire.mode = broken ? "refuse" : "pass"),
    until: bench.until,
    async close() {
      await bench.close();
      await last;
      await leave();
    },
  };
});
