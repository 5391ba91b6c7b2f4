import type { MatrixAccount } from "./account.ts";
import type { InboundContext } from "./inbound.ts";
import type { WireEvent } from "./wire.ts";

/** What is known about where and by whom an event was sent. Nothing is asked for. */
export function contextOf(account: MatrixAccount, room: string, { sender = "" }: WireEvent): InboundContext {
  const { config, me, rooms, seen, threads } = account;
  return {
    account: config.account,
    me: me!,
    room,
    direct: rooms.isDirect(room),
    name: rooms.name(room, sender),
    seen: (id) => seen.get(id),
    spoken: (thread) => threads.has(thread),
  };
}
