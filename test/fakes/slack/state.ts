/** What the fake workspace knows. */
export interface StoredMessage {
  readonly ts: string;
  readonly user: string;
  readonly bot_id?: string;
  text: string;
  blocks?: readonly Block[];
  thread_ts?: string;
  metadata?: { event_type: string; event_payload: Record<string, unknown> };
  edited?: { user: string; ts: string };
  files?: Record<string, unknown>[];
  /** Names with which the bot has reacted. */
  reactions?: string[];
  pinned?: boolean;
  attachments?: Record<string, unknown>[];
}

export interface Block {
  readonly type: string;
  readonly elements?: readonly Record<string, unknown>[];
  readonly text?: { readonly type: string; readonly text: string };
}

export interface StoredFile {
  readonly id: string;
  readonly name: string;
  readonly mimetype: string;
  bytes: Buffer;
  readonly length: number;
  readonly shares: string[];
}

export interface Conversation {
  readonly id: string;
  readonly members: Set<string>;
  readonly messages: StoredMessage[];
}

export interface Ephemeral {
  readonly channel: string;
  readonly user: string;
  readonly text: string;
}

export interface SlackState {
  readonly me: { user_id: string; bot_id: string; team_id: string; user: string; team: string };
  readonly conversations: Map<string, Conversation>;
  readonly files: Map<string, StoredFile>;
  readonly users: Map<string, string>;
  readonly ephemerals: Ephemeral[];
  readonly statuses: { channel_id: string; thread_ts: string; status: string }[];
  /** What no client may do; a good run leaves it empty. */
  readonly violations: string[];
  /** A new timestamp, as Slack makes them: unique and rising. */
  ts(): string;
  readonly base: () => string;
  /** Wall milliseconds. */
  now(): number;
}
