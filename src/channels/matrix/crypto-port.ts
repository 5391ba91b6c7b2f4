import type * as Wasm from "@matrix-org/matrix-sdk-crypto-wasm";
import type { Content, WireEncryptedFile, WireEvent, WireSync } from "./wire.ts";

/** What the other files want of the encryption (crypto.ts). */
export interface Crypto {
  readonly machine: Wasm.OlmMachine;
  readonly wasm: typeof Wasm;
  /** Takes in what a sync says about keys. Once for each sync: what was sent to the device can be opened once. */
  receive(sync: WireSync): Promise<void>;
  /** Whose devices have to be known, because they are in an encrypted room. */
  track(users: readonly string[]): Promise<void>;
  /** Sends what the machine wants to say. @throws MatrixFailure, HttpFailure */
  pump(signal: AbortSignal): Promise<void>;
  /** One request of the machine. @throws MatrixFailure, HttpFailure */
  sendRequest(request: Outgoing, signal: AbortSignal): Promise<void>;
  /** @returns the content of an `m.room.encrypted` for everybody in the room. @throws MatrixFailure, HttpFailure of the keys' requests */
  encrypt(room: string, event: { readonly type: string; readonly content: Content }, signal: AbortSignal): Promise<Content>;
  /** @returns undefined while its key is not there, and asks for the key. */
  decrypt(room: string, event: WireEvent): Promise<WireEvent | undefined>;
  /** A room that was encrypted once stays so, whatever the server says. */
  wasEncrypted(room: string): Promise<boolean>;
  encryptFile(bytes: Uint8Array): { readonly bytes: Uint8Array; readonly file: WireEncryptedFile };
  /** @throws Error when the bytes are not those that were sent. */
  decryptFile(bytes: Uint8Array, file: WireEncryptedFile): Uint8Array;
  close(): void;
}

export type Outgoing = Awaited<ReturnType<Wasm.OlmMachine["outgoingRequests"]>>[number];
