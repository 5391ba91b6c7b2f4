/**
 * Files behind the address of a webhook, for platforms that take no bytes but an address from which they and people fetch them. Each link is for one file, is signed,
 * and ends, so that nobody else's file can be asked for.
 */
import type { Clock } from "../../core/clock.ts";
import type { Secret } from "../../core/secret.ts";
import { isSignedHex, signHex } from "../hmac/index.ts";

export interface FileLinks {
  /** @param publicUrl the webhook's own address, as the internet reaches it */
  to(publicUrl: string, file: string): Promise<string>;
  /** The file that a link of ours names; undefined when it is not signed, or over. */
  fileOf(url: URL): Promise<string | undefined>;
}

export interface FileLinkOptions {
  readonly secret: Secret;
  /** Keeps these signatures apart from all others that the secret makes. */
  readonly purpose: string;
  readonly account: string;
  readonly clock: Pick<Clock, "now">;
}

/** How long a link works: people look again at what was sent some days ago. */
const LINK_MS = 7 * 24 * 3_600_000;

export function createFileLinks({ secret, purpose, account, clock }: FileLinkOptions): FileLinks {
  const signed = (file: string, until: string) => new TextEncoder().encode(`${purpose}\n${account}\n${file}\n${until}`);
  return {
    async to(publicUrl, file) {
      const until = String(clock.now() + LINK_MS);
      const link = new URL(publicUrl);
      link.search = new URLSearchParams({ file, until, mac: await signHex(secret, signed(file, until)) }).toString();
      return link.href;
    },
    async fileOf({ searchParams }) {
      const [file = "", until = "", mac = ""] = ["file", "until", "mac"].map((name) => searchParams.get(name) ?? undefined);
      const good = /^\d{1,16}$/.test(until) && Number(until) > clock.now() && (await isSignedHex(secret, signed(file, until), mac));
      return good ? file : undefined;
    },
  };
}

/** A file to whoever has a link to it. Only what cannot run anything is shown in place. */
export function fileResponse(bytes: Uint8Array, type: string, name = "file"): Response {
  const shown = /^(image\/(png|jpeg)|video\/mp4|audio\/(mpeg|mp4|x-m4a|m4a))$/.test(type);
  return new Response(new Uint8Array(bytes), {
    headers: {
      "content-type": shown ? type : "application/octet-stream",
      "content-disposition": shown ? "inline" : `attachment; filename*=UTF-8''${encodeURIComponent(name.toWellFormed()).replace(/['()*]/g, "_")}`,
      "content-security-policy": "default-src 'none'; sandbox",
      "x-content-type-options": "nosniff",
      "cache-control": "private, max-age=3600",
    },
  });
}
