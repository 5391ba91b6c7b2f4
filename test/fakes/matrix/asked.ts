import type { Device } from "./world.ts";

export interface Answer {
  readonly status?: number;
  readonly body: object;
  readonly headers?: Record<string, string>;
}

export interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly body: unknown;
  readonly bytes: Buffer;
  readonly device: Device;
  readonly invariants: string[];
  readonly settings: { uia: boolean };
}
