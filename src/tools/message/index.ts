import { formatAddress, parseAddress, type Address } from "../../core/address.ts";
import { ClankerError, ToolError } from "../../core/errors.ts";
import { maySee, type Label } from "../../core/label.ts";
import { answerButton, MAX_ANSWER_BYTES, textMessage, type Message } from "../../core/message.ts";
import { audienceOf, type Principal } from "../../core/principal.ts";
import type { GateContext, Tool, ToolContext, ToolReview } from "../../core/tool.ts";
import { defineTool } from "../../lib/define-tool/index.ts";
import { isPage, MAX_SHOWN, parsed, placeOfReaders, samePage, samePlace, shownLength } from "./place.ts";

export { createMessageActionTool, type MessageActionDeps } from "./action.ts";

export interface MessageToolDeps {
  /** The way into the outbox. */
  readonly outbox: {
    /** @throws RequestError `channel_not_found`, `session_not_found` */
    check(address: Address): Promise<void>;
    /** @returns the id of the delivery. @throws RequestError `channel_not_found`, `session_not_found` */
    send(address: Address, message: Message, origin: { readonly sessionId: string; readonly label: Label }): Promise<string>;
    /** Whether messages there may carry buttons. */
    buttons(address: Address): boolean;
    /** Where the owner is told things. */
    owner(): Promise<Address[]>;
  };
  /** Takes the way out of links that nobody trusted has written (sec-88). */
  readonly defang: (text: string, provenance: { readonly label: Label; readonly trusted: ReadonlySet<string> }) => string;
}

interface MessageArgs {
  readonly to: string;
  readonly text: string;
  readonly buttons?: readonly string[];
}

const HERE = "here";
const OWNER = "owner";
/** What there is beside the place of origin. */
const ELSEWHERE = '"owner", a conversation of a messenger (channel:account:conversation), or another one of the page (web:default:SESSION_KEY)';
const MAX_TEXT = 2_000;

/**
 * `message_send`: a text to the owner, to where the turn came from, or to anybody else on a channel.
 * What must stay true: the first two go without a question, as an answer would, and only where everybody may see what is in the context; anybody else gets nothing before the
 * owner has seen recipient and text in full (sec-90, sec-103).
 */
export function createMessageTool(deps: MessageToolDeps): Tool {
  const spec: Tool["spec"] = {
    name: "message_send",
    description: "Sends a text now, beside your answer. To anybody but the owner and this conversation it goes only when the owner has agreed.",
    parameters: {
      type: "object",
      properties: {
        to: {
          type: "string",
          minLength: 1,
          maxLength: 300,
          pattern: "^[\\x21-\\x7e]+$",
          description:
            '"owner", "here", or channel:account:conversation[:thread], for example telegram:default:12345; a conversation of the page is web:default:SESSION_KEY',
        },
        text: { type: "string", minLength: 1, maxLength: MAX_TEXT, pattern: "\\S" },
      },
      required: ["to", "text"],
      additionalProperties: false,
    },
  };
  const toolOf = (one: Tool["spec"]): Tool =>
    defineTool<MessageArgs>({
      spec: one,
      effects: ["message"],
      idempotent: false,
      parallel: false,
      timeoutMs: 10_000,
      // Where the conversation knows no buttons, they would be tokens for nothing.
      at: (origin) => (origin !== undefined && deps.outbox.buttons(origin) ? withButtons : plain),
      review: (args, context) => review(args as MessageArgs, context),
      facts: async (args, { principal }) => ({ to: formatAddress(await placeOf(args as MessageArgs, principal, deps)) }),
      run: (args, context) => send(args, context, deps),
    });
  const plain = toolOf(spec);
  const withButtons = toolOf(withButtonsOf(spec));
  return withButtons;
}

