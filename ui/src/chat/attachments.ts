import { signal, type Signal } from "@preact/signals";
import { randomKey } from "../connection/random-key.ts";

/** A file on its way into the next message. */
export interface Attachment {
  readonly key: string;
  readonly name: string;
  readonly type: string;
  readonly state: "sending" | "ready" | "failed";
  /** Media id, once the gateway has it. */
  readonly id?: string;
  readonly problem?: string;
}

/** The gateway takes 20 MB per file (contract.md, POST /api/media). */
const MAX_BYTES = 20_000_000;
const MAX_FILES = 20;

export interface Attachments {
  readonly list: Signal<readonly Attachment[]>;
  add(files: readonly File[]): void;
  remove(key: string): void;
  /** The files that can be sent, and an empty list from then on. */
  take(): readonly Attachment[];
}

/** Sends each file at once, while the person still writes. */
export function createAttachments(upload: (file: File) => Promise<string>): Attachments {
  const list = signal<readonly Attachment[]>([]);
  const update = (key: string, change: Partial<Attachment>) => (list.value = list.value.map((item) => (item.key === key ? { ...item, ...change } : item)));
  const start = (file: File): Attachment => {
    const base = { key: randomKey(), name: file.name || "file", type: file.type || "application/octet-stream" };
    if (file.size > MAX_BYTES) return { ...base, state: "failed", problem: "is larger than 20 MB" };
    if (file.size === 0) return { ...base, state: "failed", problem: "is empty" };
    upload(file).then(
      (id) => update(base.key, { state: "ready", id }),
      (error: unknown) => update(base.key, { state: "failed", problem: error instanceof Error ? error.message : "could not be sent" }),
    );
    return { ...base, state: "sending" };
  };
  return {
    list,
    add(files) {
      list.value = [...list.value, ...files.slice(0, MAX_FILES - list.value.length).map(start)];
    },
    remove(key) {
      list.value = list.value.filter((item) => item.key !== key);
    },
    take() {
      const ready = list.value.filter((item) => item.state === "ready");
      list.value = [];
      return ready;
    },
  };
}
