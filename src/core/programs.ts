/** A program that the owner named in the config and that a channel speaks to over its input and output, one JSON object per line. */
export interface ProgramDestination {
  /** Name or path of the program, then its arguments; no shell reads them. */
  readonly command: readonly string[];
  /** Folders of whose files it may name some; `~` is the home of the gateway's user. */
  readonly folders: readonly string[];
}

/** A file that a program may read until it is given back. */
export interface LentFile {
  readonly path: string;
  /** Removes it. Never rejects. */
  giveBack(): Promise<void>;
}

/** A program that runs. It ends with the gateway, however that ends. */
export interface Program {
  /** What it writes, in order; ends when it has ended. To be read once. What is no object is left out. */
  readonly messages: AsyncIterable<Readonly<Record<string, unknown>>>;
  /** Settles, in words for a log, when it has ended. Never rejects. */
  readonly ended: Promise<string>;
  /** @returns whether it was there to take it. */
  send(message: object): boolean;
  /** Closes its input, and ends it a little later if that did not. Resolves with `ended`. */
  stop(): Promise<void>;
  /** A file that it has named. @throws ChannelError `file_refused` outside the folders, `file_gone`, `file_too_big` */
  read(path: string, limit: number): Promise<Uint8Array>;
  /** Puts bytes where it can read them, under this name. */
  lend(name: string, bytes: Uint8Array): Promise<LentFile>;
}

/** The door to such programs (security/host/processes). */
export interface Programs {
  /** Never throws: `ended` of one that cannot be started tells why. */
  start(destination: ProgramDestination): Program;
}
