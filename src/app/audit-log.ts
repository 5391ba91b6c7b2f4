/** Keeps the audit honest: a key of this home, signed checkpoints in the store, and the newest one beside it. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../core/clock.ts";
import { sleep } from "../core/clock.ts";
import { ConfigError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { AuditCheckpoint } from "../core/records.ts";
import type { Store } from "../core/store.ts";
import { createFileAtomic, writeFileAtomic } from "../lib/atomic-file/index.ts";
import { makeCheckpoint, verifyAudit, type AuditKey, type AuditVerdict } from "../security/audit.ts";

export interface AuditLog {
  /** Signs the end of the chain now, every minute in which something came, and once more when `signal` aborts. Never rejects. */
  keep(signal: AbortSignal): Promise<void>;
  verify(): Promise<AuditVerdict>;
}

const EVERY_MS = 60_000;

/** @throws ConfigError `audit_key_unreadable` */
export async function openAuditLog(folder: string, deps: { store: Store; clock: Clock; log: Log }): Promise<AuditLog> {
  const { store, clock, log } = deps;
  const key = await auditKey(folder);
  const headPath = join(folder, "audit-head.json");
  let last: number | undefined;
  const checkpoint = async () => {
    try {
      const made = await makeCheckpoint(store, key, clock.now(), last);
      if (made === undefined) return;
      await writeFileAtomic(headPath, `${JSON.stringify(made)}\n`);
      last = made.seq;
    } catch (thrown) {
      log.warn("the audit could not be signed", { error: String(thrown) });
    }
  };
  return {
    async keep(signal) {
      while (!signal.aborted) {
        await checkpoint();
        await sleep(clock, EVERY_MS, signal);
      }
      await checkpoint();
    },
    verify: async () => await verifyAudit(store, key, await readHead(headPath)),
  };
}

async function readHead(path: string): Promise<AuditCheckpoint | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as AuditCheckpoint;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    // Something stands there that is no checkpoint of ours: then its signature is wrong too.
    return { seq: 0, hash: "", at: 0, signature: "" };
  }
}

/** Ed25519, made at the first start. */
async function auditKey(folder: string): Promise<AuditKey> {
  const path = join(folder, "audit-key.pem");
  const fresh = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  await createFileAtomic(path, fresh);
  try {
    const secret = createPrivateKey(await readFile(path, "utf8"));
    const open = createPublicKey(secret);
    return {
      sign: (text) => sign(null, Buffer.from(text), secret).toString("base64"),
      verify: (text, signature) => verify(null, Buffer.from(text), open, Buffer.from(signature, "base64")),
    };
  } catch (cause) {
    throw new ConfigError("audit_key_unreadable", `${path}: ${String(cause)}`, {
      hint: "put the file back from a backup, or remove it: then older checkpoints count as wrong",
    });
  }
}
