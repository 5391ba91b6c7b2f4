/** Where the token lives while the tab is open: not in the address, not in a cookie, gone with the tab. */
const KEY = "clanker.token";

/** The token of the printed address (`/ui/#token=...`), taken out of the address and the history at once, else the one this tab already has. */
export function takeCredential(): string | undefined {
  const token = new URLSearchParams(location.hash.slice(1)).get("token")?.trim();
  if (location.hash !== "") history.replaceState(null, "", location.pathname);
  if (token !== undefined && token !== "") keepCredential(token);
  return token || (read() ?? undefined);
}

export function keepCredential(token: string): void {
  try {
    sessionStorage.setItem(KEY, token);
  } catch {
    // Storage is switched off: a reload asks again.
  }
}

export function forgetCredential(): void {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // Nothing was kept.
  }
}

function read(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

/** What a person pastes may be the token or the whole printed address. */
export function tokenOf(pasted: string): string {
  const text = pasted.trim();
  return /#token=([^&\s]+)/.exec(text)?.[1] ?? text;
}
