/** What is wrong with a channel, with its code behind it as in every error: the guides and docs/errors.md are searched by it. Empty when nothing is. */
export function troubleOf({ detail, code }: { readonly detail?: string | undefined; readonly code?: string | undefined }): string {
  const words = detail ?? "";
  return code === undefined ? words : `${words} (${code})`.trimStart();
}
