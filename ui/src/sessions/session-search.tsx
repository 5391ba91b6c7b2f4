import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { problemOf } from "../chat/conversation.ts";
import { ago, sessionName } from "./session-name.ts";
import type { FoundMessage, Sessions } from "./sessions.ts";

interface SessionSearchProps {
  readonly sessions: Sessions;
  readonly onChosen: () => void;
  /** Whether something is looked for: then the list of conversations makes room. */
  readonly onSearching: (searching: boolean) => void;
}

/** How long nobody types before it is looked for. */
const TYPING_MS = 250;

/** Looks through everything that was said. */
export function SessionSearch({ sessions, onChosen, onSearching }: SessionSearchProps): VNode {
  const [query, setQuery] = useState("");
  const [found, setFound] = useState<readonly FoundMessage[]>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    onSearching(query !== "");
    setFound(undefined);
    setProblem(undefined);
    if (query.trim() === "") return undefined;
    let gone = false;
    const timer = setTimeout(() => {
      sessions.search(query.trim()).then(
        (messages) => gone || setFound(messages),
        (error: unknown) => gone || setProblem(problemOf(error).message),
      );
    }, TYPING_MS);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [query]);
  return (
    <search class="session-search">
      <input
        type="search"
        value={query}
        placeholder="Search"
        aria-label="Search in all conversations"
        maxLength={500}
        onInput={(event) => setQuery(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Escape" && setQuery("")}
      />
      {problem !== undefined && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      {found !== undefined && (
        <ul class="found" aria-label="What was found">
          {found.length === 0 && <li class="nothing">Nothing was found.</li>}
          {found.map((one) => (
            <li key={`${one.session_id}:${one.number}`}>
              <button
                type="button"
                class="open-session"
                onClick={() => {
                  sessions.open(one.session);
                  setQuery("");
                  onChosen();
                }}
              >
                <span>
                  <b>{sessionName(one)}</b>
                  {one.text}
                </span>
                <small>{ago(one.at, Date.now())}</small>
              </button>
            </li>
          ))}
        </ul>
      )}
    </search>
  );
}
