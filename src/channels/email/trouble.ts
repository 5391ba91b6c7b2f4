/** What is wrong with one of the two servers. */
export class EmailTrouble extends Error {
  override readonly name = "EmailTrouble";
  readonly code: "email_login_refused" | "email_unreachable" | "email_error";

  constructor(code: EmailTrouble["code"], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

interface LibraryError {
  readonly code?: unknown;
  readonly authenticationFailed?: unknown;
  readonly responseText?: unknown;
  readonly responseCode?: unknown;
}

/** What a library threw, in our words. @param server for the message, e.g. `IMAP server imap.example.org`. */
export function toTrouble(error: unknown, server: string): EmailTrouble {
  if (error instanceof EmailTrouble) return error;
  const { code, authenticationFailed, responseText, responseCode } = (error ?? {}) as LibraryError;
  if (authenticationFailed === true || code === "EAUTH") return new EmailTrouble("email_login_refused", `the ${server} refuses the login`);
  if (typeof responseText === "string" || typeof responseCode === "number")
    return new EmailTrouble("email_error", `the ${server} answered: ${String(responseText ?? responseCode).slice(0, 200)}`);
  return new EmailTrouble("email_unreachable", `the ${server} does not answer (${typeof code === "string" ? code : "closed"})`);
}
