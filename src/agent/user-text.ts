import type { Envelope } from "../core/entry.ts";
import type { Media, Message, MessagePart } from "../core/message.ts";

/** Longest quoted text that is repeated to the model, UTF-16 units. */
const MAX_QUOTE = 1_000;
const MAX_NAME = 64;

/** How the house marks its own notes in a context; only a whole message that begins with it is one. */
export const NOTICE_PREFIX = "[notice] ";

/** How an instant (wall milliseconds) is shown to a model. */
export type TimeText = (at: number) => string;

const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;

/** Times in one IANA zone; make it once per context, zones other than UTC are slow to set up. An unknown zone shows UTC. */
export function createTimeText(timeZone: string): TimeText {
  if (timeZone === "UTC") return utcText;
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-CA", {
      timeZone,
      weekday: "short",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    });
  } catch {
    // A zone that Intl refuses must not lose the message.
    return utcText;
  }
  return (at) => {
    if (!isInstant(at)) return utcText(at);
    const parts = Object.fromEntries(format.formatToParts(at).map((part) => [part.type, part.value]));
    return `${parts["weekday"]?.slice(0, 3)} ${parts["year"]}-${parts["month"]}-${parts["day"]} ${parts["hour"]}:${parts["minute"]} ${timeZone}`;
  };
}

function utcText(at: number): string {
  if (!isInstant(at)) return "time unknown";
  const date = new Date(at);
  return `${WEEKDAYS[date.getUTCDay()]} ${date.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** Within the range of Date (ECMA-262, time values). */
function isInstant(at: number): boolean {
  return Number.isFinite(at) && Math.abs(at) <= 8.64e15;
}

/**
 * A user message as the model reads it: one header line with time, channel and sender, then what was said. Everything in it stays user content: a line that
 * imitates the house's own marks is escaped, and names cannot break out of the header (sec-41).
 * @param time shows the header's time; default UTC.
 * @param number by which tools name the message, if there are such.
 */
export function renderUserText(message: Message, envelope: Envelope, time: TimeText = utcText, number?: number): string {
  const lines = [header(envelope, time, number)];
  if (message.quote !== undefined) lines.push(quoteLines(message.quote));
  for (const part of message.parts) lines.push(partText(part));
  return lines.filter((line) => line !== "").join("\n");
}

function header(envelope: Envelope, time: TimeText, number: number | undefined): string {
  const where = envelope.direct ? envelope.channel : `${envelope.channel} group`;
  const sender = envelope.sender === undefined || envelope.sender === "" ? "" : `, from ${plainName(envelope.sender)}`;
  // Last, where no name can stand behind it.
  return `[${time(envelope.at)}, ${plainName(where)}${sender}${number === undefined ? "" : `, #${number}`}]`;
}

/** One line without brackets or control characters, so that a display name cannot pretend to be more than a name. */
function plainName(name: string): string {
  const flat = name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}[\]]+/gu, " ").trim();
  return [...flat].slice(0, MAX_NAME).join("");
}

function quoteLines(quote: NonNullable<Message["quote"]>): string {
  const text = quote.text.length > MAX_QUOTE ? `${quote.text.slice(0, MAX_QUOTE).replace(/[\uD800-\uDBFF]$/u, "")} ...` : quote.text;
  const whom = quote.sender === undefined ? "an earlier message" : plainName(quote.sender);
  const quoted = text.split(/\r\n|[\n\r\u2028\u2029]/u).map((line) => `> ${line}`);
  return [`(in answer to ${whom}:)`, ...quoted].join("\n");
}

function partText(part: MessagePart): string {
  switch (part.type) {
    case "text":
      return escapeMarks(part.text);
    case "notice":
      return `(${plainLine(part.text)})`;
    case "location":
      return `(location${part.name === undefined ? "" : ` ${plainLine(part.name)}`}: ${part.latitude}, ${part.longitude})`;
    case "contact":
      return `(contact: ${plainLine(part.name)}${part.phone === undefined ? "" : `, ${plainLine(part.phone)}`})`;
    case "poll":
      return `(poll: ${plainLine(part.question)}${part.options.map((option) => `\n - ${plainLine(option)}`).join("")})`;
    case "media":
      return mediaText(part.media);
  }
}

function mediaText(media: Media): string {
  const facts = [
    media.name === undefined ? undefined : `"${plainLine(media.name)}"`,
    media.type === undefined ? undefined : plainLine(media.type),
    media.size === undefined ? undefined : sizeText(media.size),
    media.duration === undefined ? undefined : `${media.duration} s`,
  ].filter((fact) => fact !== undefined);
  const what = [media.kind, ...facts].join(", ");
  if (media.missing !== undefined) return `(${what}: not available, ${plainLine(media.missing)})`;
  return `(${what})`;
}

function sizeText(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1_000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

function plainLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").slice(0, MAX_QUOTE);
}

/** A backslash before a line that looks like a note of the house or like a message header. */
function escapeMarks(text: string): string {
  return text.replace(/(^|[\n\r\u2028\u2029])(?=[^\S\n\r]*\[(?:notice\b|[A-Z][a-z]{2} \d{4}-\d{2}-\d{2} ))/giu, "$1\\");
}
