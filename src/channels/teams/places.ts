import type { Address } from "../../core/address.ts";
import { ChannelError } from "../../core/errors.ts";
import type { TeamsAccount } from "./account.ts";
import type { Place } from "./references.ts";

/** Where the parts for an address go. */
export interface Places {
  /** @throws TeamsFailure, HttpFailure, NotAllowed, ChannelError: nothing was posted */
  find(address: Address, signal?: AbortSignal): Promise<Place>;
}

const OBJECT_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const MAX_OPENED = 1_000;

/** Whether the conversation of an address is a person's object id and not yet the chat with them. */
export function isPerson({ conversation }: Address): boolean {
  return OBJECT_ID.test(conversation);
}

/** A person's object id stands for the personal chat with them, which is there when the app is installed for them (learn.microsoft.com, "Send proactive messages"). */
export function createPlaces(account: TeamsAccount): Places {
  const { api, references, config } = account;
  const opened = new Map<string, string>();
  const open = async (person: string, serviceUrl: string, signal: AbortSignal | undefined): Promise<string> => {
    const known = opened.get(person);
    if (known !== undefined) return known;
    const tenant = config.tenant_id;
    const body = { bot: ourselves(account), members: [{ id: person }], isGroup: false, tenantId: tenant, channelData: { tenant: { id: tenant } } };
    const { id } = await api.call<{ id?: string }>("POST", "/v3/conversations", { serviceUrl, body, ...(signal === undefined ? {} : { signal }) });
    if (id === undefined) throw new ChannelError("teams_error", "Teams opened a chat and did not say which", "retry");
    if (opened.size > MAX_OPENED) opened.clear();
    opened.set(person, id);
    return id;
  };
  return {
    async find(address, signal) {
      const { conversation, thread } = address;
      const reference = await references.find(conversation);
      if (!isPerson(address)) return { ...reference, conversation, thread };
      return { ...reference, kind: "personal", conversation: await open(conversation, reference.serviceUrl, signal), thread: undefined };
    },
  };
}

/** As the connector calls it, with the thread in a channel. */
export function wholeConversation({ conversation, thread }: Place): string {
  return thread === undefined ? conversation : `${conversation};messageid=${thread}`;
}

/** Of the activities there, or of one of them. */
export function activityPath(place: Place, messageId?: string): string {
  const path = `/v3/conversations/${encodeURIComponent(wholeConversation(place))}/activities`;
  return messageId === undefined ? path : `${path}/${encodeURIComponent(messageId)}`;
}

export function ourselves({ config }: TeamsAccount): { id: string } {
  return { id: `28:${config.app_id}` };
}
