/**
 * What a channel account has to remember beyond its cursors, where a library keeps a state of its own (keys of an end-to-end encryption): a log of records.
 * Sealed where it lies; it belongs to this gateway's home and moves with its backup.
 */
export interface Keep {
  /** @returns every record, oldest first. @throws StoreError `keep_damaged` */
  read(): Promise<Uint8Array[]>;
  /** Resolves when the record is on disk: after a crash it is there whole or not at all. @throws StoreError `keep_failed`: it was not taken */
  append(record: Uint8Array): Promise<void>;
  /** These records instead of all there were, at once. @throws StoreError `keep_failed`: then the old ones stand. */
  replace(records: readonly Uint8Array[]): Promise<void>;
  /** Lets go of the file; `read` opens it anew. */
  close(): Promise<void>;
}
