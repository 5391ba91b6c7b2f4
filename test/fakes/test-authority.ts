/** An authority that this machine does not know, and a certificate of its making for the name `localhost` alone; by openssl, in a folder of its own. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync, chmodSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface TestAuthority {
  /** PEM of the authority itself. */
  readonly ca: string;
  /** Files. */
  readonly certificate: { readonly cert: string; readonly key: string };
  close(): void;
}

/** @throws when openssl is missing: scripts/install-test-tools.sh installs it. */
export function createTestAuthority(): TestAuthority {
  const folder = mkdtempSync(join(tmpdir(), "clanker-ca-"));
  chmodSync(folder, 0o755);
  const file = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => void execFileSync("openssl", args, { stdio: "ignore" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl("req", "-x509", ...newKey, "-subj", "/CN=Test authority", "-days", "2", "-keyout", file("ca.key"), "-out", file("ca.pem"));
  openssl("req", ...newKey, "-subj", "/CN=localhost", "-keyout", file("key.pem"), "-out", file("request.pem"));
  writeFileSync(file("names"), "subjectAltName=DNS:localhost\n");
  openssl(
    "x509",
    "-req",
    "-in",
    file("request.pem"),
    "-CA",
    file("ca.pem"),
    "-CAkey",
    file("ca.key"),
    "-CAcreateserial",
    "-days",
    "2",
    "-extfile",
    file("names"),
    "-out",
    file("cert.pem"),
  );
  return {
    ca: readFileSync(file("ca.pem"), "utf8"),
    certificate: { cert: file("cert.pem"), key: file("key.pem") },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}
