import type { AuthenticationCreds, AuthenticationState, SignalDataTypeMap } from "baileys";
import type { Library } from "./library.ts";

/** The session's keys: in memory here, kept by the gateway, sealed. A change has happened once the gateway has it on disk. */
export interface Keys {
  readonly auth: AuthenticationState;
  /** After the creds have changed. */
  saveCreds(): Promise<void>;
  /** Keeps something else beside the keys, until the gateway takes it out. */
  keep(changes: Readonly<Record<string, string | null>>): Promise<void>;
}

const CREDS = "creds";

/** @param kept what the gateway has. @param keep resolves when changes are on disk */
export function createKeys(
  { initAuthCreds, BufferJSON, proto }: Library,
  kept: Readonly<Record<string, string>>,
  keep: (changes: Readonly<Record<string, string | null>>) => Promise<void>,
): Keys {
  const entries = new Map(Object.entries(kept));
  const parse = (text: string): unknown => JSON.parse(text, BufferJSON.reviver);
  const text = (value: unknown): string => JSON.stringify(value, BufferJSON.replacer);
  const saved = entries.get(CREDS);
  const creds = (saved === undefined ? initAuthCreds() : parse(saved)) as AuthenticationCreds;
  const nameOf = (type: string, id: string) => `key:${type}:${id}`;
  const get = <T extends keyof SignalDataTypeMap>(type: T, ids: string[]) => {
    const found: { [id: string]: SignalDataTypeMap[T] } = {};
    for (const id of ids) {
      const entry = entries.get(nameOf(type, id));
      if (entry === undefined) continue;
      const value = parse(entry);
      found[id] = (type === "app-state-sync-key" ? proto.Message.AppStateSyncKeyData.fromObject(value as object) : value) as SignalDataTypeMap[T];
    }
    return found;
  };
  return {
    auth: {
      creds,
      keys: {
        get,
        async set(data) {
          const changes: Record<string, string | null> = {};
          for (const [type, values] of Object.entries(data))
            for (const [id, value] of Object.entries(values ?? {})) {
              const entry = value === null || value === undefined ? null : text(value);
              changes[nameOf(type, id)] = entry;
              if (entry === null) entries.delete(nameOf(type, id));
              else entries.set(nameOf(type, id), entry);
            }
          if (Object.keys(changes).length > 0) await keep(changes);
        },
      },
    },
    saveCreds: () => keep({ [CREDS]: text(creds) }),
    keep,
  };
}
