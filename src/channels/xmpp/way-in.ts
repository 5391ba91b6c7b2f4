/**
 * How a session gets to its server: the library's sockets are ours, and so is TLS. Always true: before TLS nothing is taken up but TLS itself, unless the config does
 * without; the certificate has to be for our own domain, wherever a server sends us.
 */
import type { Client, Element, xml } from "@xmpp/client";
import type { ChannelDeps } from "../../core/channel.ts";
import type { StreamDestination } from "../../core/streams.ts";
import type { XmppAccountConfig } from "./config.ts";
import { bareOf, domainOf } from "./jid.ts";
import { NS } from "./ns.ts";
import type { XmppTiming } from "./timing.ts";
import { XmppTrouble } from "./trouble.ts";
import { WireSocket } from "./wire-socket.ts";

export interface WayInOptions {
  readonly config: XmppAccountConfig;
  readonly streams: ChannelDeps["streams"];
  readonly timing: Pick<XmppTiming, "answerMs">;
  readonly xml: typeof xml;
  /** Resolves when there is room for more of what comes in. */
  readonly room: () => Promise<void>;
  /** Of the attempt that runs. */
  readonly signal: () => AbortSignal | undefined;
  /** Rejects with what ends the attempt. */
  readonly over: () => Promise<never>;
  readonly fail: (trouble: XmppTrouble) => void;
}

interface Place {
  readonly host: string;
  readonly port: number;
}

export class WayIn {
  readonly #options: WayInOptions;
  #socket: WireSocket | undefined;
  #place: Place;

  /** Takes over the library's transports and STARTTLS. @param offered is told of what the server offers on this stream, and what of it is taken up */
  constructor(entity: Client, options: WayInOptions, offered: (features: Element) => void) {
    this.#options = options;
    this.#place = homeOf(options.config);
    this.#useSockets(entity);
    this.#useTls(entity, offered);
  }

  cut(): void {
    this.#socket?.cut();
  }

  #useSockets(entity: Client): void {
    const Base = entity.transports.find(({ prototype }) => prototype.socketParameters("xmpp://a:1") !== undefined)!;
    const open = () => this.#open();
    // Made with `new` by the library: what a constructor returns is what it gets.
    const own = {
      socketParameters: () => ({}),
      Socket: function Socket() {
        return open();
      },
    };
    entity.transports = [{ prototype: Object.assign(Object.create(Base.prototype) as typeof Base.prototype, own) }];
    entity._onSeeOtherHost = (error) => {
      const elsewhere = error.element?.getChildText("see-other-host", NS.streamErrors) ?? "";
      this.#redirect(elsewhere);
      this.#options.fail(new XmppTrouble("xmpp_moved", `the server sends us to ${elsewhere}`, elsewhere));
    };
  }

  #open(): WireSocket {
    const { config, streams, room, signal } = this.#options;
    this.#socket = new WireSocket({
      secure: config.security === "tls",
      room,
      open: () => {
        const place = this.#place;
        // One that sends us away does it once; then the config counts again.
        this.#place = homeOf(config);
        const stop = signal();
        return streams.connect(destinationOf(config, place), stop === undefined ? {} : { signal: stop });
      },
    });
    return this.#socket;
  }

  /** The certificate there has to be for our domain too, so whoever sends us elsewhere cannot choose who reads along. */
  #redirect(elsewhere: string): void {
    const { config } = this.#options;
    const found = /^(?:\[([0-9a-f:]+)\]|([A-Za-z0-9.-]+))(?::(\d{1,5}))?$/i.exec(elsewhere);
    if (found === null || config.security === "none") return;
    this.#place = { host: (found[1] ?? found[2])!, port: found[3] === undefined ? homeOf(config).port : Number(found[3]) };
  }

  /** Before TLS nothing that a server offers is taken up but TLS itself. */
  #useTls(entity: Client, offered: (features: Element) => void): void {
    const { config, fail } = this.#options;
    entity.prependListener("element", (element: Element) => {
      if (this.#socket !== undefined) this.#socket.unfinished = 0;
      if (!element.is("features", NS.streams)) return;
      const needed = config.security !== "none" && this.#socket?.secure !== true;
      // Of logins the library's plain one is used, which leaves the order of things to us.
      element.children = element
        .getChildElements()
        .filter((one) => (needed ? one.is("starttls", NS.tls) : !one.is("starttls", NS.tls) && !one.is("authentication", NS.sasl2)));
      offered(element);
      if (needed && element.children.length === 0) fail(new XmppTrouble("xmpp_no_tls", "the server offers no encryption"));
    });
    entity.streamFeatures.use("starttls", NS.tls, () => this.#beginTls(entity));
  }

  async #beginTls(entity: Client): Promise<void> {
    const { xml, over, timing } = this.#options;
    const agreed = Promise.withResolvers<void>();
    const hear = (element: Element) => {
      if (element.getNS() !== NS.tls) return;
      // What stands behind the word was not said under TLS (RFC 6120 section 5.4.3.3).
      entity._detachParser();
      if (element.is("proceed")) agreed.resolve();
      else agreed.reject(new XmppTrouble("xmpp_no_tls", "the server refuses to begin encryption"));
    };
    entity.on("nonza", hear);
    await entity.send(xml("starttls", { xmlns: NS.tls }));
    await Promise.race([agreed.promise, over()]).finally(() => entity.off("nonza", hear));
    await this.#socket?.beginTls(timing.answerMs);
    await entity.restart();
  }
}

function homeOf({ jid, server, port, security }: XmppAccountConfig): Place {
  return { host: server ?? domainOf(jid), port: port ?? (security === "tls" ? 5_223 : 5_222) };
}

function destinationOf({ jid, security, tls_fingerprint: fingerprint }: XmppAccountConfig, { host, port }: Place): StreamDestination {
  if (security === "none") return { host, port };
  return {
    host,
    port,
    tls: { name: domainOf(bareOf(jid)), ...(fingerprint === undefined ? {} : { fingerprint }), ...(security === "starttls" ? { later: true } : {}) },
  };
}
