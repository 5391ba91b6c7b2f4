import { formatAddress, parseAddress, type Address } from "../../core/address.ts";

/** What fits into a question to the owner beside recipient and reason, as `shownLength` counts; an invisible character takes up to nine. */
export const MAX_SHOWN = 2_300;

/** @returns undefined for what is no address. */
export function parsed(to: string): Address | undefined {
  try {
    return parseAddress(to);
  } catch {
    return undefined;
  }
}

export function isPage({ channel }: Address): boolean {
  return channel === "web";
}

/** On the page a conversation is its session, whoever looks at it. */
export function samePage(a: Address, b: Address): boolean {
  return isPage(a) && isPage(b) && a.conversation === b.conversation;
}

export function samePlace(a: Address, b: Address): boolean {
  return formatAddress(a) === formatAddress(b);
}

/** What may be known to everybody who reads there. */
export function placeOfReaders({ channel, account, conversation }: Address) {
  return `CONVERSATION:${channel}:${account}:${conversation}` as const;
}

/** UTF-16 units of a text when it is shown as a plan shows it. */
export function shownLength(text: string): number {
  return JSON.stringify(text).replace(/[\p{C}\p{Z}]/gu, (character) => (character === " " ? character : "\\u{10ffff}")).length;
}
