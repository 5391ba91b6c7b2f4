import { clip } from "../../lib/plain-text/index.ts";
import type { Button } from "../../core/message.ts";
import type { ButtonValue } from "./wire.ts";

/** A button's words; longer ones are cut by the app anyway. */
const MAX_LABEL = 100;

export interface CardText {
  /** What a person reads; shown when there is no Markdown. */
  readonly text: string;
  readonly markdown?: string | undefined;
  readonly buttons?: readonly Button[] | undefined;
}

/** The content of a message of type `interactive` (card JSON 2.0). Shared by all who see it, so that it can be updated (`update_multi`). */
export function cardContent({ text, markdown, buttons = [] }: CardText, bound: Omit<ButtonValue, "data">): string {
  const words = markdown === undefined ? { tag: "div", text: { tag: "plain_text", content: text } } : { tag: "markdown", content: markdown };
  const pressed = buttons.map(({ label, data }) => ({
    tag: "button",
    text: { tag: "plain_text", content: clip(label.toWellFormed(), MAX_LABEL) },
    type: "default",
    behaviors: [{ type: "callback", value: { ...bound, data } satisfies ButtonValue }],
  }));
  return JSON.stringify({ schema: "2.0", config: { update_multi: true }, body: { elements: [words, ...pressed] } });
}
