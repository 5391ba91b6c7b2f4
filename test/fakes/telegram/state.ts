import type { Chat, Message, UserFromGetMe } from "@grammyjs/types";
import type { UpdatesQueue } from "./updates-queue.ts";

export interface StoredMessage {
  readonly chat: string;
  message: Message;
  readonly byBot: boolean;
  /** Texts it was edited to, in order. */
  readonly edits: string[];
  /** Of the bot. */
  reactions?: string[];
  pinned?: boolean;
}

export interface StoredFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** May be claimed larger than the bytes. */
  size: number;
  readonly name: string;
  readonly type: string;
}

/** Everything the fake server knows. */
export interface FakeState {
  readonly me: UserFromGetMe;
  readonly queue: UpdatesQueue;
  readonly chats: Map<string, Chat>;
  readonly messages: StoredMessage[];
  readonly files: Map<string, StoredFile>;
  readonly presses: Set<string>;
  /** Groups in which the bot may pin and delete what others wrote. */
  readonly admin: Set<string>;
  readonly blocked: Set<string>;
  readonly migrated: Map<string, string>;
  readonly floods: Map<string, { until: number; told: boolean }>;
  /** What a client did that the real platform punishes, in words. A good run leaves it empty. */
  readonly violations: string[];
  commands: { command: string; description: string }[];
  webhook: { url: string; secret: string | undefined } | undefined;
  webhookError: { last_error_date?: number; last_error_message?: string };
  /** allowed_updates as last named. */
  allowed: string[] | undefined;
  nextMessageId: number;
  /** Wall milliseconds, and seconds. */
  now(): number;
  seconds(): number;
  addFile(bytes: Uint8Array, info: { folder: string; name?: string; type?: string }): string;
  /** Looks whether something has to go to the webhook. */
  pump(): void;
}
