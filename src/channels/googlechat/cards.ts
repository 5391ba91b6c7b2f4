import type { Button } from "../../core/message.ts";
import { escapeHtml } from "./markup.ts";
import type { WireCard } from "./wire.ts";

const MAX_LABEL = 100;

/** A card (v2) with text and buttons, whose data comes back as a parameter of the click (developers.google.com/workspace/chat/design-interactive-card-dialog). */
export function cardOf(html: string, buttons: readonly Button[] = []): object {
  const list = buttons.map(({ label, data }) => ({
    text: label.slice(0, MAX_LABEL).toWellFormed(),
    onClick: { action: { function: "clanker", parameters: [{ key: "clanker", value: data }] } },
  }));
  const widgets = [{ textParagraph: { text: html } }, ...(list.length === 0 ? [] : [{ buttonList: { buttons: list } }])];
  return { cardId: "clanker", card: { sections: [{ widgets }] } };
}

/** The cards of a message as an event hands them back, without their buttons and with what has become of them. */
export function answeredCards(cards: readonly WireCard[], answer: string): object[] {
  return cards.map(({ cardId, card }, index) => {
    const sections = (card?.sections ?? []).map((section) => ({ ...section, widgets: (section.widgets ?? []).filter((widget) => !("buttonList" in widget)) }));
    if (index === cards.length - 1) sections.push({ widgets: [{ textParagraph: { text: `<b>${escapeHtml(answer)}</b>` } }] });
    return { cardId: cardId ?? "clanker", card: { ...card, sections: sections.filter(({ widgets }) => widgets.length > 0) } };
  });
}
