import { createPrivateKey, X509Certificate } from "node:crypto";
import { ConfigError } from "../../core/errors.ts";

/** What is to be known of a certificate. */
export interface Certificate {
  /** The gateway's own certificate without its chain, PEM. */
  readonly pem: string;
  /** SHA-256 as `AA:BB:...`, what a person compares. */
  readonly fingerprint: string;
  /** DNS names it is for, wildcards left out. */
  readonly names: readonly string[];
  /** Wall milliseconds. */
  readonly validUntil: number;
  /** Whether it is for this DNS name or IP address. */
  covers(host: string): boolean;
}

/** @param pem the first certificate in it counts. @throws ConfigError `tls_unusable` */
export function readCertificate(pem: string): Certificate {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch (error) {
    throw new ConfigError("tls_unusable", "gateway.tls.cert is not a PEM certificate", {
      hint: "name a file that begins with BEGIN CERTIFICATE",
      cause: error,
    });
  }
  const names = (certificate.subjectAltName ?? "").split(", ").flatMap((item) => (/^DNS:[^*]+$/.test(item) ? [item.slice(4)] : []));
  return {
    pem: certificate.toString(),
    fingerprint: certificate.fingerprint256,
    names,
    validUntil: Date.parse(certificate.validTo),
    covers: (host) => (/^[\d.]+$|:/.test(host) ? certificate.checkIP(host) : certificate.checkHost(host)) !== undefined,
  };
}

/** @throws ConfigError `tls_unusable` when the key is none or belongs to another certificate. */
export function requireKeyOf(certificatePem: string, keyPem: string): void {
  let belongs: boolean;
  try {
    belongs = new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(keyPem));
  } catch (error) {
    throw new ConfigError("tls_unusable", "gateway.tls.key is not a PEM private key without a passphrase", {
      hint: "name the key file of gateway.tls.cert",
      cause: error,
    });
  }
  if (!belongs) throw new ConfigError("tls_unusable", "gateway.tls.key does not belong to gateway.tls.cert", { hint: "name the key file of that certificate" });
}
