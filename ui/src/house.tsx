import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { ApprovalCards } from "./approvals/approval-cards.tsx";
import { Chat } from "./chat/chat.tsx";
import { Icon, Mark } from "./icons/icon.tsx";
import type { OpenHouse } from "./open-house.ts";
import { SessionList } from "./sessions/session-list.tsx";
import { sessionName } from "./sessions/session-name.ts";
import { StatusPanel } from "./status/status-panel.tsx";

/** The page of somebody who is logged in: conversations at the side, one of them in the middle. */
export function House({ house, onLeave }: { house: OpenHouse; onLeave: () => void }): VNode {
  const { connection, sessions, status, attachments } = house;
  const drawer = useSignal(false);
  const current = sessions.current.value;
  const session = sessions.list.value.find((item) => item.session === current) ?? { session: current };
  const name = sessionName(session);
  const model = ("model" in session ? session.model : undefined) ?? status.models.value?.default;
  useEffect(() => {
    document.title = `${name} · Open Clanker`;
  }, [name]);
  const close = () => (drawer.value = false);
  return (
    <div class={drawer.value ? "house open" : "house"} onKeyDown={(event) => event.key === "Escape" && close()}>
      <aside id="side">
        <div class="brand">
          <Mark />
          Open Clanker
        </div>
        <SessionList sessions={sessions} busy={house.running.sessions.value} onChosen={close} />
        <StatusPanel connection={connection} status={status} onLeave={onLeave} />
      </aside>
      <button type="button" class="shade" aria-label="Close the list" tabIndex={-1} onClick={close} />
      <main>
        <header class="top">
          <button
            type="button"
            class="round quiet only-small"
            aria-label="Conversations"
            aria-expanded={drawer.value}
            aria-controls="side"
            onClick={() => (drawer.value = !drawer.value)}
          >
            <Icon name="menu" />
          </button>
          <h1>{name}</h1>
          <span class="grow" />
          {model !== undefined && <span class="model">{model}</span>}
        </header>
        {connection.state.value !== "ready" && (
          <p class="banner" role="status">
            <i class="dot busy" aria-hidden="true" />
            {connection.state.value === "connecting" ? "Connecting…" : "The gateway does not answer. Trying again…"}
          </p>
        )}
        <ApprovalCards approvals={house.approvals} current={current} />
        <Chat key={current} connection={connection} conversation={house.conversation(current)} attachments={attachments} model={model} />
      </main>
    </div>
  );
}
