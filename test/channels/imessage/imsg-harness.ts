import { createImessage, type ImessageAccountConfig, type ImessageTiming } from "../../../src/channels/imessage/index.ts";
import type { Programs } from "../../../src/core/programs.ts";
import { createPrograms } from "../../../src/security/host/processes/index.ts";
import { type FakeImsg, startFakeImsg } from "../../fakes/imsg/index.ts";
import { type ChannelBench, type ChannelBenchOptions, createChannelBench, runBench } from "../harness.ts";
import { FAST } from "./harness.ts";

export interface ImsgBench extends ChannelBench {
  readonly imsg: FakeImsg;
}

export interface ImsgOptions extends ChannelBenchOptions {
  readonly config?: Partial<ImessageAccountConfig>;
  readonly timing?: Partial<ImessageTiming>;
  /** Where the files of messages lie. */
  readonly folder?: string;
}

/** The adapter over the real door to programs, with a fake imsg as its child process. */
export async function createImsgBench(options: ImsgOptions = {}): Promise<ImsgBench> {
  const imsg = await startFakeImsg();
  const config: ImessageAccountConfig = {
    account: "default",
    via: "imsg",
    command: imsg.command,
    private_api: true,
    poll_seconds: 3,
    names: ["clanker"],
    read_receipts: true,
    ...options.config,
  };
  const real = createPrograms(process.env);
  const programs: Programs = options.folder === undefined ? real : { start: ({ command }) => real.start({ command, folders: [options.folder!] }) };
  const timing = { ...FAST, pingMs: 10_000, pongMs: 5_000, answerMs: 10_000, ...options.timing };
  const bench = createChannelBench({ ...options, deps: { programs, ...options.deps } }, (deps) => createImessage(config, deps, timing));
  return {
    ...bench,
    imsg,
    async close() {
      await bench.close();
      await imsg.close();
    },
  };
}

/** Runs `body` with a started bench and closes it whatever happens. */
export function withImsg(body: (bench: ImsgBench) => Promise<void>, options: ImsgOptions = {}): Promise<void> {
  return runBench(createImsgBench(options), body);
}
