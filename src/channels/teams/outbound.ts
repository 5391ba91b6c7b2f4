/**
 * The last step of the hall (house.md section 2): one part to Teams. Always true: nothing is sent a second time unless Teams' own answer says that the first was not
 * taken, for the connector knows no repeated message; the error says what turn/deliver may do (P2).
 */
import type { Address } from "../../core/address.ts";
import type { ActionTarget, ChannelActions, Receipt, RenderedPart, SendTarget } from "../../core/channel.ts";
import { ChannelError } from "../../core/errors.ts";
import { createHolds } from "../../lib/holds/index.ts";
import { type TeamsAccount, spokeIn } from "./account.ts";
import { createActions } from "./actions.ts";
import { adaptiveCard } from "./cards.ts";
import { type Attempt, toChannelError } from "./failure.ts";
import { fileAttachment } from "./files.ts";
import { activityPath, createPlaces, isPerson, ourselves, wholeConversation } from "./places.ts";
import type { Place } from "./references.ts";
import type { TeamsPayload } from "./render.ts";

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

export function createOutbound(account: TeamsAccount): Outbound {
  const { api, deps, cards } = account;
  const places = createPlaces(account);
  const attempt = createAttempt(account);
  /** Nothing is posted yet: whatever fails may be tried again. */
  const ready = <T>(target: Pick<ActionTarget, "address">, run: () => Promise<T>) => attempt({ scope: target.address.conversation, kind: "repeatable" }, run);

  const update = (target: ActionTarget, { text, payload }: RenderedPart) =>
    ready(target, async () => {
      const place = await places.find(target.address, target.signal);
      const shown = textActivity(text, payload as TextPayload);
      const body = { ...shown, id: target.messageId, from: ourselves(account), conversation: { id: wholeConversation(place) } };
      await api.call("PUT", activityPath(place, target.messageId), { serviceUrl: place.serviceUrl, body, signal: target.signal });
      remember(cards, target.messageId, payload as TeamsPayload);
    });

  return {
    async send(part, target) {
      const { place, activity } = await ready(target, async () => {
        const found = await places.find(target.address, target.signal);
        return { place: found, activity: await activityOf(account, part, found) };
      });
      return attempt({ scope: target.address.conversation, kind: "send" }, async () => {
        const answered = target.replyTo === undefined ? {} : { replyToId: target.replyTo };
        const messageId = await post(account, place, { ...activity, ...answered, signal: target.signal });
        remember(cards, messageId, part.payload as TeamsPayload);
        return { messageId };
      });
    },
    async edit(receipt, part, target) {
      if ((part.payload as TeamsPayload).kind !== "text")
        throw new ChannelError("teams_not_editable", "only text replaces a message", "permanent", { hint: "Send the file as a message of its own" });
      await update({ ...target, messageId: receipt.messageId }, part);
    },
    async typing(address) {
      // In a channel nobody would see it, and each costs a call of the few there are.
      if (address.thread !== undefined || isPerson(address)) return;
      const sign = async () => {
        const place = await places.find(address);
        await api.call("POST", activityPath(place), { serviceUrl: place.serviceUrl, body: { type: "typing", from: ourselves(account) } });
      };
      await ready({ address }, sign).catch((error: unknown) => deps.log.debug("teams typing not shown", { error }));
    },
    actions: createActions({
      update,
      call: (target, { method, path, scope = target.address.conversation }) =>
        attempt({ scope, kind: "repeatable" }, async () => {
          const place = await places.find(target.address, target.signal);
          await api.call(method, path(place), { serviceUrl: place.serviceUrl, signal: target.signal });
        }),
    }),
  };
}

/** Runs one call under the pauses that Teams has asked for (fault-23). Its own count goes by conversation. */
function createAttempt({ deps }: TeamsAccount): <T>(call: { scope: string; kind: Attempt }, run: () => Promise<T>) => Promise<T> {
  const holds = createHolds(deps.clock);
  return async ({ scope, kind }, run) => {
    const left = holds.left(scope);
    if (left > 0) throw new ChannelError("teams_rate_limited", "Teams asked for a pause here", "retry", { retryAfterMs: Math.ceil(left) });
    try {
      return await run();
    } catch (error) {
      const failure = toChannelError(error, kind);
      if (failure.code === "teams_rate_limited") holds.add(scope, failure.retryAfterMs ?? 1_000);
      throw failure;
    }
  };
}

async function post(account: TeamsAccount, place: Place, { signal, ...activity }: { signal: AbortSignal }): Promise<string> {
  const { serviceUrl } = place;
  const body = { ...activity, from: ourselves(account) };
  // Outside of a thread every message in a channel begins one.
  if (place.thread === undefined && (place.kind === "channel" || place.conversation.endsWith("@thread.tacv2"))) {
    const begun = { isGroup: true, channelData: { channel: { id: place.conversation } }, activity: body };
    const created = await account.api.call<{ id?: string; activityId?: string }>("POST", "/v3/conversations", { serviceUrl, body: begun, signal });
    const messageId = created.activityId ?? /;messageid=(\d+)$/.exec(created.id ?? "")?.[1];
    if (messageId === undefined) throw new ChannelError("teams_error", "Teams began a thread and did not say which", "unknown");
    spokeIn(account, `${place.conversation};messageid=${messageId}`);
    return messageId;
  }
  const whole = wholeConversation(place);
  const { id } = await account.api.call<{ id?: string }>("POST", activityPath(place), { serviceUrl, body: { ...body, conversation: { id: whole } }, signal });
  if (id === undefined) throw new ChannelError("teams_error", "Teams took a message and did not say its id", "unknown");
  if (place.thread !== undefined) spokeIn(account, whole);
  return id;
}

type TextPayload = Extract<TeamsPayload, { kind: "text" }>;

async function activityOf(account: TeamsAccount, part: RenderedPart, place: Place): Promise<object> {
  const payload = part.payload as TeamsPayload;
  return payload.kind === "media" ? { type: "message", attachments: [await fileAttachment(account, payload.media, place)] } : textActivity(part.text, payload);
}

function textActivity(text: string, { xml, card, buttons }: TextPayload): object {
  // The summary is what notifications show of a card.
  if (card !== undefined) return { type: "message", summary: text.slice(0, 200).toWellFormed(), attachments: [adaptiveCard(card, buttons)] };
  return xml === undefined ? { type: "message", textFormat: "plain", text } : { type: "message", textFormat: "xml", text: xml };
}

function remember(cards: Map<string, readonly object[]>, messageId: string, payload: TeamsPayload): void {
  cards.delete(messageId);
  if (payload.kind !== "text" || payload.card === undefined) return;
  cards.set(messageId, payload.card);
  if (cards.size > MAX_CARDS) cards.delete(cards.keys().next().value!);
}
