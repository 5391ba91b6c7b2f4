import type { ChannelDeps, ChannelStatus } from "../../core/channel.ts";

/** The truth about a channel account (P7): ready only after a completed round trip, and no longer once one has failed. */
export interface Health {
  status(): ChannelStatus;
  /** A round trip with the platform is complete. */
  alive(): void;
  /** A round trip is complete, but not everything can be done. */
  limping(code: string, detail: string): void;
  /** Something that somebody did was taken in. */
  heard(): void;
  trouble(state: "degraded" | "failed", code: string, detail: string): void;
  set(state: "stopped" | "starting"): void;
  identify(identity: string): void;
}

/** @param now wall milliseconds. @param changed is told of every change of state or code. */
export function createHealth(now: () => number, changed: (status: ChannelStatus) => void): Health {
  let status: ChannelStatus = { state: "stopped" };
  const update = (next: ChannelStatus) => {
    const news = next.state !== status.state || next.code !== status.code;
    status = next;
    if (news) changed(status);
  };
  const kept = () => ({
    ...(status.lastAliveAt === undefined ? {} : { lastAliveAt: status.lastAliveAt }),
    ...(status.lastEventAt === undefined ? {} : { lastEventAt: status.lastEventAt }),
    ...(status.identity === undefined ? {} : { identity: status.identity }),
  });
  return {
    status: () => status,
    alive: () => update({ ...kept(), state: "ready", lastAliveAt: now() }),
    limping: (code, detail) => update({ ...kept(), state: "degraded", code, detail, lastAliveAt: now() }),
    heard() {
      status = { ...status, lastEventAt: now() };
    },
    trouble: (state, code, detail) => update({ ...kept(), state, code, detail }),
    set: (state) => update({ ...kept(), state }),
    identify(identity) {
      status = { ...status, identity };
    },
  };
}

/** The health of one account of a platform, whose changes stand in its log. @param log the account's own. */
export function createAccountHealth(platform: string, { clock, log }: Pick<ChannelDeps, "clock" | "log">): Health {
  return createHealth(
    () => clock.now(),
    ({ state, code, detail }) => log.info(`${platform} account state`, { state, code, detail }),
  );
}
