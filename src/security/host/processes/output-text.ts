import { StringDecoder } from "node:string_decoder";

/** Keeps the beginning and the end of a text that may be endless, in bounded memory. */
export interface OutputText {
  add(text: string): void;
  /** @returns what was kept; a line says how much lies between. */
  text(): string;
}

/** @param keep UTF-16 units that are kept at each end. */
export function createOutputText(keep: number): OutputText {
  let head = "";
  let tail = "";
  let dropped = 0;
  return {
    add(text) {
      const room = keep - head.length;
      head += text.slice(0, Math.max(0, room));
      tail += text.slice(Math.max(0, room));
      // Cut at twice the size: cutting at every piece would copy the text each time.
      if (tail.length > keep * 2) {
        dropped += tail.length - keep;
        tail = tail.slice(-keep);
      }
    },
    text() {
      const over = Math.max(0, tail.length - keep);
      const left = dropped + over;
      return left === 0 ? head + tail : `${head}\n[${left} characters left out]\n${tail.slice(-keep)}`;
    },
  };
}

/** Bytes of one stream as text; a sign may lie in two pieces. */
export function textReader(use: (text: string) => void): { push(bytes: Buffer): void; end(): void } {
  const decoder = new StringDecoder("utf8");
  return {
    push: (bytes) => use(decoder.write(bytes)),
    end() {
      const rest = decoder.end();
      if (rest !== "") use(rest);
    },
  };
}
