/**
 * The last step of the hall (house.md section 2): one part to Teams. Always true: nothing is sent a second time unless Teams' own answer says that the first was not
 * taken, for the connector knows no repeated message; the error says what turn/deliver may do (P2).
 */
import type { Address } from "../../core/address.ts";
import type { ActionTarget, ChannelActions, Receipt, RenderedPart, SendTarget } from "../../core/channel.ts";
import { ChannelError } from "../../core/errors.ts";
import { textMessage } from "../../core/message.ts";
import { type TeamsAccount, spokeIn } from "./account.ts";
import { adaptiveCard } from "./cards.ts";
import { toChannelError } from "./failure.ts";
import { fileAttachment } from "./files.ts";
import { KNOWN_EMOJI, reactionId } from "./reactions.ts";
import type { Place } from "./references.ts";
import { renderMessage, type TeamsPayload } from "./render.ts";

export interface Outbound {
  /** @throws ChannelError */
  send(part: RenderedPart, target: SendTarget): Promise<Receipt>;
  /** @throws ChannelError */
  edit(receipt: Receipt, part: RenderedPart, target: SendTarget): Promise<void>;
  typing(address: Address): Promise<void>;
  readonly actions: ChannelActions;
}

/** How many cards are remembered: a press takes the buttons away where nobody else needs them, and for that the rest has to be said again. */
const MAX_CARDS = 200;
const OBJECT_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function createOutbound(account: TeamsAccount): Outbound {
  const { api, deps, references } = account;
  const opened = new Map<string, string>();

  /** A person's object id stands for the personal chat with them, which is there when the app is installed for them (learn.microsoft.com, "Send proactive messages"). */
  const placeOf = async ({ conversation, thread }: Address, signal?: AbortSignal): Promise<Place> => {
    if (!OBJECT_ID.test(conversation)) return { ...(await references.find(conversation)), conversation, thread };
    const reference = await references.find(conversation);
    const known = opened.get(conversation);
    if (known !== undefined) return { ...reference, kind: "personal", conversation: known, thread: undefined };
    const { id } = await api.call<{ id?: string }>("POST", "/v3/conversations", {
      serviceUrl: reference.serviceUrl,
      body: {
        bot: us(account),
        members: [{ id: conversation }],
        isGroup: false,
        tenantId: account.config.tenant_id,
        channelData: { tenant: { id: account.config.tenant_id } },
      },
      ...(signal === undefined ? {} : { signal }),
    });
    if (id === undefined) throw new ChannelError("teams_error", "Teams opened a chat and did not say which", "retry");
    if (opened.size > 1_000) opened.clear();
    opened.set(conversation, id);
    return { ...reference, kind: "personal", conversation: id, thread: undefined };
  };

  const update = async (target: Pick<ActionTarget, "address" | "messageId" | "signal">, activity: object) => {
    const place = await placeOf(target.address, target.signal);
    await api.call("PUT", `${pathOf(place)}/activities/${encodeURIComponent(target.messageId)}`, {
      serviceUrl: place.serviceUrl,
      body: { ...activity, id: target.messageId, from: us(account), conversation: { id: whole(place) } },
      signal: target.signal,
    });
  };

  return {
    async send(part, target) {
      let place: Place;
      let activity: object;
      try {
        // Nothing is posted yet: whatever fails here may be tried again.
        place = await placeOf(target.address, target.signal);
        activity = await activityOf(account, part, place);
      } catch (error) {
        throw toChannelError(error, "repeatable");
      }
      try {
        const messageId = await post(account, place, {
          ...activity,
          ...(target.replyTo === undefined ? {} : { replyToId: target.replyTo }),
          signal: target.signal,
        });
        const { card } = part.payload as { card?: readonly object[] };
        if (card !== undefined) remember(account.cards, messageId, card);
        return { messageId };
      } catch (error) {
        throw toChannelError(error, "send");
      }
    },
    async edit(receipt, part, target) {
      const payload = part.payload as TeamsPayload;
      if (payload.kind !== "text")
        throw new ChannelError("teams_not_editable", "only text replaces a message", "permanent", { hint: "Send the file as a message of its own" });
      try {
        await update({ ...target, messageId: receipt.messageId }, textActivity(part.text, payload));
        if (payload.card !== undefined) remember(account.cards, receipt.messageId, payload.card);
      } catch (error) {
        throw toChannelError(error, "repeatable");
      }
    },
    async typing(address) {
      // In a channel nobody would see it, and each costs a call of the few there are.
      if (address.thread !== undefined || OBJECT_ID.test(address.conversation)) return;
      try {
        const place = await placeOf(address);
        await api.call("POST", `${pathOf(place)}/activities`, { serviceUrl: place.serviceUrl, body: { type: "typing", from: us(account) } });
      } catch (error) {
        deps.log.debug("teams typing not shown", { error: toChannelError(error, "repeatable") });
      }
    },
    actions: {
      async edit(target, markdown) {
        const [part, more] = renderMessage(textMessage(markdown));
        if (more !== undefined || part === undefined)
          throw new ChannelError("teams_too_big", "the text does not fit into one message", "permanent", { hint: "Send what is behind 4,000 characters anew" });
        try {
          await update(target, textActivity(part.text, part.payload as Extract<TeamsPayload, { kind: "text" }>));
        } catch (error) {
          throw toChannelError(error, "repeatable");
        }
      },
      /** Adding and taking away may be repeated (learn.microsoft.com, "Use emoji reactions in Teams chat"). */
      async react(target, emoji, on) {
        const id = reactionId(emoji);
        if (id === undefined)
          throw new ChannelError("teams_no_such_reaction", `Teams has no name that we know for ${emoji.slice(0, 20)}`, "permanent", {
            hint: `Use one of ${KNOWN_EMOJI.join(" ")}`,
          });
        try {
          const place = await placeOf(target.address, target.signal);
          const path = `${pathOf(place)}/activities/${encodeURIComponent(target.messageId)}/reactions/${encodeURIComponent(id)}`;
          await api.call(on ? "PUT" : "DELETE", path, { serviceUrl: place.serviceUrl, signal: target.signal });
        } catch (error) {
          throw toChannelError(error, "repeatable");
        }
      },
      async delete(target) {
        try {
          const place = await placeOf(target.address, target.signal);
          await api.call("DELETE", `${pathOf(place)}/activities/${encodeURIComponent(target.messageId)}`, {
            serviceUrl: place.serviceUrl,
            signal: target.signal,
          });
        } catch (error) {
          throw toChannelError(error, "repeatable");
        }
      },
    },
  };
}

