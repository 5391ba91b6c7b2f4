import { createTeams, type TeamsAccountConfig, type TeamsTiming } from "../../../src/channels/teams/index.ts";
import type { Channel, SendTarget } from "../../../src/core/channel.ts";
import { Secret } from "../../../src/core/secret.ts";
import { APP, type FakeTeams, startFakeTeams, TENANT } from "../../fakes/teams/index.ts";
import { type ChannelBench, type ChannelBenchOptions, createChannelBench, runBench, sendTarget } from "../harness.ts";
import { listenForWebhook } from "../webhook-listener.ts";

export const PASSWORD = "canary-teams-AbCdEf";

export const FAST: Partial<TeamsTiming> = { minBackoffMs: 5, maxBackoffMs: 40, refusedMs: 30, checkMs: 50, keysCooldownMs: 0 };

export interface Bench extends ChannelBench {
  readonly teams: FakeTeams;
}

export interface BenchOptions extends ChannelBenchOptions {
  readonly config?: Partial<TeamsAccountConfig>;
  readonly timing?: Partial<TeamsTiming>;
}

/** The adapter behind a real listener, over the real doors to the network against a fake Microsoft. */
export async function createBench(options: BenchOptions = {}): Promise<Bench> {
  const teams = await startFakeTeams({ password: PASSWORD });
  const bench = createChannelBench(options, (deps): Channel =>
    createTeams(
      {
        account: "default",
        app_id: APP,
        app_password: new Secret("teams", PASSWORD),
        tenant_id: TENANT,
        further_tenants: [],
        streaming: true,
        service_urls: [`${teams.origin}/teams/`],
        file_origins: [teams.origin],
        login_url: `${teams.origin}/login/`,
        metadata_url: `${teams.origin}/metadata`,
        issuer: "https://api.botframework.com",
        ...options.config,
      },
      deps,
      { ...FAST, ...options.timing },
    ),
  );
  const listener = await listenForWebhook(bench.channel, "/channels/teams/webhook");
  teams.gateway = listener.url;
  return {
    ...bench,
    teams,
    async close() {
      await bench.close();
      await teams.close();
      await listener.close();
    },
  };
}

/** Runs `body` with a started bench and closes it whatever happens. */
export function withBench(body: (bench: Bench) => Promise<void>, options: BenchOptions = {}): Promise<void> {
  return runBench(createBench(options), body);
}

export const target = (conversation: string, more: Partial<SendTarget> & { thread?: string } = {}): SendTarget => sendTarget("teams", conversation, more);
