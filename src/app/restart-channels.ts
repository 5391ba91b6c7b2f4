import { channelAccounts } from "../config/channel-accounts.ts";
import { parsePath } from "../config/index.ts";
import type { Config } from "../config/schema.ts";
import type { Channel } from "../core/channel.ts";

/** The accounts that these paths of the config are about, as `channel:account`. A path of the whole section is about all it has now or had. */
export function accountsOf(paths: readonly string[], config: Config, running: Iterable<string>): string[] {
  const all = [...new Set([...channelAccounts(config).map(({ channel, account }) => `${channel}:${account}`), ...running])];
  const wanted = paths.flatMap((path) => {
    const [, channel = "", below, account] = parsePath(path.replaceAll(/\[\d+\]/g, ""));
    if (below === undefined || (below === "accounts" && account === undefined)) return all.filter((key) => key.startsWith(`${channel}:`));
    return [`${channel}:${below === "accounts" ? account : "default"}`];
  });
  return [...new Set(wanted)];
}

export interface RestartChannelsDeps {
  readonly supervisor: { readonly accounts: ReadonlyMap<string, Channel>; replace(key: string, channel: Channel | undefined): Promise<void> };
  /** Makes the enabled accounts of a config that `wanted` names. */
  readonly open: (config: Config, wanted: (key: string) => boolean) => Promise<readonly Channel[]>;
}

/**
 * Starts accounts anew whose connection is another one now; all others go on undisturbed. What they had not sent is sent by their successors.
 * @throws what making an account throws: then nothing was stopped.
 */
export async function restartChannels(config: Config, paths: readonly string[], { supervisor, open }: RestartChannelsDeps): Promise<void> {
  const keys = accountsOf(paths, config, supervisor.accounts.keys());
  const made = new Map((await open(config, (key) => keys.includes(key))).map((channel) => [`${channel.name}:${channel.account}`, channel]));
  for (const key of keys) await supervisor.replace(key, made.get(key));
}
