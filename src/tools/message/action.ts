import { formatAddress, type Address } from "../../core/address.ts";
import type { ActionTarget, ChannelActions } from "../../core/channel.ts";
import { ChannelError, ToolError } from "../../core/errors.ts";
import { isAtLeast, maySee, type Label } from "../../core/label.ts";
import { audienceOf } from "../../core/principal.ts";
import type { GateContext, Tool, ToolContext, ToolResult, ToolReview } from "../../core/tool.ts";
import { defineTool } from "../../lib/define-tool/index.ts";
import { MAX_SHOWN, parsed, placeOfReaders, samePlace, shownLength } from "./place.ts";

export interface MessageActionDeps {
  readonly actions: {
    at(place: Address): ChannelActions | undefined;
    /** @throws ToolError `no_such_message`, `message_elsewhere` */
    find(name: { readonly message?: string | undefined; readonly own?: boolean }, by: { sessionId: string; turnId: string; place: Address }): Promise<Found>;
  };
  /** Takes the way out of links that nobody trusted has written (sec-88). */
  readonly defang: (text: string, provenance: { readonly label: Label; readonly trusted: ReadonlySet<string> }) => string;
}

interface Found {
  readonly address: Address;
  readonly messageIds: readonly string[];
  readonly text: string;
}

type Action = "edit" | "delete" | "react" | "unreact" | "pin" | "unpin" | "thread" | "poll";

interface ActionArgs {
  readonly action: Action;
  readonly message?: string;
  readonly own?: boolean;
  readonly to?: string;
  readonly text?: string;
  readonly options?: readonly string[];
  readonly multiple?: boolean;
}

/** Which function of an account each action needs, and what its `text` is; those without one take none. */
const ACTIONS: { readonly [A in Action]: { readonly by: keyof ChannelActions; readonly text?: string } } = {
  edit: { by: "edit", text: "new text" },
  delete: { by: "delete" },
  react: { by: "react", text: "emoji" },
  unreact: { by: "react", text: "emoji" },
  pin: { by: "pin" },
  unpin: { by: "pin" },
  thread: { by: "thread", text: "title" },
  poll: { by: "poll", text: "question" },
};
const ALL = Object.keys(ACTIONS) as Action[];
/** Done twice they leave two: what became of one that was interrupted is not known. The others say how something is to be, and may be said again. */
const NOT_AGAIN: ReadonlySet<Action> = new Set(["thread", "poll"]);
/** What a moderator does: to the messages of others not on everybody's word. */
const MODERATES: ReadonlySet<Action> = new Set(["delete", "pin", "unpin"]);
const MAX_OPTIONS = 10;
const MAX_OPTION = 100;
/** Facts show so much of the message that an action is about, UTF-16 units. */
const MAX_READS = 200;
const DONE: Readonly<Record<Exclude<Action, "thread" | "poll">, string>> = {
  edit: "It is edited.",
  delete: "It is deleted.",
  react: "The reaction is there.",
  unreact: "The reaction is gone.",
  pin: "It is pinned.",
  unpin: "It is not pinned any more.",
};

/**
 * `message_action`: what the platform can do to messages beyond sending them. One tool with as many actions as the account of the turn's origin has, and none where it has none:
 * six tools of their own would cost three times the tokens in every prompt, and share all their arguments but one.
 * What must stay true: in this conversation it needs no more than an answer would; elsewhere it goes only as far as `message_send`; the messages of others are deleted and pinned
 * on the owner's word alone; it reports what the platform answered.
 */
