import type { ChannelAccountConfig } from "../channels/config.ts";
import type { ChannelsConfig } from "./channels.ts";

export type ChannelName = Exclude<keyof ChannelsConfig, "web">;

/** The section of a channel as it is written. */
type Section<C extends ChannelName> = NonNullable<ChannelsConfig[C]>;

/** What the account itself has, without the further accounts written below it. */
export type AccountSettings<C extends ChannelName> = Omit<Section<C>, "accounts">;

export interface ConfiguredAccount {
  readonly channel: ChannelName;
  /** The keys written directly under the channel are the account `default`. */
  readonly account: string;
  /** Keys from the root. */
  readonly path: readonly string[];
  /** The keys that every channel has, and the channel's own. */
  readonly settings: ChannelAccountConfig;
}

/** Every account of every channel that is written in the config, whether or not it is enabled; our own clients (`web`) are none. */
export function channelAccounts(config: { readonly channels: ChannelsConfig }): ConfiguredAccount[] {
  const { web: _web, ...channels } = config.channels;
  return Object.entries(channels).flatMap(([name, section]) => {
    if (section === undefined) return [];
    const channel = name as ChannelName;
    const { accounts, ...direct } = section;
    const path = ["channels", channel];
    const further = Object.entries(accounts).map(([account, settings]) => ({ channel, account, path: [...path, "accounts", account], settings }));
    return [{ channel, account: "default", path, settings: direct }, ...further];
  });
}