function withButtonsOf(spec: Tool["spec"]): Tool["spec"] {
  const items = { type: "string", minLength: 1, maxLength: MAX_ANSWER_BYTES, pattern: "\\S" };
  const buttons = { type: "array", items, maxItems: 8, description: "answers to press; each comes back as a message" };
  return { ...spec, parameters: { ...spec.parameters, properties: { ...(spec.parameters["properties"] as object), buttons } } };
}

function review({ to, text, buttons = [] }: MessageArgs, { principal, label }: GateContext): ToolReview {
  const long = buttons.find((label) => new TextEncoder().encode(label).length > MAX_ANSWER_BYTES);
  if (long !== undefined) return { deny: `the button ${JSON.stringify(long)} has more than ${MAX_ANSWER_BYTES} bytes` };
  if (to === OWNER) return { home: true };
  const address = to === HERE ? principal.where : parsed(to);
  if (address !== undefined && samePage(address, principal.where))
    return { deny: `this conversation is on the page, where all of your answer is read: say it there. message_send reaches ${ELSEWHERE}` };
  if (address === undefined) return { deny: `${to} is no address: write owner, here, or channel:account:conversation[:thread]` };
  const here = samePlace(address, principal.where);
  if (here && maySee(audienceOf(principal), label.confidentiality)) return { home: true };
  // Whoever is asked has to see all of it.
  if (shownLength([text, ...buttons].join()) > MAX_SHOWN) return { deny: "the text holds too much that has to be escaped to be shown to the owner in full" };
  const readers = here || maySee(placeOfReaders(address), label.confidentiality);
  const more = here || !readers ? "; who reads there has not seen what is in this conversation" : "";
  return { ask: `it speaks to ${here ? "this conversation" : to}${more}`, rememberable: false };
}

async function send(args: MessageArgs, context: ToolContext, deps: MessageToolDeps) {
  const { principal, label, trustedLinks } = context;
  const address = await placeOf(args, principal, deps);
  // What the owner was asked about goes out to the letter as they have seen it.
  const text = review(args, context).home === true ? deps.defang(args.text, { label, trusted: trustedLinks ?? new Set() }) : args.text;
  const buttons = args.buttons ?? [];
  const message = buttons.length === 0 ? textMessage(text) : { ...textMessage(text), buttons: buttons.map(answerButton) };
  const id = await asToolError(() => deps.outbox.send(address, message, { sessionId: context.sessionId, label }));
  return { text: `It is on its way to ${args.to === OWNER ? "the owner" : formatAddress(address)} (delivery ${id}).`, error: false };
}

/** @throws ToolError `bad_address`, `channel_not_found`, `no_outbox`, `no_buttons` */
async function placeOf(args: MessageArgs, principal: Principal, { outbox }: MessageToolDeps): Promise<Address> {
  const address = await recipientOf(args, principal, outbox);
  if (args.buttons === undefined || args.buttons.length === 0 || outbox.buttons(address)) return address;
  throw new ToolError("no_buttons", `there are no buttons at ${formatAddress(address)}`, { hint: "write the choices into the text" });
}

async function recipientOf({ to }: MessageArgs, principal: Principal, outbox: MessageToolDeps["outbox"]): Promise<Address> {
  if (to === OWNER) {
    const places = await outbox.owner();
    const address = places.find((place) => !isPage(place)) ?? places[0];
    if (address === undefined)
      throw new ToolError("no_outbox", "the owner has not spoken anywhere yet", {
        hint: "say it in your answer; the owner can name a place in notifications.to",
      });
    await asToolError(() => outbox.check(address));
    return address;
  }
  return await asToolError(async () => {
    const address = to === HERE ? principal.where : parseAddress(to);
    await outbox.check(address);
    return address;
  });
}

async function asToolError<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (thrown) {
    if (!(thrown instanceof ClankerError) || thrown.name === "StoreError") throw thrown;
    throw new ToolError(thrown.code, thrown.message, { ...(thrown.hint !== undefined && { hint: thrown.hint }), cause: thrown });
  }
}
