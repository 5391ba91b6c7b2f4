/**
 * What a channel account has to remember beyond its cursors, above all keys of an end-to-end encryption, which change with every message: a log of records, sealed
 * where it lies. It is in no backup: keys of before that are put back break conversations.
 */
export interface Keep {
  /** @returns every record, oldest first; none before the first. @throws StoreError `keep_damaged`, `keep_failed` */
  read(): Promise<Uint8Array[]>;
  /** Resolves when the record is on disk: after a crash it is there whole or not at all. @throws StoreError `keep_damaged`, `keep_failed`: it was not taken */
  append(record: Uint8Array): Promise<void>;
  /** These records instead of all there were, at once. @throws StoreError `keep_damaged`, `keep_failed`: then the old ones stand */
  replace(records: readonly Uint8Array[]): Promise<void>;
  /** Forgets the records and the key that could open them, also damaged ones. @throws StoreError `keep_failed` */
  clear(): Promise<void>;
}
