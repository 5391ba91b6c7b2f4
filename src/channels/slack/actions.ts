/** Pressed buttons and slash commands as our updates. Pure; see inbound.ts. */
import { chatCommands } from "../../core/command.ts";
import type { Update } from "../../core/update.ts";
import { addressOf, type InboundContext, isDirect, isTs, person, translateEvent, tsToMs } from "./inbound.ts";
import { decodeText } from "./text.ts";
import type { BlockActions, Incoming, SlashCommand } from "./wire.ts";

/** What the buttons of our messages are called: Slack wants a name that is unique in its message. */
export const ACTION = "clanker:";

export function translate(incoming: Incoming, context: InboundContext): Update[] {
  switch (incoming.kind) {
    case "event":
      return translateEvent(incoming.payload, context);
    case "interactive":
      return pressUpdates(incoming.payload, context);
    case "command":
      return commandUpdates(incoming.payload, context);
  }
}

/** Slack sends a button's value only to the app whose message it stands on, as that app wrote it. */
function pressUpdates(payload: BlockActions, context: InboundContext): Update[] {
  const user = payload.user?.id;
  const channel = payload.channel?.id ?? payload.container?.channel_id;
  const ts = payload.container?.message_ts ?? payload.message?.ts;
  const team = payload.team?.id ?? payload.user?.team_id;
  if (payload.type !== "block_actions" || user === undefined || channel === undefined || ts === undefined) return [];
  const { teamId, enterpriseId } = context.me;
  const ours =
    team === undefined || team === teamId || payload.user?.team_id === teamId || (enterpriseId !== undefined && payload.enterprise?.id === enterpriseId);
  if (!ours) return [];
  const thread = payload.container?.thread_ts ?? payload.message?.thread_ts;
  return (payload.actions ?? []).flatMap(({ type, action_id: id = "", value, action_ts: at }) => {
    if (type !== "button" || !id.startsWith(ACTION) || value === undefined || at === undefined) return [];
    return [
      {
        type: "press" as const,
        key: `press:${channel}:${ts}:${user}:${at}:${id}`,
        address: { ...addressOf(channel, context), ...(thread === undefined || thread === ts ? {} : { thread }) },
        sender: person(user, context),
        direct: isDirect(channel),
        at: isTs(at) ? tsToMs(at) : context.now,
        messageId: ts,
        data: value,
      },
    ];
  });
}

/**
 * Slack keeps words with a slash for the commands that apps have registered, so ours has one: `/clanker new` is our `/new`. An app that has registered `/new` itself is
 * understood as well.
 */
const COMMANDS = new RegExp(`^(${chatCommands.map(({ name }) => name).join("|")})(?=\\s|$)`, "i");

function commandText(command: string, words: string): string {
  if (COMMANDS.test(command)) return `/${command} ${words}`.trim();
  if (words === "") return "/help";
  return COMMANDS.test(words) ? `/${words}` : words;
}

function commandUpdates(payload: SlashCommand, context: InboundContext): Update[] {
  const { user_id: user, channel_id: channel, trigger_id: trigger, team_id: team } = payload;
  if (user === undefined || channel === undefined || trigger === undefined) return [];
  const { teamId, enterpriseId } = context.me;
  if (team !== undefined && team !== teamId && (enterpriseId === undefined || payload.enterprise_id !== enterpriseId)) return [];
  const text = commandText((payload.command ?? "").slice(1), decodeText(payload.text ?? "", context.nameOf).trim());
  return [
    {
      type: "message",
      key: `cmd:${channel}:${trigger}`,
      address: addressOf(channel, context),
      sender: person(user, context),
      direct: isDirect(channel),
      at: context.now,
      messageId: `command:${trigger}`,
      message: { parts: [{ type: "text", text }] },
      addressed: true,
    },
  ];
}
