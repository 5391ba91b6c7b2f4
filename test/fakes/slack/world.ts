/** What people do in the fake workspace. Each returns what Slack would know afterwards. */
import type { Deliveries } from "./delivery.ts";
import type { Conversation, SlackState, StoredMessage } from "./state.ts";

export interface Said {
  readonly text?: string;
  /** Default U42. */
  readonly user?: string;
  /** Default: the direct conversation of the user, `D42` for `U42`. */
  readonly channel?: string;
  readonly thread?: string;
  /** Ids of files from `addFile`. */
  readonly files?: readonly string[];
  readonly attachments?: readonly Record<string, unknown>[];
  /** Also comes as app_mention, as Slack does for apps that asked for both. */
  readonly alsoMention?: boolean;
  /** Kept in the history, but no event goes out (the app was not reachable for an hour). */
  readonly unheard?: boolean;
}

export interface World {
  addChannel(id: string, members?: readonly string[]): void;
  addUser(id: string, name: string): void;
  say(said: Said): StoredMessage;
  edit(channel: string, ts: string, text: string): void;
  remove(channel: string, ts: string): void;
  react(channel: string, ts: string, reaction: string, options?: { user?: string; removed?: boolean }): void;
  /** Presses the button with this label on the bot's last message. */
  press(channel: string, label: string, user?: string): void;
  command(text: string, options?: { user?: string; channel?: string }): void;
  /** An event as it is. */
  event(event: Record<string, unknown>, more?: Record<string, unknown>): void;
}

export function createWorld(state: SlackState, deliveries: Deliveries): World {
  const conversation = (id: string): Conversation => {
    const found = state.conversations.get(id) ?? { id, members: new Set<string>(), messages: [] };
    state.conversations.set(id, found);
    return found;
  };
  const event = (inner: Record<string, unknown>, more: Record<string, unknown> = {}) =>
    deliveries.add("events_api", {
      token: "verification",
      team_id: state.me.team_id,
      api_app_id: "A1",
      type: "event_callback",
      event_id: `Ev${deliveries.all.length + 1}`,
      event_time: Math.floor(state.now() / 1_000),
      authorizations: [{ enterprise_id: null, team_id: state.me.team_id, user_id: state.me.user_id, is_bot: true }],
      event: inner,
      ...more,
    });
  const typeOf = (channel: string) => ({ channel, channel_type: channel.startsWith("D") ? "im" : channel.startsWith("G") ? "mpim" : "channel" });
  const find = (channel: string, ts: string) => conversation(channel).messages.find((one) => one.ts === ts)!;
  const wireFile = (id: string) => {
    const file = state.files.get(id)!;
    return {
      id,
      name: file.name,
      mimetype: file.mimetype,
      size: file.length,
      mode: "hosted",
      url_private_download: `${state.base()}/files-pri/T1-${id}/download/x`,
    };
  };
  return {
    addChannel(id, members = []) {
      const { members: all } = conversation(id);
      for (const one of members) all.add(one);
    },
    addUser: (id, name) => void state.users.set(id, name),
    say({ text = "", user = "U42", channel = `D${user.slice(1)}`, thread, files, attachments, alsoMention = false, unheard = false }) {
      const parent = thread === undefined ? undefined : conversation(channel).messages.find((one) => one.ts === thread);
      const message: StoredMessage = {
        ts: state.ts(),
        user,
        text,
        ...(thread === undefined ? {} : { thread_ts: thread }),
        ...(files === undefined ? {} : { files: files.map(wireFile) }),
        ...(attachments === undefined ? {} : { attachments: [...attachments] }),
      };
      conversation(channel).messages.push(message);
      if (unheard) return message;
      const wire = { ...message, team: state.me.team_id, event_ts: message.ts, ...(parent === undefined ? {} : { parent_user_id: parent.user }) };
      if (alsoMention) event({ ...wire, type: "app_mention", channel });
      event({ ...wire, type: "message", ...(files === undefined ? {} : { subtype: "file_share" }), ...typeOf(channel) });
      return message;
    },
    edit(channel, ts, text) {
      const message = find(channel, ts);
      const before = { ...message, type: "message" };
      message.text = text;
      message.edited = { user: message.user, ts: state.ts() };
      event({
        type: "message",
        subtype: "message_changed",
        ...typeOf(channel),
        hidden: true,
        ts: state.ts(),
        event_ts: state.ts(),
        message: { ...message, type: "message" },
        previous_message: before,
      });
    },
    remove(channel, ts) {
      const all = conversation(channel).messages;
      const [message] = all.splice(
        all.findIndex((one) => one.ts === ts),
        1,
      );
      event({
        type: "message",
        subtype: "message_deleted",
        ...typeOf(channel),
        hidden: true,
        deleted_ts: ts,
        ts: state.ts(),
        event_ts: state.ts(),
        previous_message: { ...message, type: "message" },
      });
    },
    react(channel, ts, reaction, { user = "U42", removed = false } = {}) {
      event({
        type: removed ? "reaction_removed" : "reaction_added",
        user,
        reaction,
        item: { type: "message", channel, ts },
        item_user: "U0BOT",
        event_ts: state.ts(),
      });
    },
    press(channel, label, user = "U42") {
      const message = conversation(channel).messages.findLast(
        (one) => one.bot_id === state.me.bot_id && one.blocks?.some((block) => block.type === "actions"),
      )!;
      const buttons = message.blocks!.find((block) => block.type === "actions")!.elements!;
      const button = buttons.find((one) => (one["text"] as { text: string }).text === label)!;
      deliveries.add("interactive", {
        type: "block_actions",
        user: { id: user, username: "ada", team_id: state.me.team_id },
        api_app_id: "A1",
        container: {
          type: "message",
          message_ts: message.ts,
          channel_id: channel,
          is_ephemeral: false,
          ...(message.thread_ts === undefined ? {} : { thread_ts: message.thread_ts }),
        },
        trigger_id: `tr.${deliveries.all.length}`,
        team: { id: state.me.team_id, domain: "fake" },
        channel: { id: channel, name: "x" },
        message: { type: "message", ...message },
        response_url: `${state.base()}/actions/x`,
        actions: [{ action_id: button["action_id"], block_id: "b1", text: button["text"], value: button["value"], type: "button", action_ts: state.ts() }],
      });
    },
    command(text, { user = "U42", channel = `D${user.slice(1)}` } = {}) {
      conversation(channel);
      deliveries.add("slash_commands", {
        command: "/clanker",
        text,
        user_id: user,
        user_name: "ada",
        channel_id: channel,
        team_id: state.me.team_id,
        trigger_id: `${deliveries.all.length}.1.x`,
      });
    },
    event,
  };
}
