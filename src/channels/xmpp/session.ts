/**
 * One login, kept over several connections where the server can resume it (XEP-0198). Always true: nothing is said before the connection is as safe as the config asks;
 * what came in is counted as handled, and so acknowledged, only once `handled` was called for it and for all before it.
 */
import type { Client, client, Element, xml } from "@xmpp/client";
import { sleep } from "../../core/clock.ts";
import type { ChannelError } from "../../core/errors.ts";
import { HttpFailure } from "../../core/http.ts";
import type { ChannelDeps } from "../../core/channel.ts";
import type { XmppAccountConfig } from "./config.ts";
import { Handled } from "./handled.ts";
import { domainOf } from "./jid.ts";
import { NS } from "./ns.ts";
import { mechanismsOf } from "./sasl.ts";
import type { XmppTiming } from "./timing.ts";
import { troubleOf, XmppTrouble } from "./trouble.ts";
import { offline, Unconfirmed, unconfirmed } from "./unconfirmed.ts";
import { WayIn } from "./way-in.ts";

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

export class Session {
  readonly xml: Library["xml"];
  readonly #entity: Client;
  readonly #account: SessionAccount;
  readonly #events: SessionEvents;
  readonly #wayIn: WayIn;
  readonly #handled = new Handled();
  readonly #unconfirmed = new Unconfirmed();
  #login = Promise.withResolvers<boolean>();
  #over = Promise.withResolvers<never>();
  #ended = false;
  #manages = false;
  #online = false;
  #signal: AbortSignal | undefined;
  /** What the server has to know for us to believe that it knows the password. */
  #proof: string | undefined;

  constructor(account: SessionAccount, library: Library, events: SessionEvents) {
    const { config, timing } = account;
    this.xml = library.xml;
    this.#account = account;
    this.#events = events;
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
    this.#wayIn = new WayIn(
      entity,
      {
        config,
        streams: account.deps.streams,
        timing,
        xml: this.xml,
        room: () => events.room(),
        signal: () => this.#signal,
        over: () => this.over,
        fail: (trouble) => this.#fail(trouble),
      },
      (features) => (this.#manages = features.getChild("sm", NS.management) !== undefined),
    );
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
    this.#wayIn.cut();
    this.#fail(new XmppTrouble("xmpp_lost", "closed by us"));
    this.#unconfirmed.allInDoubt();
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
    const sent = this.#unconfirmed.add(stanza);
    const patience = new AbortController();
    void sleep(deps.clock, timing.answerMs, AbortSignal.any([patience.signal, signal])).then(() => sent.settle(unconfirmed()));
    try {
      await this.#entity.send(stanza).catch(() => {
        throw offline();
      });
      if (until !== undefined) await Promise.race([until, sent.outcome.then(() => until)]);
      else {
        if (!this.#entity.streamManagement.enabled) void this.#askAfter().then(sent.settle);
        await sent.outcome;
      }
    } finally {
      patience.abort();
      sent.forget();
    }
  }

  /** Without acknowledgements: has the server read as far as this? @returns what is in doubt if it does not say so */
  async #askAfter(): Promise<ChannelError | undefined> {
    try {
      await this.ask("get", this.xml("ping", { xmlns: NS.ping }));
      return undefined;
    } catch (error) {
      // An error is an answer too: the server has read this far.
      return error instanceof XmppTrouble || error instanceof HttpFailure ? unconfirmed() : undefined;
    }
  }

  /** The server says that a message of ours did not get there (RFC 6120 section 8.3). What comes too late to change anything is in the log. */
  bounced(stanza: Element, error: ChannelError): void {
    if (!this.#unconfirmed.bounced(stanza, error)) this.#account.deps.log.warn("xmpp: a message did not get there", { to: stanza.attrs["from"], error });
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
      if (element.is("enabled")) this.#handled.begin();
      // The library takes note of it a moment later.
      if (element.is("enabled") || (element.is("failed") && this.#online)) queueMicrotask(() => queueMicrotask(() => this.#loggedIn(false)));
    });
    entity.streamManagement.on("resumed", () => this.#loggedIn(true));
    entity.streamManagement.on("ack", (stanza: Element) => this.#unconfirmed.confirmed(stanza));
    entity.streamManagement.on("fail", (stanza: Element) => this.#unconfirmed.inDoubt(stanza));
    entity.on("stanza", (stanza: Element) => {
      const handled = this.#handled.came();
      if (stanza.is("iq")) handled();
      else this.#events.stanza(stanza, handled);
    });
  }

  /** The library counts what it has read; what counts here is what is stored. */
  #count(entity: Client): void {
    const { streamManagement } = entity;
    Object.defineProperty(streamManagement, "inbound", { get: () => this.#handled.count, set: () => {} });
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
    this.#handled.lose();
    this.#over.reject(troubleOf(error));
    this.#wayIn.cut();
    // What cannot be resumed is in doubt for ever.
    if (!this.resumable) this.#unconfirmed.allInDoubt();
  }
}
