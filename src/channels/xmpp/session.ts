/**
 * One login, kept over several connections where the server can resume it (XEP-0198). Always true: nothing is said before the connection is as safe as the config asks;
 * what came in is counted as handled, and so acknowledged, only once `handled` was called for it and for all before it.
 */
import type { Client, client, Element, xml } from "@xmpp/client";
import { sleep } from "../../core/clock.ts";
import { ChannelError } from "../../core/errors.ts";
import { HttpFailure } from "../../core/http.ts";
import type { StreamDestination } from "../../core/streams.ts";
import type { ChannelDeps } from "../../core/channel.ts";
import type { XmppAccountConfig } from "./config.ts";
import { bareOf, domainOf } from "./jid.ts";
import { NS } from "./ns.ts";
import { mechanismsOf } from "./sasl.ts";
import type { XmppTiming } from "./timing.ts";
import { XmppTrouble } from "./trouble.ts";
import { WireSocket } from "./wire-socket.ts";

interface Library {
  readonly client: typeof client;
  readonly xml: typeof xml;
}

/** What it needs to know of an account. */
export interface SessionAccount {
  readonly config: XmppAccountConfig;
  readonly deps: Pick<ChannelDeps, "clock" | "log" | "random" | "streams">;
  readonly timing: XmppTiming;
}

export interface SessionEvents {
  /** A message or presence. `handled` is called once it is stored, or is nothing to store. */
  stanza(stanza: Element, handled: () => void): void;
  /** Resolves when there is room for more. */
  room(): Promise<void>;
}

/** What we tell others that we understand (XEP-0030). */
const FEATURES = [NS.info, NS.ping, NS.states, NS.receipts, NS.markers, NS.correct, NS.retract, NS.reactions, NS.reply, NS.ids, NS.oob];

interface Waiting {
  /** Whom it is for: nobody else can say that it did not get there. */
  readonly to: string;
  readonly done: (error?: ChannelError) => void;
}

export class Session {
  readonly xml: Library["xml"];
  readonly #entity: Client;
  readonly #account: SessionAccount;
  readonly #events: SessionEvents;
  #socket: WireSocket | undefined;
  #destination: { host: string; port: number };
  #login = Promise.withResolvers<boolean>();
  #over = Promise.withResolvers<never>();
  #ended = false;
  #manages = false;
  #online = false;
  #unhandled: { done: boolean }[] = [];
  #handled = 0;
  /** Sends that the server has not confirmed, by their stanza and by its id. */
  readonly #waiting = new Map<Element, Waiting>();
  readonly #byId = new Map<string, Waiting>();
  #signal: AbortSignal | undefined;
  /** What the server has to know for us to believe that it knows the password. */
  #proof: string | undefined;

