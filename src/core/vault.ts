/** Keys of one channel account that change as it talks, sealed on disk. Values are text; whole batches are kept or not at all. */
export interface Vault {
  /** Everything in it. @throws ConfigError `vault_damaged` when the file was changed by anybody without the key */
  entries(): Promise<ReadonlyMap<string, string>>;
  /** Null takes an entry out. Resolves when it is on disk. @throws as entries, and the file system's error */
  put(changes: Readonly<Record<string, string | null>>): Promise<void>;
  /** Forgets the entries and the key that could open them. */
  clear(): Promise<void>;
}
