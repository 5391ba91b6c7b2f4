/** A handle on a secret value. It prints as `[secret NAME]` everywhere; only the door that needs the value calls `reveal`. */
export class Secret {
  readonly name: string;
  readonly #value: string;

  constructor(name: string, value: string) {
    this.name = name;
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return `[secret ${this.name}]`;
  }

  toJSON(): string {
    return this.toString();
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/** The keychain of the person who is logged in, or our own encrypted file. */
export type SecretPlace = "keychain" | "file";

/** The secret store behind `secret:NAME` references. */
export interface Secrets {
  /** @returns the handle, or undefined when there is no such secret. */
  get(name: string): Promise<Secret | undefined>;
  set(name: string, value: string): Promise<void>;
  /** @returns whether there was one. */
  remove(name: string): Promise<boolean>;
  list(): Promise<string[]>;
  /** Where one is kept; undefined when there is none. */
  place(name: string): Promise<SecretPlace | undefined>;
}