export function createMessageActionTool(deps: MessageActionDeps): Tool {
  const versions = new Map<string, Tool>();
  const at = (origin: Address | undefined): Tool | undefined => {
    const can = origin && deps.actions.at(origin);
    const actions = can === undefined ? [] : ALL.filter((action) => can[ACTIONS[action].by] !== undefined);
    if (actions.length === 0) return undefined;
    const key = actions.join();
    const version = versions.get(key) ?? { ...tool, spec: specOf(actions) };
    versions.set(key, version);
    return version;
  };
  const tool: Tool = {
    ...defineTool<ActionArgs>({
      spec: specOf(ALL),
      effects: ["message"],
      idempotent: (args) => !NOT_AGAIN.has((args as ActionArgs).action),
      parallel: false,
      timeoutMs: 30_000,
      review: (args, context) => review(args as ActionArgs, context),
      facts: async (args, context) => await factsOf(args as ActionArgs, context, deps),
      run: (args, context) => act(args, context, deps),
    }),
    at,
  };
  return tool;
}

function specOf(actions: readonly Action[]): Tool["spec"] {
  const texts = actions
    .filter((action) => action !== "unreact")
    .flatMap((action) => (ACTIONS[action].text === undefined ? [] : [`${action}: ${ACTIONS[action].text}`]));
  return {
    name: "message_action",
    description: "Acts on a message; default: the one you answer.",
    parameters: {
      type: "object",
      properties: {
        action: { type: "string", enum: actions },
        message: { type: "string", description: "its #number, a delivery of message_send, or quoted" },
        own: { type: "boolean", description: "instead your answer to it, or your newest" },
        to: { type: "string", description: "elsewhere: channel:account:conversation" },
        ...(texts.length > 0 && { text: { type: "string", maxLength: 2_000, description: texts.join("; ") } }),
        ...(actions.includes("poll") && {
          options: { type: "array", items: { type: "string" } },
          multiple: { type: "boolean" },
        }),
      },
      required: ["action"],
      additionalProperties: false,
    },
  };
}

function review(args: ActionArgs, { principal, label }: GateContext): ToolReview {
  const { action, to, text, options } = args;
  const wanted = ACTIONS[action].text;
  if (wanted !== undefined && (text === undefined || text.trim() === "")) return { deny: `${action} needs its ${wanted} in text` };
  if (action === "poll" && !isChoice(options)) return { deny: `a poll needs 2 to ${MAX_OPTIONS} options, each of at most ${MAX_OPTION} characters` };
  const place = to === undefined ? principal.where : parsed(to);
  if (place === undefined) return { deny: `${to} is no address: leave it out, or write channel:account:conversation[:thread]` };
  const here = samePlace(place, principal.where);
  const readable = maySee(here ? audienceOf(principal) : placeOfReaders(place), label.confidentiality);
  const reasons: string[] = [];
  if (!here) reasons.push(`it speaks to ${to}`);
  if (!readable) reasons.push("who reads there has not seen what is in this conversation");
  if (MODERATES.has(action) && isOfOthers(args) && !(principal.class === "owner" && isAtLeast(label.integrity, "TRUSTED")))
    reasons.push("it changes what becomes of the message of somebody else");
  if (reasons.length === 0) return { home: true };
  // Whoever is asked has to see all of it.
  if (shownLength([text, ...(options ?? [])].join()) > MAX_SHOWN) return { deny: "the text holds too much to be shown to the owner in full" };
  return { ask: reasons.join("; "), rememberable: false };
}

/** Bounds that every platform's polls have in common are said when they are broken: in the schema they would be tokens in every prompt. */
function isChoice(options: readonly string[] = []): boolean {
  return options.length >= 2 && options.length <= MAX_OPTIONS && options.every((option) => option.trim() !== "" && option.length <= MAX_OPTION);
}

