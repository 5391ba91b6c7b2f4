import type { Button } from "../../core/message.ts";
import { ADAPTIVE_CARD } from "./wire.ts";

/** A card's version from which on buttons are answered at once (Universal Actions for Adaptive Cards). */
const VERSION = "1.5";
const MAX_LABEL = 100;

/** An attachment with text and buttons. A client that is too old for Action.Execute gets the same data back in a message (backward compatibility). */
export function adaptiveCard(body: readonly object[], buttons: readonly Button[] = []): object {
  return { contentType: ADAPTIVE_CARD, content: cardContent(body, buttons) };
}

export function cardContent(body: readonly object[], buttons: readonly Button[] = []): object {
  const actions = buttons.map(({ label, data }) => {
    const shared = { title: label.slice(0, MAX_LABEL).toWellFormed(), data: { clanker: data } };
    return { type: "Action.Execute", verb: "clanker", ...shared, fallback: { type: "Action.Submit", ...shared } };
  });
  return {
    type: "AdaptiveCard",
    $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
    version: VERSION,
    body,
    ...(actions.length === 0 ? {} : { actions }),
  };
}
