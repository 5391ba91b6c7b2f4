/** What is wrong with one of the two servers. */
export class EmailTrouble extends Error {
  override readonly name = "EmailTrouble";
  readonly code: "email_login_refused" | "email_certificate_refused" | "email_unreachable" | "email_error";

  constructor(code: EmailTrouble["code"], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

export const CERTIFICATE_HINT = "Write the host as its certificate names it; an authority of your own goes into NODE_EXTRA_CA_CERTS (docs/channels/email.md)";

interface LibraryError {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly authenticationFailed?: unknown;
  readonly responseText?: unknown;
  readonly responseCode?: unknown;
}

/** Codes of OpenSSL's verification (openssl-verification-options) and of Node's check of the name. */
const CERTIFICATE = /^(UNABLE_TO_(GET|VERIFY)_|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|CERT_|INVALID_CA|ERR_TLS_CERT_)/;

/** nodemailer keeps the words alone. */
function isCertificate(code: unknown, message: unknown): boolean {
  return typeof code === "string" && (CERTIFICATE.test(code) || (code === "ESOCKET" && typeof message === "string" && /\bcertificate\b/i.test(message)));
}

/** What a library threw, in our words. @param server for the message, e.g. `IMAP server imap.example.org`. */
export function toTrouble(error: unknown, server: string): EmailTrouble {
  if (error instanceof EmailTrouble) return error;
  const { code, message, authenticationFailed, responseText, responseCode } = (error ?? {}) as LibraryError;
  if (authenticationFailed === true || code === "EAUTH") return new EmailTrouble("email_login_refused", `the ${server} refuses the login`);
  if (isCertificate(code, message))
    return new EmailTrouble("email_certificate_refused", `the ${server} shows a certificate that this machine does not trust, or one for another name`);
  if (typeof responseText === "string" || typeof responseCode === "number")
    return new EmailTrouble("email_error", `the ${server} answered: ${String(responseText ?? responseCode).slice(0, 200)}`);
  return new EmailTrouble("email_unreachable", `the ${server} does not answer (${typeof code === "string" ? code : "closed"})`);
}
