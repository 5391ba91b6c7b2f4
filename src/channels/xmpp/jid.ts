/** Parts of an XMPP address (RFC 7622): `local@domain/resource`. Servers hand them out in their one normal form; what people wrote is made small. */

/** Without the resource, small: the one name of a person or room. */
export function bareOf(jid: string): string {
  const slash = jid.indexOf("/");
  return (slash < 0 ? jid : jid.slice(0, slash)).toLowerCase();
}

/** What stands behind the first slash; in a room, somebody's nick. */
export function resourceOf(jid: string): string {
  const slash = jid.indexOf("/");
  return slash < 0 ? "" : jid.slice(slash + 1);
}

export function domainOf(jid: string): string {
  return bareOf(jid).split("@").at(-1)!;
}
