import { HttpFailure } from "../../core/http.ts";

/** What is wrong with a connection. */
export class XmppTrouble extends Error {
  override readonly name = "XmppTrouble";
  /** Status code. */
  readonly code: "xmpp_silent" | "xmpp_lost" | "xmpp_login_refused" | "xmpp_no_tls" | "xmpp_conflict" | "xmpp_moved";
  /** Where the server sends us, `host` or `host:port` (RFC 6120 section 4.9.3.19). */
  readonly elsewhere: string | undefined;

  constructor(code: XmppTrouble["code"], message: string, elsewhere?: string) {
    super(message);
    this.code = code;
    this.elsewhere = elsewhere;
  }
}

/** What the library, or the stream below it, has thrown. */
export function troubleOf(error: unknown): XmppTrouble | HttpFailure {
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
