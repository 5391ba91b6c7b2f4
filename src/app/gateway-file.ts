import { rm } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "../lib/atomic-file/index.ts";

/** Where a running gateway says how it is reached; the CLI reads it. */
export interface GatewayFile {
  readonly pid: number;
  readonly url: string;
  /** With TLS: the certificate (PEM) that the CLI accepts, that one alone, and its fingerprint. */
  readonly tls?: { readonly fingerprint: string; readonly certificate: string };
  /** Wall milliseconds. */
  readonly startedAt: number;
}

export async function writeGatewayFile(dataFolder: string, file: GatewayFile): Promise<() => Promise<void>> {
  const path = join(dataFolder, "gateway.json");
  await writeFileAtomic(path, `${JSON.stringify(file)}\n`);
  return () => rm(path, { force: true });
}
