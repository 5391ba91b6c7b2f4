/** One dispatched event of an event stream. */
export interface SseEvent {
  /** `message` when the stream names none. */
  readonly event: string;
  readonly data: string;
  /** The last id that the stream has given, "" for none. */
  readonly id: string;
}

/** An event, or a line of it, is larger than allowed. */
export class SseTooLarge extends Error {
  override readonly name = "SseTooLarge";
}

export interface SseOptions {
  /** UTF-16 units that one event may have; default 16 million. */
  readonly maxEvent?: number;
  /** Comment lines too, each as an event named `comment` by itself: some servers show with them that they are at work. Default false. */
  readonly comments?: boolean;
}

const MAX_EVENT = 16_000_000;

/**
 * The events of a text/event-stream by the rules of the WHATWG HTML standard, section 9.2 "Server-sent events": lines end with CR, LF or CRLF, data lines join with
 * LF, an event that no blank line ends is dropped. Leaving the loop ends the reading of `chunks`.
 * @throws SseTooLarge
 */
export async function* sse(chunks: AsyncIterable<Uint8Array>, options: SseOptions = {}): AsyncGenerator<SseEvent> {
  const parser = new SseParser(options);
  for await (const chunk of chunks) yield* parser.push(chunk);
}

/** The same, fed by hand. */
export class SseParser {
  readonly #maxEvent: number;
  readonly #comments: boolean;
  // A byte order mark at the beginning is dropped by the decoder, broken UTF-8 becomes U+FFFD.
  readonly #decoder = new TextDecoder();
  /** The beginning of a line whose end has not come. */
  #rest: string[] = [];
  #restLength = 0;
  /** The last chunk ended with CR: a LF at the beginning of the next one belongs to it. */
  #skipLf = false;
  #data: string[] = [];
  #dataLength = 0;
  #event = "";
  #id = "";

  constructor(options: SseOptions = {}) {
    this.#maxEvent = options.maxEvent ?? MAX_EVENT;
    this.#comments = options.comments ?? false;
  }

  /** @returns the events that this chunk completes. @throws SseTooLarge */
  push(chunk: Uint8Array): SseEvent[] {
    const events: SseEvent[] = [];
    const decoded = this.#decoder.decode(chunk, { stream: true });
    if (decoded === "") return events;
    const text = this.#skipLf && decoded.startsWith("\n") ? decoded.slice(1) : decoded;
    this.#skipLf = decoded.endsWith("\r");
    let start = 0;
    let lf = text.indexOf("\n");
    let cr = text.indexOf("\r");
    while (lf !== -1 || cr !== -1) {
      const at = cr === -1 || (lf !== -1 && lf < cr) ? lf : cr;
      const event = this.#line(this.#completeLine(text.slice(start, at)));
      if (event !== undefined) events.push(event);
      start = at === cr && lf === cr + 1 ? at + 2 : at + 1;
      // Each search goes on where the last one ended, so a large chunk is read once.
      if (lf !== -1 && lf < start) lf = text.indexOf("\n", start);
      if (cr !== -1 && cr < start) cr = text.indexOf("\r", start);
    }
    if (start < text.length) {
      this.#rest.push(text.slice(start));
      this.#restLength += text.length - start;
      if (this.#restLength + this.#dataLength > this.#maxEvent) throw tooLarge();
    }
    return events;
  }

  #completeLine(end: string): string {
    if (this.#rest.length === 0) return end;
    const line = this.#rest.join("") + end;
    this.#rest = [];
    this.#restLength = 0;
    return line;
  }

  #line(line: string): SseEvent | undefined {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return this.#comments ? { event: "comment", data: line.slice(1).trim(), id: this.#id } : undefined;
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "data") {
      this.#data.push(value);
      this.#dataLength += value.length + 1;
      if (this.#dataLength > this.#maxEvent) throw tooLarge();
    } else if (field === "event") this.#event = value;
    else if (field === "id" && !value.includes("\0")) this.#id = value;
    return undefined;
  }

  #dispatch(): SseEvent | undefined {
    const event = this.#data.length === 0 ? undefined : { event: this.#event === "" ? "message" : this.#event, data: this.#data.join("\n"), id: this.#id };
    this.#data = [];
    this.#dataLength = 0;
    this.#event = "";
    return event;
  }
}

function tooLarge(): SseTooLarge {
  return new SseTooLarge("an event of the stream is too large");
}
