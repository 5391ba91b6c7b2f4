/** Text as Slack hands it in (docs.slack.dev, "Formatting message text"): `<...>` are references, and & < > come escaped. Pure. */

export type NameOf = (userId: string) => string | undefined;

/** What a person reads; the target of a link that hides behind words stays visible. */
export function decodeText(text: string, nameOf: NameOf): string {
  const decoded = text.replace(/<([^<>]*)>|&(amp|lt|gt);/g, (whole, reference?: string, entity?: string) => {
    if (entity !== undefined) return ENTITIES[entity]!;
    return reference === undefined || reference === "" ? whole : unescape(referenceText(reference, nameOf));
  });
  return decoded;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">" };

/** `&lt;` written as `&amp;lt;` is undone once only. */
function unescape(text: string): string {
  return text.replace(/&(amp|lt|gt);/g, (_, entity: string) => ENTITIES[entity]!);
}

function referenceText(reference: string, nameOf: NameOf): string {
  const bar = reference.indexOf("|");
  const target = bar < 0 ? reference : reference.slice(0, bar);
  const label = bar < 0 ? "" : reference.slice(bar + 1);
  if (target.startsWith("@")) return `@${nameOf(target.slice(1)) ?? (label === "" ? target.slice(1) : label)}`;
  if (target.startsWith("#")) return `#${label === "" ? target.slice(1) : label}`;
  // <!here>, <!subteam^S1|@team>, <!date^...|fallback>
  if (target.startsWith("!")) return label === "" ? `@${target.slice(1).split("^", 1)[0]}` : label;
  if (label === "" || label === target || `mailto:${label}` === target || (/^https?:\/\//.test(target) && target.replace(/^https?:\/\//, "") === label))
    return label === "" ? target : label;
  return `${label} (${target})`;
}

export function mentions(text: string, userId: string): boolean {
  return text.includes(`<@${userId}>`) || text.includes(`<@${userId}|`);
}

/** Without the mention of the assistant that a message to it begins with, so that `@clanker /status` is the command. */
export function withoutLeadingMention(text: string, userId: string): string {
  return text.replace(new RegExp(`^\\s*<@${userId}(\\|[^<>]*)?>[\\s,:]*`), "");
}

/** Text for a field in which Slack would read markup: nothing in it can mention, link or notify. */
export function escapeText(text: string): string {
  return text.replace(/[&<>]/g, (character) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[character]!);
}
