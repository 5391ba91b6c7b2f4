import type { FetchedMedia } from "../../core/channel.ts";
import type { Media } from "../../core/message.ts";
import type { Row } from "./row.ts";

/** What a text or file goes out with. */
export interface Outgoing {
  /** The chat's guid. */
  readonly chat: string;
  /** Guid of the message that it answers; with the Private API alone. */
  readonly replyTo?: string | undefined;
  readonly nonce: string;
  readonly signal: AbortSignal;
}

export interface OutgoingFile {
  readonly name: string;
  readonly type: string;
  readonly bytes: Uint8Array;
  readonly voice: boolean;
}

/** What comes over a way goes to. */
export interface Feed {
  /** Rowid up to which nothing is missing; undefined before the first start has written one. */
  position(): number | undefined;
  /** Writes down where to begin. @throws what `Intake.receive` throws */
  begin(rowid: number): Promise<void>;
  /** Rows that are new, in order. @throws what `Intake.receive` throws: none of the rows from the one that failed on was taken. */
  said(rows: readonly Row[]): Promise<void>;
  /** Rows that were changed after they were said. @throws as `said` */
  changed(rows: readonly Row[]): Promise<void>;
  /** A round trip is complete. `trouble`: not everything can be done. */
  alive(trouble?: { readonly code: string; readonly detail: string }): void;
}

/** A way to Messages on a Mac. Everything but `listen` and `fetch` throws WayFailure or HttpFailure. */
export interface Way {
  /** Hands in rows until `signal` aborts. Throws when the connection is lost, resolves only when stopped. */
  listen(feed: Feed, signal: AbortSignal): Promise<void>;
  /** Somebody says that there is news. */
  poke(): void;
  /** @returns the guid of what was sent, as far as it is known. */
  sendText(text: string, out: Outgoing): Promise<string | undefined>;
  sendFile(file: OutgoingFile, out: Outgoing): Promise<string | undefined>;
  fetch(media: Media, limit: number, signal: AbortSignal): Promise<FetchedMedia>;
  typing(chat: string): Promise<void>;
  markRead(chat: string, signal: AbortSignal): Promise<void>;
  edit(chat: string, guid: string, text: string, signal: AbortSignal): Promise<void>;
  unsend(chat: string, guid: string, signal: AbortSignal): Promise<void>;
  /** @param tapback one of TAPBACKS */
  react(chat: string, guid: string, tapback: { name: string; on: boolean; signal: AbortSignal }): Promise<void>;
}

/**
 * An answer that is an error. `refused`: it was not done and would be refused again; `password`: nobody is let in; `access`: the Mac does not let the program in; `lost`: it may have been done; `away`: it was not
 * done, because nobody is there.
 */
export class WayFailure extends Error {
  override readonly name = "WayFailure";
  readonly kind: "refused" | "password" | "gone" | "access" | "helper" | "undelivered" | "lost" | "away";

  constructor(kind: WayFailure["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}
