/** What is used of @xmpp/client 0.14.0, which has no types of its own. */
declare module "@xmpp/client" {
  /** An XML element (ltx). */
  export interface Element {
    readonly name: string;
    readonly attrs: Record<string, string | undefined>;
    children: (Element | string)[];
    is(name: string, xmlns?: string): boolean;
    getNS(): string | undefined;
    getChild(name: string, xmlns?: string): Element | undefined;
    getChildren(name: string, xmlns?: string): Element[];
    getChildElements(): Element[];
    getChildText(name: string, xmlns?: string): string | null;
    text(): string;
    append(child: Element | string): void;
    toString(): string;
  }

  type Child = Element | string | undefined | null | false | readonly Child[];

  export function xml(name: string, attrs?: Record<string, string | undefined> | null, ...children: Child[]): Element;

  interface Emitter {
    on(event: string, listener: (...args: never[]) => void): this;
    off(event: string, listener: (...args: never[]) => void): this;
    prependListener(event: string, listener: (...args: never[]) => void): this;
  }

  /** How a socket is made and a stream framed: a class, of which the prototype alone is used. */
  export interface Transport {
    readonly prototype: { Socket: unknown; socketParameters(service: string): object | undefined };
  }

  export interface StreamManagement extends Emitter {
    enabled: boolean;
    /** Set while the session can be resumed. */
    id: string;
    /** Stanzas that are counted as handled: what `h` says to the server. */
    inbound: number;
    timeout: number;
    requestAckInterval: number;
    requestAckDebounce: number;
  }

  /** Texts are bytes, one a character. */
  export interface Mechanism {
    readonly name: string;
    /** Whether it speaks before it is asked. */
    readonly clientFirst: boolean;
    challenge(text: string): void;
    response(): string | Promise<string>;
  }

  export interface Client extends Emitter {
    transports: Transport[];
    readonly jid: { toString(): string } | null;
    readonly status: string;
    readonly streamManagement: StreamManagement;
    /** Best first. */
    readonly saslFactory: { _mechs: { readonly name: string; readonly mech: new () => Mechanism }[] };
    readonly reconnect: { stop(): void };
    readonly iqCaller: { request(stanza: Element, timeoutMs?: number): Promise<Element> };
    readonly iqCallee: { get(xmlns: string, name: string, handler: (context: { element: Element }) => Element | object): void };
    readonly streamFeatures: { use(name: string, xmlns: string, handler: (context: object, next: () => Promise<unknown>) => Promise<unknown>): void };
    _onSeeOtherHost: (error: Error & { element?: Element }) => void;
    _detachParser(): void;
    connect(service: string): Promise<unknown>;
    open(options: { domain: string; lang: string }): Promise<unknown>;
    restart(): Promise<unknown>;
    send(element: Element): Promise<void>;
    stop(): Promise<unknown>;
  }

  export function client(options: {
    service: string;
    domain: string;
    username: string;
    password: string;
    resource: string;
    timeout: number;
    lang: string;
  }): Client;
}
