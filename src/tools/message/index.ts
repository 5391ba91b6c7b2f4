import { formatAddress, parseAddress, type Address } from "../../core/address.ts";
import { ClankerError, ToolError } from "../../core/errors.ts";
import { maySee, type Label } from "../../core/label.ts";
import { textMessage, type Message } from "../../core/message.ts";
import { audienceOf, type Principal } from "../../core/principal.ts";
import type { GateContext, Tool, ToolContext, ToolReview } from "../../core/tool.ts";
import { defineTool } from "../../lib/define-tool/index.ts";

export interface MessageToolDeps {
  /** The way into the outbox. */
  readonly outbox: {
    /** @throws RequestError `channel_not_found`, `session_not_found` */
    check(address: Address): Promise<void>;
    /** @returns the id of the delivery. @throws RequestError `channel_not_found`, `session_not_found` */
    send(address: Address, message: Message, origin: { readonly sessionId: string; readonly label: Label }): Promise<string>;
    /** Where the owner is told things. */
    owner(): Promise<Address[]>;
  };
  /** Takes the way out of links that nobody trusted has written (sec-88). */
  readonly defang: (text: string, provenance: { readonly label: Label; readonly trusted: ReadonlySet<string> }) => string;
}

interface MessageArgs {
  readonly to: string;
  readonly text: string;
}

const HERE = "here";
const OWNER = "owner";
/** What there is beside the place of origin. */
const ELSEWHERE = '"owner", a conversation of a messenger (channel:account:conversation), or another one of the page (web:default:SESSION_KEY)';
const MAX_TEXT = 2_000;
/** What fits into a question to the owner beside recipient and reason; an invisible character takes up to nine. */
const MAX_SHOWN = 2_300;

/**
 * `message_send`: a text to the owner, to where the turn came from, or to anybody else on a channel.
 * What must stay true: the first two go without a question, as an answer would, and only where everybody may see what is in the context; anybody else gets nothing before the
 * owner has seen recipient and text in full (sec-90, sec-103).
 */
export function createMessageTool(deps: MessageToolDeps): Tool {
  return defineTool<MessageArgs>({
    spec: {
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
    },
    effects: ["message"],
    idempotent: false,
    parallel: false,
    timeoutMs: 10_000,
    review: (args, context) => review(args as MessageArgs, context),
    facts: async (args, { principal }) => ({ to: formatAddress(await placeOf(args as MessageArgs, principal, deps)) }),
    run: (args, context) => send(args, context, deps),
  });
}

function review({ to, text }: MessageArgs, { principal, label }: GateContext): ToolReview {
  if (to === OWNER) return { home: true };
  const address = to === HERE ? principal.where : parsed(to);
  if (address !== undefined && samePage(address, principal.where))
    return { deny: `this conversation is on the page, where all of your answer is read: say it there. message_send reaches ${ELSEWHERE}` };
  if (address === undefined) return { deny: `${to} is no address: write owner, here, or channel:account:conversation[:thread]` };
  const here = samePlace(address, principal.where);
  if (here && maySee(audienceOf(principal), label.confidentiality)) return { home: true };
  // Whoever is asked has to see all of it.
  if (shownLength(text) > MAX_SHOWN) return { deny: "the text holds too much that has to be escaped to be shown to the owner in full" };
  const readers = here || maySee(placeOfReaders(address), label.confidentiality);
  const more = here || !readers ? "; who reads there has not seen what is in this conversation" : "";
  return { ask: `it speaks to ${here ? "this conversation" : to}${more}`, rememberable: false };
}

async function send(args: MessageArgs, context: ToolContext, deps: MessageToolDeps) {
  const { principal, label, trustedLinks } = context;
  const address = await placeOf(args, principal, deps);
  // What the owner was asked about goes out to the letter as they have seen it.
  const text = review(args, context).home === true ? deps.defang(args.text, { label, trusted: trustedLinks ?? new Set() }) : args.text;
  const id = await asToolError(() => deps.outbox.send(address, textMessage(text), { sessionId: context.sessionId, label }));
  return { text: `It is on its way to ${args.to === OWNER ? "the owner" : formatAddress(address)} (delivery ${id}).`, error: false };
}

/** @throws ToolError `bad_address`, `channel_not_found`, `no_outbox` */
async function placeOf({ to }: MessageArgs, principal: Principal, { outbox }: MessageToolDeps): Promise<Address> {
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

function parsed(to: string): Address | undefined {
  try {
    return parseAddress(to);
  } catch {
    return undefined;
  }
}

function isPage({ channel }: Address): boolean {
  return channel === "web";
}

/** On the page a conversation is its session, whoever looks at it. */
function samePage(a: Address, b: Address): boolean {
  return isPage(a) && isPage(b) && a.conversation === b.conversation;
}

function samePlace(a: Address, b: Address): boolean {
  return formatAddress(a) === formatAddress(b);
}

function placeOfReaders({ channel, account, conversation }: Address) {
  return `CONVERSATION:${channel}:${account}:${conversation}` as const;
}

/** UTF-16 units of a text when it is shown as a plan shows it. */
function shownLength(text: string): number {
  return JSON.stringify(text).replace(/[\p{C}\p{Z}]/gu, (character) => (character === " " ? character : "\\u{10ffff}")).length;
}
