/** What a device signs to prove that it holds its key. */
export interface DeviceStatement {
  /** `authenticate` or `pair`: a signature for the one is worth nothing for the other. */
  readonly purpose: "authenticate" | "pair";
  /** Identity of the gateway, as `challenge` answered it: a signature for one gateway is worth nothing at another. */
  readonly gateway: string;
  /** The connection's nonce from `challenge`, good for one proof. */
  readonly nonce: string;
  readonly deviceId: string;
  /** Scopes asked for. */
  readonly scopes: readonly string[];
  /** Wall milliseconds. */
  readonly signedAt: number;
}

/**
 * The bytes that are signed: a line that says what they are (no other use of the key can be taken for one), then a JSON array, whose strings cannot run into
 * each other. Scopes are sorted, each once.
 */
export function deviceStatementBytes({ purpose, gateway, nonce, deviceId, scopes, signedAt }: DeviceStatement): Uint8Array<ArrayBuffer> {
  const fields = [purpose, gateway, nonce, deviceId, [...new Set(scopes)].toSorted(), signedAt];
  return new TextEncoder().encode(`open-clanker device statement v1\n${JSON.stringify(fields)}`);
}
