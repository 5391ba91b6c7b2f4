import type { createChannelSupervisor } from "./channel-supervisor.ts";

/** What `/health/ready` says: every reason why somebody may wait in vain. */
export function healthOf(supervisor: Pick<ReturnType<typeof createChannelSupervisor>, "list">, storeReasons: readonly string[]) {
  const deaf = supervisor
    .list()
    .filter(({ status }) => status.state !== "ready" && status.state !== "stopped")
    .map(({ channel, account, status }) => `${channel}:${account} is ${status.state}${status.detail === undefined ? "" : `: ${status.detail}`}`);
  const reasons = [...storeReasons, ...deaf];
  return { ready: reasons.length === 0, reasons };
}
