import type { Store } from "../../core/store.ts";
import type { MessageParam } from "../methods/schemas.ts";
import type { Thinking } from "../../core/update.ts";
import type { StatelessInput } from "../deps.ts";
import { sha256Hex } from "../auth/digest.ts";

/** What either API asks for, in our words. */
export type DoorRequest =
  | { readonly kind: "stateless"; readonly input: StatelessInput; readonly name: string }
  | {
      readonly kind: "durable";
      /** Session key or id. */
      readonly session: string;
      readonly message: MessageParam;
      readonly images: readonly { readonly type: string; readonly bytes: Uint8Array }[];
      readonly model: string | undefined;
      readonly thinking: Thinking | undefined;
      readonly system: string | undefined;
      readonly idempotencyKey: string | undefined;
      readonly name: string;
    };

/** Headers and identity of the request that both APIs look at. */
export interface DoorHeaders {
  /** X-Clanker-Session: a session key, the id of a session, or a plain name. */
  readonly session: string | undefined;
  readonly idempotencyKey: string | undefined;
}

/** The session of a caller's `user` (or of a plain name in X-Clanker-Session). */
export function userSession(agent: string, user: string): string {
  const name = encodeURIComponent(user.toWellFormed());
  return `agent:${agent}:web:direct:${name.length <= 200 ? name : sha256Hex(user)}`;
}

/** The session key that X-Clanker-Session means. */
export async function headerSession(store: Store, agent: string, header: string): Promise<string> {
  if (header.includes(":")) return header;
  return (await store.getSession({ id: header }))?.key ?? userSession(agent, header);
}
