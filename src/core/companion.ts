/**
 * A program of ours beside the gateway, for a library that must not share its process: what it breaks is its own. Both sides write one JSON object per line. It ends with
 * the gateway, however that ends, and gets no environment.
 */
export interface Companion {
  /** What it writes, in order; ends when it has ended. What is no object is left out. */
  readonly messages: AsyncIterable<Readonly<Record<string, unknown>>>;
  /** Hands an object over. One for a program that has ended goes nowhere: `ended` tells. */
  send(message: object): void;
  /** Settles, in words for a log, when none of its processes is left. Never rejects. */
  readonly ended: Promise<string>;
  /** Closes its input, and ends it a little later if that did not. Resolves with `ended`. */
  stop(): Promise<void>;
}

/** Which of our programs there are. */
export type CompanionName = "whatsapp-link";

export interface Companions {
  /** @param megabytes of its heap. */
  start(name: CompanionName, options: { readonly megabytes: number }): Companion;
  /** Folders in which a package that is not shipped with us is looked for, the first one is where the owner is told to install it. */
  readonly libraryFolders: readonly string[];
}
