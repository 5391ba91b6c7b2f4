/** What is wrong with a connection. */
export class IrcTrouble extends Error {
  override readonly name = "IrcTrouble";
  /** Status code. */
  readonly code: "irc_silent" | "irc_lost" | "irc_login_refused" | "irc_banned";

  constructor(code: IrcTrouble["code"], message: string) {
    super(message);
    this.code = code;
  }
}