  constructor(account: SessionAccount, library: Library, events: SessionEvents) {
    const { config, timing } = account;
    this.xml = library.xml;
    this.#account = account;
    this.#events = events;
    this.#destination = this.#home();
    const user = config.jid.split("@")[0]!;
    const entity = library.client({
      service: "clanker://server",
      domain: domainOf(config.jid),
      username: user,
      // Read by our own mechanisms alone.
      password: "unused",
      resource: config.resource,
      timeout: timing.answerMs,
      lang: "en",
    });
    this.#entity = entity;
    entity.reconnect.stop();
    entity.saslFactory._mechs = mechanismsOf({ user, password: config.password, random: account.deps.random }, (proof) => (this.#proof = proof));
    this.#useWire(entity);
    this.#useTls(entity);
    this.#listen(entity);
    this.#count(entity);
    entity.iqCallee.get(NS.info, "query", ({ element }) =>
      this.xml(
        "query",
        { xmlns: NS.info, node: element.attrs["node"] },
        this.xml("identity", { category: "client", type: "bot", name: "Open Clanker" }),
        ...FEATURES.map((name) => this.xml("feature", { var: name })),
      ),
    );
  }

  /** Our full address there; empty before the first login. */
  get jid(): string {
    return this.#entity.jid?.toString() ?? "";
  }

  /** Whether the server may still hold this login for us when the connection is over. */
  get resumable(): boolean {
    return this.#entity.streamManagement.id !== "";
  }

  get ready(): boolean {
    return this.#online && !this.#ended;
  }

  /**
   * Connects and logs in. @returns whether the session of before was resumed: then nothing was missed and the rooms still stand.
   * @throws XmppTrouble, HttpFailure
   */
  async connect(signal: AbortSignal): Promise<boolean> {
    const { timing, deps } = this.#account;
    this.#signal = signal;
    this.#login = Promise.withResolvers();
    this.#over = Promise.withResolvers();
    this.#over.promise.catch(() => {});
    this.#ended = false;
    this.#online = false;
    const patience = new AbortController();
    const late = sleep(deps.clock, timing.loginMs, AbortSignal.any([patience.signal, signal])).then((): never => {
      throw new XmppTrouble("xmpp_silent", `not logged in within ${timing.loginMs} ms`);
    });
    late.catch(() => {});
    try {
      const opening = this.#entity.connect("clanker://server").then(() => this.#entity.open({ domain: domainOf(this.#account.config.jid), lang: "en" }));
      const attempt = this.#over;
      // What follows from it is told by the end of this attempt.
      opening.catch((error: unknown) => {
        if (attempt === this.#over) this.#fail(error);
      });
      return await Promise.race([this.#login.promise, this.#over.promise, late]);
    } catch (error) {
      this.drop(error);
      throw error;
    } finally {
      patience.abort();
    }
  }

  /** Rejects with what ended the connection. */
  get over(): Promise<never> {
    return this.#over.promise;
  }

  /** Ends the connection, for this reason, without a goodbye: what is in doubt may be resumed. */
  drop(reason: unknown): void {
    this.#fail(reason);
  }

  /** Says goodbye; what was not handled stays with the server. */
  async close(): Promise<void> {
    this.#online = false;
    const { timing, deps } = this.#account;
    const patience = new AbortController();
    const goodbye = this.#entity.stop().catch(() => undefined);
    await Promise.race([goodbye, sleep(deps.clock, Math.min(2_000, timing.answerMs), patience.signal)]);
    patience.abort();
    this.#socket?.cut();
    this.#fail(new XmppTrouble("xmpp_lost", "closed by us"));
    for (const { done } of this.#waiting.values()) done(unconfirmed());
  }

  /** Sends what nobody has to confirm. @returns whether the connection stood */
  async tell(stanza: Element): Promise<boolean> {
    if (!this.ready) return false;
    try {
      await this.#entity.send(stanza);
      return true;
    } catch {
      return false;
    }
  }

  /** A question to `to`, or to our own server. @throws StanzaError of the library (`condition`), XmppTrouble when there is no answer */
  async ask(type: "get" | "set", child: Element, to?: string): Promise<Element> {
    const { timing } = this.#account;
    const asked = this.#entity.iqCaller.request(this.xml("iq", { type, to }, child), timing.answerMs);
    asked.catch(() => {});
    try {
      return await Promise.race([asked, this.#over.promise]);
    } catch (error) {
      if (error instanceof Error && error.name === "TimeoutError") throw new XmppTrouble("xmpp_silent", `no answer within ${timing.answerMs} ms`);
      throw error;
    }
  }

  /**
   * Sends a message; resolves when the server has it: its acknowledgement, also behind a resumed connection, else the answer to a question asked after it.
   * @param until what says so instead, where there is something better
   * @throws ChannelError: `retry` surely not sent, `permanent` bounced, `unknown`
   */
  async deliver(stanza: Element, signal: AbortSignal, until?: Promise<unknown>): Promise<void> {
    if (!this.ready || signal.aborted) throw offline();
    const { deps, timing } = this.#account;
    const settled = Promise.withResolvers<void>();
    const waiting: Waiting = {
      to: bareOf(stanza.attrs["to"] ?? ""),
      done(error) {
        if (error !== undefined) settled.reject(error);
        else if (until === undefined) settled.resolve();
      },
    };
    const id = stanza.attrs["id"] ?? "";
    settled.promise.catch(() => {});
    this.#waiting.set(stanza, waiting);
    this.#byId.set(id, waiting);
    const patience = new AbortController();
    void sleep(deps.clock, timing.answerMs, AbortSignal.any([patience.signal, signal])).then(() => waiting.done(unconfirmed()));
    try {
      await this.#entity.send(stanza).catch(() => {
        throw offline();
      });
      if (until === undefined && !this.#entity.streamManagement.enabled) {
        void this.ask("get", this.xml("ping", { xmlns: NS.ping })).then(
          () => waiting.done(),
          // An error is an answer too: the server has read this far.
          (error: unknown) => waiting.done(error instanceof XmppTrouble || error instanceof HttpFailure ? unconfirmed() : undefined),
        );
      }
      await Promise.race(until === undefined ? [settled.promise] : [until, settled.promise]);
    } finally {
      patience.abort();
      this.#waiting.delete(stanza);
      if (this.#byId.get(id) === waiting) this.#byId.delete(id);
    }
  }

  /** The server says that a message of ours did not get there (RFC 6120 section 8.3). What comes too late to change anything is in the log. */
  bounced({ attrs: { id = "", from = "" } }: Element, error: ChannelError): void {
    const waiting = this.#byId.get(id);
    if (waiting?.to === bareOf(from)) waiting.done(error);
    else this.#account.deps.log.warn("xmpp: a message did not get there", { to: from, error });
  }

  #home(): { host: string; port: number } {
    const { jid, server, port, security } = this.#account.config;
    return { host: server ?? domainOf(jid), port: port ?? (security === "tls" ? 5_223 : 5_222) };
  }

  #useWire(entity: Client): void {
    const { config, deps } = this.#account;
    const Base = entity.transports.find(({ prototype }) => prototype.socketParameters("xmpp://a:1") !== undefined)!;
    const wire = () =>
      (this.#socket = new WireSocket({
        secure: config.security === "tls",
        room: () => this.#events.room(),
        open: () => {
          const { host, port } = this.#destination;
          // One that sends us away does it once; then the config counts again.
          this.#destination = this.#home();
          return deps.streams.connect(destinationOf(config, { host, port }), this.#signal === undefined ? {} : { signal: this.#signal });
        },
      }));
    // Made with `new` by the library: what a constructor returns is what it gets.
    const own = {
      socketParameters: () => ({}),
      Socket: function Socket() {
        return wire();
      },
    };
    entity.transports = [{ prototype: Object.assign(Object.create(Base.prototype) as typeof Base.prototype, own) }];
    entity._onSeeOtherHost = (error) => {
      const elsewhere = error.element?.getChildText("see-other-host", NS.streamErrors) ?? "";
      this.#redirect(elsewhere);
      this.#fail(new XmppTrouble("xmpp_moved", `the server sends us to ${elsewhere}`, elsewhere));
    };
  }

  /** The certificate there has to be for our domain too, so whoever sends us elsewhere cannot choose who reads along. */
  #redirect(elsewhere: string): void {
    const found = /^(?:\[([0-9a-f:]+)\]|([A-Za-z0-9.-]+))(?::(\d{1,5}))?$/i.exec(elsewhere);
    if (found === null || this.#account.config.security === "none") return;
    this.#destination = { host: (found[1] ?? found[2])!, port: found[3] === undefined ? this.#home().port : Number(found[3]) };
  }

  /** Before TLS nothing that a server offers is taken up but TLS itself. */
  #useTls(entity: Client): void {
    const { config, timing } = this.#account;
    entity.prependListener("element", (element: Element) => {
      if (this.#socket !== undefined) this.#socket.unfinished = 0;
      if (!element.is("features", NS.streams)) return;
      const needed = config.security !== "none" && this.#socket?.secure !== true;
      const offered = element.getChildElements();
      // Of logins the library's plain one is used, which leaves the order of things to us.
      element.children = offered.filter((one) => (needed ? one.is("starttls", NS.tls) : !one.is("starttls", NS.tls) && !one.is("authentication", NS.sasl2)));
      this.#manages = element.getChild("sm", NS.management) !== undefined;
      if (needed && element.children.length === 0) this.#fail(new XmppTrouble("xmpp_no_tls", "the server offers no encryption"));
    });
    entity.streamFeatures.use("starttls", NS.tls, async () => {
      const agreed = Promise.withResolvers<void>();
      const hear = (element: Element) => {
        if (element.getNS() !== NS.tls) return;
        // What stands behind the word was not said under TLS (RFC 6120 section 5.4.3.3).
        entity._detachParser();
        if (element.is("proceed")) agreed.resolve();
        else agreed.reject(new XmppTrouble("xmpp_no_tls", "the server refuses to begin encryption"));
      };
      entity.on("nonza", hear);
      await entity.send(this.xml("starttls", { xmlns: NS.tls }));
      await Promise.race([agreed.promise, this.#over.promise]).finally(() => entity.off("nonza", hear));
      await this.#socket?.beginTls(timing.answerMs);
      await entity.restart();
    });
  }

  #listen(entity: Client): void {
    entity.on("error", (error: Error) => this.#fail(error));
    entity.on("disconnect", () => this.#fail(new XmppTrouble("xmpp_lost", "the connection to the server was lost")));
    entity.on("online", () => {
      if (!this.#manages) this.#loggedIn(false);
      else this.#online = true;
    });
    entity.on("nonza", (element: Element) => {
      if (element.is("success", NS.sasl) && this.#proof !== undefined && element.text().trim() !== btoa(`v=${this.#proof}`)) {
        // One that does not know the password is not our server (RFC 5802 section 5).
        this.#fail(new XmppTrouble("xmpp_login_refused", "the server does not know the password itself"));
      }
      if (element.getNS() !== NS.management) return;
      if (element.is("enabled")) {
        this.#unhandled = [];
        this.#handled = 0;
      }
      // The library takes note of it a moment later.
      if (element.is("enabled") || (element.is("failed") && this.#online)) queueMicrotask(() => queueMicrotask(() => this.#loggedIn(false)));
    });
    entity.streamManagement.on("resumed", () => this.#loggedIn(true));
    entity.streamManagement.on("ack", (stanza: Element) => this.#waiting.get(stanza)?.done());
    entity.streamManagement.on("fail", (stanza: Element) => this.#waiting.get(stanza)?.done(unconfirmed()));
    entity.on("stanza", (stanza: Element) => {
      const one = { done: false };
      const unhandled = this.#unhandled;
      unhandled.push(one);
      const handled = () => {
        one.done = true;
        while (unhandled[0]?.done === true) {
          unhandled.shift();
          // One of a connection that is over comes again.
          if (unhandled === this.#unhandled) this.#handled += 1;
        }
      };
      if (stanza.is("iq")) handled();
      else this.#events.stanza(stanza, handled);
    });
  }

  /** The library counts what it has read; what counts here is what is stored. */
  #count(entity: Client): void {
    const { streamManagement } = entity;
    Object.defineProperty(streamManagement, "inbound", { get: () => this.#handled, set: () => {} });
    streamManagement.requestAckDebounce = 1;
    // Whether the server is there is asked by ourselves.
    streamManagement.requestAckInterval = 0;
    streamManagement.timeout = 0;
  }

  #loggedIn(resumed: boolean): void {
    if (this.#ended) return;
    this.#online = true;
    this.#login.resolve(resumed);
  }

  #fail(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#online = false;
    this.#unhandled = [];
    const reason = this.#troubleOf(error);
    this.#over.reject(reason);
    this.#socket?.cut();
    // What cannot be resumed is in doubt for ever.
    if (!this.resumable) for (const { done } of this.#waiting.values()) done(unconfirmed());
  }

  #troubleOf(error: unknown): XmppTrouble | HttpFailure {
    if (error instanceof XmppTrouble || error instanceof HttpFailure) return error;
    const { name, condition, message } = (error ?? {}) as { name?: string; condition?: string; message?: string };
    if (name === "SASLError") {
      const temporary = condition === "temporary-auth-failure";
      return new XmppTrouble(temporary ? "xmpp_lost" : "xmpp_login_refused", `the server refuses the login (${condition ?? message ?? "no common mechanism"})`);
    }
    if (name === "StreamError")
      return new XmppTrouble(condition === "conflict" ? "xmpp_conflict" : "xmpp_lost", `the server ended the connection (${condition})`);
    if (name === "TimeoutError") return new XmppTrouble("xmpp_silent", "the server does not answer");
    return new XmppTrouble("xmpp_lost", `the connection failed (${(message ?? String(error)).slice(0, 200)})`);
  }
}

function destinationOf(
  { jid, security, tls_fingerprint: fingerprint }: XmppAccountConfig,
  { host, port }: { readonly host: string; readonly port: number },
): StreamDestination {
  if (security === "none") return { host, port };
  return {
    host,
    port,
    tls: { name: domainOf(bareOf(jid)), ...(fingerprint === undefined ? {} : { fingerprint }), ...(security === "starttls" ? { later: true } : {}) },
  };
}

export function offline(): ChannelError {
  return new ChannelError("xmpp_offline", "not connected to the server", "retry");
}

export function unconfirmed(): ChannelError {
  return new ChannelError("xmpp_unconfirmed", "the server has not confirmed the message in time", "unknown");
}
