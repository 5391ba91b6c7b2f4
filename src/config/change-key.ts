import type { ConfigChange, ConfigEditOptions, ConfigEditor } from "../core/config-editor.ts";

/** `key+` means: add to the list at `key`. @returns the key itself and whether it is to be added to. */
export function readKey(written: string): { readonly key: string; readonly adds: boolean } {
  return written.endsWith("+") ? { key: written.slice(0, -1), adds: true } : { key: written, adds: false };
}

/** One change as the RPC method config.set and `clanker config set` write it: null unsets, `key+` adds to a list. @throws as ConfigEditor does */
export function changeKey(editor: ConfigEditor, written: string, { value, ...edit }: { readonly value: unknown } & ConfigEditOptions): Promise<ConfigChange> {
  const { key, adds } = readKey(written);
  if (adds) return editor.append(key, Array.isArray(value) ? value : [value], edit);
  return value === null ? editor.unset(key, edit) : editor.set(key, value, edit);
}
