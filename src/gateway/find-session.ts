import type { Session } from "../core/records.ts";
import type { Store } from "../core/store.ts";
import { notFound } from "./methods/schemas.ts";

export const DEFAULT_SESSION = "agent:main:main";

/** The session of a key (its current one) or of an id. Keys have colons, ids never do. @throws RequestError `session_not_found` */
export async function findSession(store: Store, ref: string): Promise<Session> {
  const session = await store.getSession(ref.includes(":") ? { key: ref } : { id: ref });
  if (session === undefined) throw notFound("session", ref);
  return session;
}

/** The key a caller means, without a look at the store when it wrote a key. */
export async function sessionKeyOf(store: Store, ref: string | undefined): Promise<string> {
  if (ref === undefined) return DEFAULT_SESSION;
  return ref.includes(":") ? ref : (await findSession(store, ref)).key;
}
