/** What became of a change of the config. Paths are dotted, e.g. `channels.telegram.enabled`. */
export interface ConfigChange {
  /** In force now. */
  readonly applied: readonly string[];
  /** Written, and in force after the next start. */
  readonly restart_required: readonly string[];
  /** Digest of the config as it now stands. */
  readonly digest: string;
}

/** One value as it may be shown: secrets are `[secret PATH]`, never their text. */
export interface ConfigValue {
  readonly value: unknown;
  /** Where it comes from: `config.toml:12`, `environment variable NAME` or `default`. For a table: where its first key comes from. */
  readonly source: string;
  readonly digest: string;
}

export interface ConfigEditOptions {
  /** The digest that the change was made from; another one means that somebody else has changed the config since. */
  readonly expectedDigest?: string;
}

/**
 * The one door to change the config. Every change is checked as a whole before anything is written; what is written keeps the file's comments and is either the
 * old or the new file, whatever happens (P8). Nothing here ever answers with a secret's text.
 *
 * All changes: @throws ConfigError `config_invalid` when the result would not be valid; RequestError `config_changed` when `expectedDigest` is not the present
 * one, `config_elsewhere` when the key is set by the environment or an included file, `config_bad_path` for a path that cannot be, `config_has_comments` when a
 * JSON5 file cannot be rewritten without losing its comments.
 */
export interface ConfigEditor {
  /** @param path dotted; `` or nothing for the whole config. @throws RequestError `config_bad_path` */
  get(path?: string): Promise<ConfigValue>;
  /** `value` is plain JSON. For a secret: a literal or a reference (`secret:NAME`, `file:PATH`, `${VAR}`). */
  set(path: string, value: unknown, options?: ConfigEditOptions): Promise<ConfigChange>;
  /** Puts what is not yet in a list at its end. @throws RequestError `config_bad_value` when the key holds something else in the file. */
  append(path: string, items: readonly unknown[], options?: ConfigEditOptions): Promise<ConfigChange>;
  unset(path: string, options?: ConfigEditOptions): Promise<ConfigChange>;
  /** JSON merge patch (RFC 7396): null removes. */
  patch(changes: Record<string, unknown>, options?: ConfigEditOptions): Promise<ConfigChange>;
  /** Checks a merge patch without writing. @throws as patch does */
  validate(changes?: Record<string, unknown>): Promise<void>;
  /** Reads the files again, for edits made by hand. */
  reload(): Promise<ConfigChange>;
  /** JSON Schema of the config. */
  schema(): Record<string, unknown>;
}
