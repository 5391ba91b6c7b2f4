/**
 * A disk that loses its power: what was synced is there; of what was written since, every sector is there or not, as chance has it. Names (create, rename,
 * remove) count as done at once.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DiskEvent } from "./syscall-trace.ts";

const SECTOR = 512;

type Change = Extract<DiskEvent, { kind: "write" | "truncate" }>;

interface File {
  readonly durable: Contents;
  pending: Change[];
}

export class PowerLossModel {
  readonly #files = new Map<string, File>();
  readonly #ignoreSync: (file: string) => boolean;

  /** @param ignoreSync files whose syncs do nothing: shows that the model notices a missing one */
  constructor(ignoreSync: (file: string) => boolean = () => false) {
    this.#ignoreSync = ignoreSync;
  }

  apply(event: DiskEvent): void {
    switch (event.kind) {
      case "write":
      case "truncate":
        return void this.#file(event.file).pending.push(event);
      case "sync": {
        const file = this.#file(event.file);
        if (this.#ignoreSync(event.file)) return;
        for (const change of file.pending) file.durable.apply(change);
        file.pending = [];
        return;
      }
      case "remove":
        return void this.#files.delete(event.file);
      case "rename": {
        const file = this.#files.get(event.file);
        this.#files.delete(event.file);
        if (file !== undefined) this.#files.set(event.to, file);
      }
    }
  }

  /** Writes the files into a folder as they are found when the power is back. @param random from 0 to 1 */
  cut(folder: string, random: () => number): void {
    mkdirSync(folder, { recursive: true });
    // Sometimes hardly anything of what was pending arrived, sometimes nearly all.
    const chance = random();
    for (const [name, file] of this.#files) {
      const found = new Contents(file.durable.bytes);
      for (const change of file.pending) {
        if (change.kind === "truncate" && random() < chance) found.apply(change);
        if (change.kind === "truncate") continue;
        for (let at = 0; at < change.bytes.length; at += SECTOR) {
          if (random() >= chance) continue;
          found.apply({ kind: "write", file: name, offset: change.offset + at, bytes: change.bytes.subarray(at, at + SECTOR) });
        }
      }
      writeFileSync(join(folder, name), found.bytes);
    }
  }

  #file(name: string): File {
    let file = this.#files.get(name);
    if (file === undefined) this.#files.set(name, (file = { durable: new Contents(), pending: [] }));
    return file;
  }
}

/** The bytes of a file; grows in steps, for there are tens of thousands of writes. */
class Contents {
  #room: Buffer;
  #size: number;

  constructor(bytes: Buffer = Buffer.alloc(0)) {
    this.#room = Buffer.from(bytes);
    this.#size = bytes.length;
  }

  get bytes(): Buffer {
    return this.#room.subarray(0, this.#size);
  }

  apply(change: Change): void {
    const end = change.kind === "truncate" ? change.size : change.offset + change.bytes.length;
    if (end > this.#room.length) {
      const room = Buffer.alloc(end * 2);
      this.bytes.copy(room);
      this.#room = room;
    }
    if (change.kind === "write") change.bytes.copy(this.#room, change.offset);
    // What a shorter file loses reads as zeros when it grows again.
    else if (end < this.#size) this.#room.fill(0, end, this.#size);
    this.#size = change.kind === "truncate" ? end : Math.max(this.#size, end);
  }
}
