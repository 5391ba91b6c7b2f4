import { RequestError } from "./errors.ts";

/** A place messages go to and come from: `channel:account:conversation[:thread]`, the last two percent-encoded in text form. */
export interface Address {
  readonly channel: string;
  readonly account: string;
  readonly conversation: string;
  readonly thread?: string;
}

const NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** The text form, e.g. `telegram:default:-10012` or `slack:work:C01:1699%2E22`. */
export function formatAddress(address: Address): string {
  const base = `${address.channel}:${address.account}:${encodeURIComponent(address.conversation)}`;
  return address.thread === undefined ? base : `${base}:${encodeURIComponent(address.thread)}`;
}

/** The same conversation, in whatever threads of it. */
export function sameConversation(a: Address, b: Address): boolean {
  return a.channel === b.channel && a.account === b.account && a.conversation === b.conversation;
}

/** @throws RequestError `bad_address` when the text is not an address. */
export function parseAddress(text: string): Address {
  const [channel = "", account = "", conversation = "", thread, ...rest] = text.split(":");
  if (rest.length > 0 || !NAME.test(channel) || !NAME.test(account) || conversation === "" || thread === "") throw badAddress(text);
  try {
    const address = { channel, account, conversation: decodeURIComponent(conversation) };
    return thread === undefined ? address : { ...address, thread: decodeURIComponent(thread) };
  } catch {
    throw badAddress(text);
  }
}

function badAddress(text: string): RequestError {
  return new RequestError("bad_address", `not an address: ${JSON.stringify(text.slice(0, 200))}`, {
    hint: "write channel:account:conversation[:thread], for example telegram:default:12345",
  });
}
