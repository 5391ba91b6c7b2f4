/** What the library takes for a socket, over the guarded door to streams. Always true: text is handed on in whole characters, however TCP cut it. */
import { EventEmitter } from "node:events";
import type { Stream } from "../../core/streams.ts";

/** A stanza may be large, but not without end: most servers allow 256 kB. */
const MAX_UNFINISHED_BYTES = 2_000_000;

export interface WireOptions {
  /** @throws HttpFailure */
  readonly open: () => Promise<Stream>;
  /** TLS from the first byte. */
  readonly secure: boolean;
  /** Resolves when there is room for more. */
  readonly room: () => Promise<void>;
}

export class WireSocket extends EventEmitter {
  secure: boolean;
  /** Bytes since something whole was last understood; set to 0 by whoever understands. */
  unfinished = 0;
  readonly #options: WireOptions;
  #stream: Stream | undefined;
  #cut = false;

  constructor(options: WireOptions) {
    super();
    this.#options = options;
    this.secure = options.secure;
  }

  /** Called by the library. Never throws: `connect`, or `error` and then `close`, tell what became of it. */
  connect(): void {
    void this.#run();
  }

  async #run(): Promise<void> {
    let stream: Stream;
    try {
      stream = this.#stream = await this.#options.open();
    } catch (error) {
      if (!this.#cut) this.emit("error", error);
      return this.cut();
    }
    if (this.#cut) return stream.close();
    this.emit("connect");
    const decoder = new TextDecoder();
    for await (const chunk of stream.bytes) {
      if (this.#cut) break;
      this.unfinished += chunk.length;
      if (this.unfinished > MAX_UNFINISHED_BYTES) {
        this.emit("error", new Error("a stanza is too large"));
        break;
      }
      this.emit("data", decoder.decode(chunk, { stream: true }));
      await this.#options.room();
    }
    this.cut();
  }

  /** The connection is over as of now: nothing more is heard of it. The library takes the next one only then. */
  cut(): void {
    if (this.#cut) return;
    this.#cut = true;
    this.#stream?.close();
    this.emit("close", false, "closed");
  }

  /** STARTTLS. @throws HttpFailure */
  async beginTls(timeoutMs: number): Promise<void> {
    await this.#stream?.secure(timeoutMs);
    this.secure = true;
  }

  write(text: string, done: (error?: Error) => void): void {
    done(this.#stream?.write(text) === true ? undefined : new Error("the connection is closed"));
  }

  end(): void {
    this.#stream?.close();
  }
}
