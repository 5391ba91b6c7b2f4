import { connectPeer, startProsody, xml } from "../../fakes/prosody.ts";
import type { Stranger } from "../stranger.ts";
import { createBench } from "./harness.ts";

export const stranger: Stranger = async (intake, ends) => {
  const server = await startProsody();
  ends(() => server.close());
  await server.addUser("eve");
  const bench = await createBench(server, { intake });
  ends(() => bench.close());
  let sent = "";
  bench.wire.onSent = (chunk) => void (sent += String(chunk));
  bench.start();
  await bench.until(() => bench.channel.status().state === "ready");
  const eve = await connectPeer(server, "eve");
  ends(() => eve.close());
  const tells = (child: ReturnType<typeof xml>, ...more: ReturnType<typeof xml>[]) =>
    void eve.send(xml("message", { to: bench.jid, type: "chat", id: crypto.randomUUID() }, child, ...more));
  const file = "http://127.0.0.1:1/a.png";
  const asked = [xml("request", { xmlns: "urn:xmpp:receipts" }), xml("markable", { xmlns: "urn:xmpp:chat-markers:0" })];
  return {
    stranger: eve.jid,
    does: {
      message: () => tells(xml("body", null, file), xml("x", { xmlns: "jabber:x:oob" }, xml("url", null, file)), ...asked),
      edit: () => tells(xml("body", null, "changed"), xml("replace", { xmlns: "urn:xmpp:message-correct:0", id: "m1" })),
      reaction: () => tells(xml("reactions", { xmlns: "urn:xmpp:reactions:0", id: "m1" }, xml("reaction", null, "x"))),
      deletion: () => tells(xml("retract", { xmlns: "urn:xmpp:message-retract:1", id: "m1" })),
      membership: () => void eve.send(xml("presence", { to: bench.jid, type: "subscribe" })),
    },
    // Acknowledgements and pings to our own server are upkeep.
    calls: () => (sent.match(/<(message|presence)\b|<iq\b(?!.{0,80}<ping )/g) ?? []).length,
  };
};