/** Not the message that is answered, which is its author's own matter, and not what the assistant has sent. */
function isOfOthers({ message, own }: ActionArgs): boolean {
  return own !== true && message !== undefined && /^(?:#?\d+$|quoted$|id:)/.test(message);
}

async function factsOf(args: ActionArgs, context: ToolContext, deps: MessageActionDeps) {
  const place = placeOf(args, context);
  actionOf(args, place, deps);
  if (args.action === "poll") return { to: formatAddress(place) };
  const { address, messageIds, text } = await deps.actions.find(nameOf(args), { ...context, place });
  return { to: formatAddress(address), message_ids: messageIds, reads: text.slice(0, MAX_READS) };
}

async function act(args: ActionArgs, context: ToolContext, deps: MessageActionDeps): Promise<ToolResult> {
  const { signal, label, trustedLinks } = context;
  const place = placeOf(args, context);
  const actions = actionOf(args, place, deps);
  const said = args.text ?? "";
  // What the owner was asked about goes out to the letter as they have seen it.
  const clean = (text: string) => (review(args, context).home === true ? deps.defang(text, { label, trusted: trustedLinks ?? new Set() }) : text);
  if (args.action === "poll") {
    const poll = { question: clean(said), options: (args.options ?? []).map(clean), multiple: args.multiple === true };
    const { messageId } = await told(actions.poll!({ address: place, signal }, poll));
    return done(`The poll is there (message id:${messageId}).`);
  }
  const { address, messageIds } = await deps.actions.find(nameOf(args), { ...context, place });
  const target: ActionTarget = { address, messageId: messageIds[0]!, signal };
  switch (args.action) {
    case "edit":
      if (messageIds.length > 1) throw new ToolError("several_messages", `it was sent in ${messageIds.length} messages, which cannot be replaced by one`);
      await told(actions.edit!(target, clean(said)));
      break;
    case "delete":
      await deleteAll(actions, target, messageIds);
      break;
    case "react":
    case "unreact":
      await told(actions.react!(target, said.trim(), args.action === "react"));
      break;
    case "pin":
    case "unpin":
      await told(actions.pin!(target, args.action === "pin"));
      break;
    case "thread": {
      const { thread } = await told(actions.thread!(target, clean(said)));
      return done(`The thread is there: ${formatAddress({ ...address, thread })}.`);
    }
  }
  return done(DONE[args.action]);
}

async function deleteAll(actions: ChannelActions, target: ActionTarget, messageIds: readonly string[]): Promise<void> {
  for (const [index, messageId] of messageIds.entries()) {
    const before = index === 0 ? "" : `${index} of ${messageIds.length} parts are deleted; then: `;
    await told(actions.delete!({ ...target, messageId }), before);
  }
}

/** Only what the assistant has written can be edited. */
function nameOf({ action, message, own }: ActionArgs) {
  return { message, own: own === true || action === "edit" };
}

function placeOf({ to }: ActionArgs, { principal }: Pick<ToolContext, "principal">): Address {
  const place = to === undefined ? principal.where : parsed(to);
  if (place === undefined) throw new ToolError("bad_address", `${to} is no address`);
  return place;
}

/** @throws ToolError `no_such_action`: elsewhere an account may be able to do less than where the turn comes from. */
function actionOf({ action }: ActionArgs, place: Address, { actions }: MessageActionDeps): ChannelActions {
  const there = actions.at(place);
  if (there?.[ACTIONS[action].by] !== undefined) return there;
  throw new ToolError("no_such_action", `${action} is not possible at ${formatAddress(place)}`);
}

/** What the platform answered, in words for the model. */
async function told<T>(answer: Promise<T>, before = ""): Promise<T> {
  try {
    return await answer;
  } catch (thrown) {
    if (!(thrown instanceof ChannelError)) throw thrown;
    const { failure, retryAfterMs } = thrown;
    const pause = retryAfterMs === undefined ? "later" : `in ${Math.ceil(retryAfterMs / 1000)} s`;
    const after = { permanent: "", retry: `. Try again ${pause}`, unknown: ". Whether it was done is not known: look before you repeat it" }[failure];
    const hint = thrown.hint === undefined ? {} : { hint: thrown.hint };
    throw new ToolError(thrown.code, `${before}${thrown.message}${after}`, { ...hint, ...(retryAfterMs !== undefined && { retryAfterMs }), cause: thrown });
  }
}

function done(text: string): ToolResult {
  return { text, error: false };
}
