import type { AssistantPart, Entry } from "../core/entry.ts";
import { isAtLeast, joinLabels, maySee, type Label } from "../core/label.ts";
import { messageText } from "../core/message.ts";
import { audienceOf } from "../core/principal.ts";
import type { StartedTurn } from "../core/store.ts";
import { defangLinks, linksOf, needsProvenance } from "../security/url-provenance.ts";
import type { Places } from "./place.ts";

/** The label of everything that a running turn has in its context: it begins with what was said and only ever falls. */
export interface TurnLabel {
  current(): Label;
  /** Something came into the context. */
  add(label: Label): void;
  /** An entry came into the context: with its label, and the links that stand in it if a trusted person wrote it. */
  read(entry: Pick<Entry, "content" | "label">): void;
  trustedLinks(): ReadonlySet<string>;
  /** Whether `outgoing` may change anything at all. */
  looksAtLinks(): boolean;
  /** A text of the assistant as it may leave: links that nobody trusted has written lead nowhere in a context that is tainted and private (sec-88). */
  outgoing(text: string): string;
  /** The same for what is kept of a step: the page shows that. */
  said(parts: readonly AssistantPart[]): readonly AssistantPart[];
}

export function createTurnLabel(first: Label): TurnLabel {
  let label = first;
  const links = new Set<string>();
  const none: ReadonlySet<string> = new Set();
  let unread: Pick<Entry, "content">[] = [];
  // Only a tainted private context has to know them, and most are neither: then no text is looked through.
  const trustedLinks = (): ReadonlySet<string> => {
    if (!needsProvenance(label)) return none;
    for (const { content } of unread) if (content.role === "user") for (const link of linksOf(messageText(content.message))) links.add(link);
    unread = [];
    return links;
  };
  const outgoing = (text: string) => defangLinks(text, { label, trusted: trustedLinks() });
  return {
    current: () => label,
    add(more) {
      label = joinLabels(label, more);
    },
    read(entry) {
      label = joinLabels(label, entry.label);
      if (entry.content.role === "user" && isAtLeast(entry.label.integrity, "TRUSTED")) unread.push(entry);
    },
    trustedLinks,
    looksAtLinks: () => needsProvenance(label),
    outgoing,
    said(parts) {
      const clean = parts.map((part) => (part.type === "text" ? { ...part, text: outgoing(part.text) } : part));
      const text = textOf(clean);
      const whole = outgoing(text);
      if (whole === text) return clean;
      // A link that was written in pieces is none to whoever looks at one, and one to whoever reads them all.
      const first = clean.findIndex((part) => part.type === "text");
      return clean.flatMap((part, index): AssistantPart[] => (part.type !== "text" ? [part] : index === first ? [{ ...part, text: whole }] : []));
    },
  };
}

function textOf(parts: readonly AssistantPart[]): string {
  return parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("");
}

/**
 * Whether everyone at the place the turn came from may see what is in its context. Where the owner has put several people into one session by its scope, that was their
 * decision and nothing of it is private among them.
 */
export function mayAnswerThere(label: Label, { turn }: Pick<StartedTurn, "turn">, places: Places): boolean {
  const { principal } = turn;
  const scope = places(principal.where.channel, principal.where.account)?.scope;
  const shared = scope === "global" || (principal.direct && scope === "per_channel");
  return maySee(shared ? "PRIVATE" : audienceOf(principal), label.confidentiality);
}
