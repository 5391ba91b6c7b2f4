import type { VNode } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { WireSession } from "../connection/wire.ts";
import { problemOf } from "../chat/conversation.ts";
import { Icon } from "../icons/icon.tsx";
import { Ask } from "./ask.tsx";
import { SessionSearch } from "./session-search.tsx";
import { ago, MAIN_SESSION, sessionName } from "./session-name.ts";
import type { Sessions } from "./sessions.ts";

interface SessionListProps {
  readonly sessions: Sessions;
  /** Keys of the conversations in which a turn is running. */
  readonly busy: ReadonlySet<string>;
  /** A conversation was chosen: a small screen closes the drawer. */
  readonly onChosen: () => void;
}

type Act = "menu" | "rename" | "delete" | "archive" | "restore";
type Doing = { readonly what: "menu" | "rename" | "delete"; readonly session: string } | undefined;

/** Conversations, the newest activity first, the main one always on top. */
export function SessionList({ sessions, busy, onChosen }: SessionListProps): VNode {
  const [doing, setDoing] = useState<Doing>();
  const [problem, setProblem] = useState<string>();
  const [searching, setSearching] = useState(false);
  const run = (work: Promise<void>) => {
    setDoing(undefined);
    setProblem(undefined);
    work.catch((error: unknown) => setProblem([problemOf(error).message, problemOf(error).hint].filter(Boolean).join(". ")));
  };
  const shelf = sessions.shelf.value;
  const deleting = doing?.what === "delete" ? [...sessions.list.value, ...(shelf ?? [])].find((item) => item.session === doing.session) : undefined;
  const act = (session: string, what: Act | undefined) => {
    if (what === "archive") run(sessions.archive(session));
    else if (what === "restore") run(sessions.restore(session));
    else setDoing(what === undefined ? undefined : { what, session });
  };
  const row = (item: WireSession) => (
    <Row
      key={item.session}
      item={item}
      current={item.session === sessions.current.value}
      busy={busy.has(item.session)}
      doing={doing?.session === item.session ? doing.what : undefined}
      onDo={(what) => act(item.session, what)}
      onOpen={() => {
        sessions.open(item.session);
        onChosen();
      }}
      onRename={(label) => run(sessions.rename(item.session, label))}
    />
  );
  return (
    <nav class="sessions" aria-label="Conversations">
      <div class="sessions-head">
        <h2>Conversations</h2>
        <button
          type="button"
          class="quiet"
          title="New conversation"
          onClick={() => {
            run(sessions.create());
            onChosen();
          }}
        >
          <Icon name="plus" />
          New
        </button>
      </div>
      {problem !== undefined && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <SessionSearch sessions={sessions} onChosen={onChosen} onSearching={setSearching} />
      {!searching && (
        <>
          <ul>{sessions.list.value.map(row)}</ul>
          <button type="button" class="quiet shelf" aria-expanded={shelf !== undefined} onClick={() => run(sessions.showShelf(shelf === undefined))}>
            Archived
          </button>
          {shelf !== undefined && (
            <ul aria-label="Archived conversations">{shelf.length === 0 ? <li class="nothing">Nothing is archived.</li> : shelf.map(row)}</ul>
          )}
        </>
      )}
      {deleting !== undefined && (
        <Ask
          title={`Delete “${sessionName(deleting)}”?`}
          text="Everything said in it is removed for good."
          action="Delete"
          onYes={() => run(sessions.remove(deleting.session))}
          onNo={() => setDoing(undefined)}
        />
      )}
    </nav>
  );
}

interface RowProps {
  readonly item: WireSession;
  readonly current: boolean;
  readonly busy: boolean;
  readonly doing: "menu" | "rename" | "delete" | undefined;
  readonly onDo: (what: Act | undefined) => void;
  readonly onOpen: () => void;
  readonly onRename: (label: string) => void;
}

function Row({ item, current, busy, doing, onDo, onOpen, onRename }: RowProps): VNode {
  const name = sessionName(item);
  const stored = item.session_id !== "";
  return (
    <li class={current ? "current" : undefined}>
      {doing === "rename" ? (
        <Rename name={item.label ?? name} onDone={onRename} onCancel={() => onDo(undefined)} />
      ) : (
        <button type="button" class="open-session" aria-current={current ? "page" : undefined} onClick={onOpen}>
          <span title={name}>{name}</span>
          {busy ? <i class="live" role="img" aria-label="answering" /> : item.updated_at > 0 && <small>{ago(item.updated_at, Date.now())}</small>}
        </button>
      )}
      {stored && doing !== "rename" && (
        <button
          type="button"
          class="quiet more"
          aria-label={`More for ${name}`}
          aria-haspopup="menu"
          aria-expanded={doing === "menu"}
          onClick={() => onDo(doing === "menu" ? undefined : "menu")}
        >
          <Icon name="more" />
        </button>
      )}
      {doing === "menu" && <Menu removable={item.session !== MAIN_SESSION} archived={item.archived_at !== undefined} onDo={onDo} />}
    </li>
  );
}

function Menu({ removable, archived, onDo }: { removable: boolean; archived: boolean; onDo: RowProps["onDo"] }): VNode {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    box.current?.querySelector("button")?.focus();
    const outside = (event: PointerEvent) => {
      const inside = event.target instanceof Node && box.current?.parentElement?.contains(event.target) === true;
      if (!inside) onDo(undefined);
    };
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, []);
  const move = (event: KeyboardEvent) => {
    if (event.key === "Escape") onDo(undefined);
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    const items = [...(box.current?.querySelectorAll("button") ?? [])];
    const at = items.findIndex((item) => item === document.activeElement);
    items[(at + (event.key === "ArrowDown" ? 1 : items.length - 1)) % items.length]?.focus();
  };
  return (
    <div class="session-menu" role="menu" tabIndex={-1} ref={box} onKeyDown={move}>
      <button type="button" role="menuitem" onClick={() => onDo("rename")}>
        Rename
      </button>
      {(removable || archived) && (
        <button type="button" role="menuitem" onClick={() => onDo(archived ? "restore" : "archive")}>
          {archived ? "Restore" : "Archive"}
        </button>
      )}
      {removable && (
        <button type="button" role="menuitem" class="danger" onClick={() => onDo("delete")}>
          Delete…
        </button>
      )}
    </div>
  );
}

function Rename({ name, onDone, onCancel }: { name: string; onDone: (label: string) => void; onCancel: () => void }): VNode {
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => input.current?.select(), []);
  return (
    <form
      class="rename"
      onSubmit={(event) => {
        event.preventDefault();
        onDone(input.current?.value.trim() ?? "");
      }}
    >
      <input
        ref={input}
        defaultValue={name}
        maxLength={200}
        aria-label="New name"
        onKeyDown={(event) => event.key === "Escape" && onCancel()}
        onBlur={onCancel}
      />
    </form>
  );
}
