import type { VNode } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

interface AskProps {
  readonly title: string;
  readonly text: string;
  readonly action: string;
  readonly onYes: () => void;
  readonly onNo: () => void;
}

/** A question before something that cannot be taken back. The browser's own dialog keeps the focus inside. */
export function Ask({ title, text, action, onYes, onNo }: AskProps): VNode {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="ask" aria-labelledby="ask-title" onClose={onNo}>
      <h2 id="ask-title">{title}</h2>
      <p>{text}</p>
      <div class="actions">
        <button type="button" onClick={onNo}>
          Keep
        </button>
        <button type="button" class="danger" onClick={onYes}>
          {action}
        </button>
      </div>
    </dialog>
  );
}
