import type { TargetedDragEvent, VNode } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import type { Connection } from "../connection/connection.ts";
import { Icon } from "../icons/icon.tsx";
import type { Attachments } from "./attachments.ts";
import { Composer } from "./composer.tsx";
import type { Conversation } from "./conversation.ts";
import { MessageView } from "./message-view.tsx";
import { Welcome } from "./welcome.tsx";

interface ChatProps {
  readonly connection: Connection;
  readonly conversation: Conversation;
  readonly attachments: Attachments;
  readonly model: string | undefined;
}

/** Nearer to the end than this, new text keeps the end in sight. */
const STICK_PX = 80;

/** One conversation: what was said, and the place to write. */
export function Chat({ connection, conversation, attachments, model }: ChatProps): VNode {
  const scroll = useRef<HTMLDivElement>(null);
  const atEnd = useSignal(true);
  const dropping = useSignal(false);
  const lines = conversation.lines.value;

  const toEnd = () => {
    const element = scroll.current;
    if (element !== null) element.scrollTop = element.scrollHeight;
  };
  useLayoutEffect(() => {
    if (atEnd.peek()) toEnd();
  }, [lines]);
  useEffect(() => {
    atEnd.value = true;
    toEnd();
    // Pictures and fonts change heights after the text stands.
    const column = scroll.current?.firstElementChild;
    if (column === null || column === undefined) return;
    const observer = new ResizeObserver(() => atEnd.peek() && toEnd());
    observer.observe(column);
    return () => observer.disconnect();
  }, [conversation]);

  const onScroll = () => {
    const element = scroll.current;
    if (element !== null) atEnd.value = element.scrollHeight - element.scrollTop - element.clientHeight < STICK_PX;
  };
  const send = () => {
    const text = conversation.draft.value.trim();
    conversation.draft.value = "";
    atEnd.value = true;
    conversation.send(text, attachments.take());
  };
  const older = async () => {
    const element = scroll.current;
    const below = element === null ? 0 : element.scrollHeight - element.scrollTop;
    await conversation.loadOlder();
    // What was in sight stays in sight.
    requestAnimationFrame(() => element !== null && (element.scrollTop = element.scrollHeight - below));
  };
  const drop = (event: TargetedDragEvent<HTMLElement>) => {
    const files = [...(event.dataTransfer?.files ?? [])];
    dropping.value = false;
    if (files.length === 0) return;
    event.preventDefault();
    attachments.add(files);
  };
  const empty = lines.length === 0 && conversation.state.value === "ready";
  return (
    <>
      <section
        class={dropping.value ? "conversation dropping" : "conversation"}
        aria-label="Conversation"
        onDragOver={(event) => {
          if (!event.dataTransfer?.types.includes("Files")) return;
          event.preventDefault();
          dropping.value = true;
        }}
        onDragLeave={(event) => event.currentTarget === event.target && (dropping.value = false)}
        onDrop={drop}
      >
        <div class="scroll" ref={scroll} onScroll={onScroll}>
          <div class="column" role="log" aria-live="polite" aria-busy={conversation.running.value}>
            {conversation.older.value && (
              <button type="button" class="quiet load-older" onClick={() => void older()}>
                Show earlier messages
              </button>
            )}
            {empty && (
              <Welcome
                model={model}
                onTry={(text) => {
                  conversation.draft.value = text;
                  send();
                }}
              />
            )}
            {conversation.problem.value !== undefined && (
              <p class="problem" role="alert">
                {conversation.problem.value.message} {conversation.problem.value.hint}
              </p>
            )}
            {lines.map((line) => (
              <MessageView key={line.id} line={line} loadFile={connection.download} onRetry={conversation.retry} onDismiss={conversation.dismiss} />
            ))}
          </div>
        </div>
        {!atEnd.value && (
          <button type="button" class="jump" onClick={toEnd}>
            <Icon name="down" />
            Newest
          </button>
        )}
      </section>
      <Composer
        text={conversation.draft}
        attachments={attachments.list}
        running={conversation.running.value}
        onSend={send}
        onStop={conversation.stop}
        onFiles={attachments.add}
        onRemove={attachments.remove}
      />
    </>
  );
}
