import type { TargetedClipboardEvent, TargetedKeyboardEvent, VNode } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { useSignal, type Signal } from "@preact/signals";
import { Icon } from "../icons/icon.tsx";
import type { Attachment } from "./attachments.ts";

interface ComposerProps {
  readonly text: Signal<string>;
  readonly attachments: Signal<readonly Attachment[]>;
  /** A turn is running: the button stops it as long as nothing is written. */
  readonly running: boolean;
  readonly onSend: () => void;
  readonly onStop: () => void;
  readonly onFiles: (files: readonly File[]) => void;
  readonly onRemove: (key: string) => void;
}

const coarse = () => matchMedia("(pointer: coarse)").matches;

/** Where a message is written. Enter sends (a new line on a touch keyboard), Shift+Enter breaks the line, Escape stops the answer. */
export function Composer({ text, attachments, running, onSend, onStop, onFiles, onRemove }: ComposerProps): VNode {
  const area = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const composing = useSignal(false);
  useLayoutEffect(() => {
    const element = area.current;
    if (element === null) return;
    element.style.height = "auto";
    if (text.value !== "") element.style.height = `${element.scrollHeight}px`;
  }, [text.value]);
  // Before the next paint: later it would take the focus from what was opened meanwhile.
  useLayoutEffect(() => {
    if (!coarse()) area.current?.focus();
  }, []);

  const waiting = attachments.value.some((item) => item.state === "sending");
  const empty = text.value.trim() === "" && !attachments.value.some((item) => item.state === "ready");
  const send = () => {
    if (!empty && !waiting) onSend();
    area.current?.focus();
  };
  const onKey = (event: TargetedKeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === "Escape" && running) onStop();
    if (event.key !== "Enter" || event.shiftKey || composing.value || coarse()) return;
    event.preventDefault();
    send();
  };
  const onPaste = (event: TargetedClipboardEvent<HTMLTextAreaElement>) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    onFiles(files);
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {attachments.value.length > 0 && (
        <ul class="attachments" aria-label="Files to send">
          {attachments.value.map((item) => (
            <li key={item.key} class={item.state}>
              <Icon name="file" />
              <span>
                {item.name}
                {item.state === "sending" && " …"}
                {item.problem !== undefined && <em> {item.problem}</em>}
              </span>
              <button type="button" class="quiet" aria-label={`Remove ${item.name}`} onClick={() => onRemove(item.key)}>
                <Icon name="close" />
              </button>
            </li>
          ))}
        </ul>
      )}
      <div class="composer-row">
        <button type="button" class="round quiet" aria-label="Add files" title="Add files" onClick={() => picker.current?.click()}>
          <Icon name="clip" />
        </button>
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          onChange={(event) => {
            onFiles([...(event.currentTarget.files ?? [])]);
            event.currentTarget.value = "";
          }}
        />
        <textarea
          ref={area}
          rows={1}
          value={text.value}
          placeholder="Write a message"
          aria-label="Message"
          enterkeyhint={coarse() ? "enter" : "send"}
          onInput={(event) => (text.value = event.currentTarget.value)}
          onKeyDown={onKey}
          onPaste={onPaste}
          onCompositionStart={() => (composing.value = true)}
          onCompositionEnd={() => (composing.value = false)}
        />
        {running && empty ? (
          <button type="button" class="round stop" aria-label="Stop the answer" title="Stop (Esc)" onClick={onStop}>
            <Icon name="stop" />
          </button>
        ) : (
          <button type="submit" class="round primary" aria-label="Send" title="Send" disabled={empty || waiting}>
            <Icon name="send" />
          </button>
        )}
      </div>
    </form>
  );
}
