/** Measure against clocks that are behind. */
const EARLIER_MS = 24 * 3_600_000;
/** Some systems accept no longer life of a certificate, installed by hand or not. */
const LIFE_MS = 824 * 24 * 3_600_000;

/**
 * A certificate that nobody vouches for but whoever compares its fingerprint: ECDSA P-256, for these names and addresses, good for serving alone.
 * @param hosts DNS names and IP addresses. @param now wall milliseconds.
 */
export async function createSelfSigned(hosts: readonly string[], now: number): Promise<{ readonly cert: string; readonly key: string }> {
  const { generate } = await import("selfsigned");
  const made = await generate([{ name: "commonName", value: "Open Clanker" }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    notBeforeDate: new Date(now - EARLIER_MS),
    notAfterDate: new Date(now + LIFE_MS),
    extensions: [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      { name: "subjectAltName", altNames: hosts.map((host) => (/^[\d.]+$|:/.test(host) ? { type: 7, ip: host } : { type: 2, value: host })) },
    ],
  });
  return { cert: made.cert, key: made.private };
}
