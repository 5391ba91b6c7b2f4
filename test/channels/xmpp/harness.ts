import { createXmpp, type XmppAccountConfig, type XmppTiming } from "../../../src/channels/xmpp/index.ts";
import { Secret } from "../../../src/core/secret.ts";
import { type FaultProxy, startFaultProxy } from "../../faults/fault-proxy.ts";
import { DOMAIN, type Prosody } from "../../fakes/prosody.ts";
import { waitFor } from "../../fakes/wait-for.ts";
import { type ChannelBench, type ChannelBenchOptions, createChannelBench, runBench } from "../harness.ts";

export const FAST: Partial<XmppTiming> = { minBackoffMs: 5, maxBackoffMs: 40, refusedMs: 60, loginMs: 8_000, pingMs: 150, answerMs: 2_000 };

export interface Bench extends ChannelBench {
  /** The wire between adapter and server. */
  readonly wire: FaultProxy;
  readonly jid: string;
  until(condition: () => boolean): Promise<void>;
}

export interface BenchOptions extends ChannelBenchOptions {
  readonly name?: string;
  readonly config?: Partial<XmppAccountConfig>;
  readonly timing?: Partial<XmppTiming>;
  /** Port of the server; default: the one for STARTTLS. */
  readonly port?: number;
}

/** The adapter over the real door to streams, through a wire that can be cut, to a real server. Its account is made. */
export async function createBench(prosody: Prosody, options: BenchOptions = {}): Promise<Bench> {
  const { name = "clanker" } = options;
  await prosody.addUser(name);
  const wire = await startFaultProxy(options.port ?? prosody.port, Math.random);
  const bench = createChannelBench(options, (deps) =>
    createXmpp(
      {
        account: "default",
        jid: `${name}@${DOMAIN}`,
        password: new Secret("xmpp", `secret-${name}`),
        server: "127.0.0.1",
        port: wire.port,
        security: "none",
        resource: "clanker",
        nick: name,
        rooms: [],
        streaming: true,
        upload_origin: `http://127.0.0.1:${prosody.httpPort}`,
        ...options.config,
      },
      deps,
      { ...FAST, ...options.timing },
    ),
  );
  return {
    ...bench,
    wire,
    jid: `${name}@${DOMAIN}`,
    until: (condition) => waitFor(new Set(), condition),
    async close() {
      wire.mode = "pass";
      await bench.close();
      await wire.close();
    },
  };
}

/** Runs `body` with a bench that is ready and closes it whatever happens. */
export function withBench(prosody: Prosody, body: (bench: Bench) => Promise<void>, options: BenchOptions = {}): Promise<void> {
  return runBench(createBench(prosody, options), body);
}
