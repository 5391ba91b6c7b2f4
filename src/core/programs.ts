/** A program beside the gateway that is spoken to over its input and output, one JSON object per line. It ends with the gateway, however that ends. */
export interface Program {
  /** What it writes, in order; ends when it has ended. To be read once. What is no object is left out. */
  readonly messages: AsyncIterable<Readonly<Record<string, unknown>>>;
  /** Settles, in words for a log, when none of its processes is left. Never rejects. */
  readonly ended: Promise<string>;
  /** @returns whether it was there to take it. */
  send(message: object): boolean;
  /** Closes its input, and ends it a little later if that did not. Resolves with `ended`. */
  stop(): Promise<void>;
}

/** Which programs of our own there are. */
export type CompanionName = "whatsapp-link";

/** Programs of our own, each for a library that must not share the gateway's process: what it breaks is its own. They get no environment. */
export interface Companions {
  /** @param megabytes of its heap. */
  start(name: CompanionName, options: { readonly megabytes: number }): Program;
  /** Folders in which a package that is not shipped with us is looked for, the first one is where the owner is told to install it. */
  readonly libraryFolders: readonly string[];
}

/** A program that the owner named in the config. */
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

export interface OwnersProgram extends Program {
  /** A file that it has named. @throws ChannelError `file_refused` outside the folders, `file_gone`, `file_too_big` */
  read(path: string, limit: number): Promise<Uint8Array>;
  /** Puts bytes where it can read them, under this name. */
  lend(name: string, bytes: Uint8Array): Promise<LentFile>;
}

/** The door to such programs (security/host/processes). */
export interface Programs {
  /** Never throws: `ended` of one that cannot be started tells why. */
  start(destination: ProgramDestination): OwnersProgram;
}
