/**
 * How the password is proved: SCRAM (RFC 5802, RFC 7677), else PLAIN (RFC 4616), which the library uses under TLS alone. Its own mechanisms know no SHA-256, do not look at
 * the server's proof and count their thousands of rounds on the main thread for half a second.
 */
import type { Mechanism } from "@xmpp/client";
import type { Random } from "../../core/random.ts";
import type { Secret } from "../../core/secret.ts";

/** RFC 7677 section 4; and not so many that it never ends. */
const ROUNDS = { least: 4_096, most: 10_000_000 };

const HASHES = [
  ["SCRAM-SHA-256", "SHA-256", 32],
  ["SCRAM-SHA-1", "SHA-1", 20],
] as const;

/** @param proofOf told what the server has to answer at the end, in base64; undefined where it proves nothing */
export function mechanismsOf(
  { user, password, random }: { readonly user: string; readonly password: Secret; readonly random: Random },
  proofOf: (proof: string | undefined) => void,
): { readonly name: string; readonly mech: new () => Mechanism }[] {
  // A close relative of SASLprep (RFC 4013), of which nobody types the rest.
  const secret = () => utf8(password.reveal().normalize("NFKC"));
  const scram = HASHES.map(([name, hash, size]) => {
    class Scram implements Mechanism {
      readonly name: string = name;
      readonly clientFirst = true;
      readonly #nonce = base64(random.bytes(18));
      readonly #bare = `n=${user.replaceAll("=", "=3D").replaceAll(",", "=2C")},r=${this.#nonce}`;
      #asked: string | undefined;

      challenge(text: string): void {
        this.#asked = text;
      }

      async response(): Promise<string> {
        // What is handed out is bytes, one a character.
        if (this.#asked === undefined) return byteText(utf8(`n,,${this.#bare}`));
        const { r: nonce = "", s: salt = "", i: rounds = "" } = fieldsOf(this.#asked);
        if (!nonce.startsWith(this.#nonce) || !(Number(rounds) >= ROUNDS.least && Number(rounds) <= ROUNDS.most))
          throw new Error("the server's challenge is not sound");
        const final = `c=biws,r=${nonce}`;
        const signed = utf8(`${this.#bare},${this.#asked},${final}`);
        const base = await crypto.subtle.importKey("raw", secret(), "PBKDF2", false, ["deriveBits"]);
        const salted = await crypto.subtle.deriveBits({ name: "PBKDF2", hash, salt: fromByteText(atob(salt)), iterations: Number(rounds) }, base, size * 8);
        const clientKey = await mac(hash, salted, utf8("Client Key"));
        const signature = await mac(hash, await crypto.subtle.digest(hash, clientKey), signed);
        proofOf(base64(await mac(hash, await mac(hash, salted, utf8("Server Key")), signed)));
        const proof = clientKey.map((byte, index) => byte ^ signature[index]!);
        return byteText(utf8(`${final},p=${base64(proof)}`));
      }
    }
    return { name, mech: Scram };
  });
  class Plain implements Mechanism {
    readonly name = "PLAIN";
    readonly clientFirst = true;
    challenge(): void {}
    response(): string {
      proofOf(undefined);
      return byteText(utf8(`\0${user}\0`)) + byteText(secret());
    }
  }
  return [...scram, { name: "PLAIN", mech: Plain }];
}

function fieldsOf(text: string): Partial<Record<string, string>> {
  return Object.fromEntries(text.split(",").map((field) => [field.slice(0, 1), field.slice(2)]));
}

async function mac(hash: string, key: BufferSource, data: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, data));
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function byteText(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

function fromByteText(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function base64(bytes: Uint8Array): string {
  return btoa(byteText(bytes));
}
