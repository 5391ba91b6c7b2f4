import { type SignalApi, SignalFailure } from "./api.ts";
import type { WireListedContact } from "./wire.ts";

/** The account's own id, as the daemon has it among its contacts. @throws SignalFailure, HttpFailure */
export async function ownAci(api: SignalApi, number: string, signal: AbortSignal): Promise<string> {
  const listed = await api.call<WireListedContact[]>("listContacts", { recipient: [number], allRecipients: true }, { signal });
  const aci = (Array.isArray(listed) ? listed : []).find((contact) => contact.number === number)?.uuid?.toLowerCase();
  if (aci === undefined) throw new SignalFailure("listContacts", { status: 200, message: "the daemon does not tell the account's own id (ACI)" });
  return aci;
}
