import type { Config } from "../config/schema.ts";
import type { Channel, ChannelDeps } from "../core/channel.ts";
import { channelAccounts } from "./settings.ts";

/** Makes the channel accounts that the config names; an adapter is loaded only when one of its accounts is. */
export async function openChannels(config: Config, deps: (channel: string, account: string) => ChannelDeps): Promise<Channel[]> {
  const channels: Channel[] = [];
  const { telegram } = config.channels;
  for (const [account, settings] of telegram ? channelAccounts(telegram) : []) {
    const { token } = settings;
    if (!settings.enabled || token === undefined) continue;
    const { createTelegram } = await import("../channels/telegram/index.ts");
    channels.push(createTelegram({ ...settings, token, account }, deps("telegram", account)));
  }
  return channels;
}
