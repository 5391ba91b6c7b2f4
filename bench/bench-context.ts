import { startHelper, type Helper } from "./processes.ts";
import { startGateway, type GatewayProcess, type GatewayProcessOptions } from "./gateway-process.ts";
import type { Results } from "./report.ts";
import type { Measured } from "./rows.ts";

/** What every measurement gets. */
export interface BenchContext {
  readonly mode: Results["mode"];
  /** A copy of dist that nobody rebuilds meanwhile. */
  readonly dist: string;
  /** A folder of this run. */
  readonly folder: string;
  /** A program of the gateway writes a CPU profile into this folder when it ends. */
  readonly cpuProfile?: string;
  /** One of two values by mode. */
  by<T>(quick: T, full: T): T;
}

/** @throws NotHere when the machine lacks what it needs. */
export type Measurement = (context: BenchContext) => Promise<Measured[]>;

/** What is to be compared with is not on this machine. The message says why and what to do. */
export class NotHere extends Error {}

/** A gateway whose model is the mock, with a load generator. */
export interface Scene {
  readonly gateway: GatewayProcess;
  readonly model: Helper;
  readonly modelUrl: string;
  readonly load: Helper;
}

/** Runs `act` with the whole scene and ends every process of it, whatever happens. */
export async function withScene<T>(options: Omit<GatewayProcessOptions, "modelUrl">, act: (scene: Scene) => Promise<T>): Promise<T> {
  const [model, load] = [startHelper("mock-model.ts"), startHelper("load.ts")];
  let gateway: GatewayProcess | undefined;
  try {
    const modelUrl = `http://127.0.0.1:${await model.ask<number>("listen")}/v1`;
    gateway = await startGateway({ ...options, modelUrl });
    return await act({ gateway, model, modelUrl, load });
  } finally {
    await load.stop();
    await gateway?.stop();
    await model.stop();
  }
}

/** Runs `act` with a bare Node server. */
export async function withBare<T>(act: (bare: { readonly helper: Helper; readonly url: string; readonly wsUrl: string }) => Promise<T>): Promise<T> {
  const helper = startHelper("bare-server.ts", { execArgv: ["--max-semi-space-size=2", "--expose-gc"] });
  try {
    const port = await helper.ask<number>("listen");
    return await act({ helper, url: `http://127.0.0.1:${port}`, wsUrl: `ws://127.0.0.1:${port}` });
  } finally {
    await helper.stop();
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
