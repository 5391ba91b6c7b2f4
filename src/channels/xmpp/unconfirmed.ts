import type { Element } from "@xmpp/client";
import { ChannelError } from "../../core/errors.ts";
import { bareOf } from "./jid.ts";

/** A message that was sent, until the server says what became of it. */
export interface Sent {
  /** Resolves when the server has it. @throws ChannelError */
  readonly outcome: Promise<void>;
  /** The first word counts. @param error none: the server has it */
  settle(error?: ChannelError): void;
  /** Nobody waits for it any more. */
  forget(): void;
}

/** Messages that the server has not confirmed. */
export class Unconfirmed {
  /** By their stanza, as the library names them. */
  readonly #sent = new Map<Element, Sent>();
  /** By the stanza's id, as the server does. Nobody but whom it is for can say that it did not get there. */
  readonly #byId = new Map<string, { readonly to: string; readonly sent: Sent }>();

  add(stanza: Element): Sent {
    const { id = "", to = "" } = stanza.attrs;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    promise.catch(() => {});
    const sent: Sent = {
      outcome: promise,
      settle: (error) => (error === undefined ? resolve() : reject(error)),
      forget: () => {
        this.#sent.delete(stanza);
        if (this.#byId.get(id)?.sent === sent) this.#byId.delete(id);
      },
    };
    this.#sent.set(stanza, sent);
    this.#byId.set(id, { to: bareOf(to), sent });
    return sent;
  }

  confirmed(stanza: Element): void {
    this.#sent.get(stanza)?.settle();
  }

  inDoubt(stanza: Element): void {
    this.#sent.get(stanza)?.settle(unconfirmed());
  }

  allInDoubt(): void {
    for (const { settle } of this.#sent.values()) settle(unconfirmed());
  }

  /** @param bounce what came back. @returns whether anybody was waiting for it */
  bounced({ attrs: { id = "", from = "" } }: Element, error: ChannelError): boolean {
    const known = this.#byId.get(id);
    if (known?.to !== bareOf(from)) return false;
    known.sent.settle(error);
    return true;
  }
}

export function offline(): ChannelError {
  return new ChannelError("xmpp_offline", "not connected to the server", "retry");
}

export function unconfirmed(): ChannelError {
  return new ChannelError("xmpp_unconfirmed", "the server has not confirmed the message in time", "unknown");
}
