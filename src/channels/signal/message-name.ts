/** On Signal author and time together name a message: `ACI:TIMESTAMP`. */
export interface MessageName {
  readonly author: string;
  /** Milliseconds, by the author's clock. */
  readonly timestamp: number;
}

export function formatName({ author, timestamp }: MessageName): string {
  return `${author}:${timestamp}`;
}

export function parseName(text: string): MessageName | undefined {
  const [, author, timestamp] = /^([0-9a-f-]{36}):(\d{1,16})$/.exec(text) ?? [];
  return author === undefined ? undefined : { author, timestamp: Number(timestamp) };
}

/** Conversations of two bear the other's ACI, groups their own id. */
export function isPerson(conversation: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(conversation);
}