/** As the connector calls it, with the thread in a channel. */
function whole({ conversation, thread }: Place): string {
  return thread === undefined ? conversation : `${conversation};messageid=${thread}`;
}

function pathOf(place: Place): string {
  return `/v3/conversations/${encodeURIComponent(whole(place))}`;
}

function us({ config }: TeamsAccount): { id: string } {
  return { id: `28:${config.app_id}` };
}

async function post(account: TeamsAccount, place: Place, { signal, ...activity }: { signal: AbortSignal }): Promise<string> {
  const { serviceUrl } = place;
  const body = { ...activity, from: us(account) };
  // Outside of a thread every message in a channel begins one.
  if (place.thread === undefined && (place.kind === "channel" || place.conversation.endsWith("@thread.tacv2"))) {
    const created = await account.api.call<{ id?: string; activityId?: string }>("POST", "/v3/conversations", {
      serviceUrl,
      body: { isGroup: true, channelData: { channel: { id: place.conversation } }, activity: body },
      signal,
    });
    const messageId = created.activityId ?? /;messageid=(\d+)$/.exec(created.id ?? "")?.[1];
    if (messageId === undefined) throw new ChannelError("teams_error", "Teams began a thread and did not say which", "unknown");
    spokeIn(account, `${place.conversation};messageid=${messageId}`);
    return messageId;
  }
  const { id } = await account.api.call<{ id?: string }>("POST", `${pathOf(place)}/activities`, {
    serviceUrl,
    body: { ...body, conversation: { id: whole(place) } },
    signal,
  });
  if (id === undefined) throw new ChannelError("teams_error", "Teams took a message and did not say its id", "unknown");
  if (place.thread !== undefined) spokeIn(account, whole(place));
  return id;
}

async function activityOf(account: TeamsAccount, part: RenderedPart, place: Place): Promise<object> {
  const payload = part.payload as TeamsPayload;
  return payload.kind === "media" ? { type: "message", attachments: [await fileAttachment(account, payload.media, place)] } : textActivity(part.text, payload);
}

function textActivity(text: string, { xml, card, buttons }: Extract<TeamsPayload, { kind: "text" }>): object {
  // The summary is what notifications show of a card.
  if (card !== undefined) return { type: "message", summary: text.slice(0, 200).toWellFormed(), attachments: [adaptiveCard(card, buttons)] };
  return xml === undefined ? { type: "message", textFormat: "plain", text } : { type: "message", textFormat: "xml", text: xml };
}

function remember(cards: Map<string, readonly object[]>, messageId: string, body: readonly object[]): void {
  cards.delete(messageId);
  cards.set(messageId, body);
  if (cards.size > MAX_CARDS) cards.delete(cards.keys().next().value!);
}
