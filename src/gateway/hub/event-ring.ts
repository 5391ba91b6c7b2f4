/** One published event: its number, itself, and its notification as JSON text, made once. */
export interface HubRecord {
  readonly seq: number;
  readonly name: string;
  readonly session: string | undefined;
  readonly json: string;
}

const MAX_EVENTS = 10_000;
const MAX_CHARS = 8 * 1024 * 1024;

/** The newest events: 10,000 or 8 MiB of text, whichever is less. */
export interface EventRing {
  add(record: HubRecord): void;
  /** The first kept record with a number above `seq`. */
  after(seq: number): HubRecord | undefined;
  /** Number of the oldest kept record. */
  readonly oldest: number | undefined;
}

/** Numbers must be added without gaps: positions are computed from them. */
export function createEventRing(): EventRing {
  let records: HubRecord[] = [];
  let start = 0;
  let chars = 0;
  return {
    get oldest() {
      return records[start]?.seq;
    },
    add(record) {
      records.push(record);
      chars += record.json.length;
      while (records.length - start > MAX_EVENTS || (chars > MAX_CHARS && records.length - start > 1)) chars -= records[start++]!.json.length;
      // Dropped records are let go in blocks, so that adding stays cheap and at most 1,000 dead ones are held.
      if (start >= 1_000) {
        records = records.slice(start);
        start = 0;
      }
    },
    after(seq) {
      const oldest = records[start];
      if (oldest === undefined) return undefined;
      return records[start + Math.max(0, seq + 1 - oldest.seq)];
    },
  };
}
