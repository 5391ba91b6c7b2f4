import type { Random } from "../../core/random.ts";

const FORM = /^device\.([A-Za-z0-9_-]{43})\.[A-Za-z0-9_-]{43}$/;

/** A bearer token of a device: it says whose it is, the rest is 32 random bytes. Only its digest is kept. */
export function newDeviceToken(deviceId: string, random: Random): string {
  return `device.${deviceId}.${Buffer.from(random.bytes(32)).toString("base64url")}`;
}

/** The device that a token says it belongs to; undefined when it is none. */
export function parseDeviceToken(token: string): string | undefined {
  return FORM.exec(token)?.[1];
}
