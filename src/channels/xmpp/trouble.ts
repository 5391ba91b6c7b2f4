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
