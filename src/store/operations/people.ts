import type { Operations } from "../../core/store.ts";
import { one, run, type Steps } from "./statement.ts";

type Input<K extends keyof Operations> = Operations[K]["input"];

export function* findPerson({ channel, account, senderId }: Input<"findPerson">): Steps<{ personId: string } | undefined> {
  const row = yield* one<{ person_id: string }>(
    "SELECT person_id FROM identities WHERE channel = ? AND account = ? AND sender_id = ?",
    channel,
    account,
    senderId,
  );
  return row && { personId: row.person_id };
}

export function* addPerson(input: Input<"addPerson">): Steps<{ personId: string }> {
  const known = yield* findPerson(input);
  if (known !== undefined) return known;
  yield* run(
    "INSERT INTO identities (channel, account, sender_id, person_id, name, created_at) VALUES (?, ?, ?, ?, ?, ?)",
    input.channel,
    input.account,
    input.senderId,
    input.personId,
    input.name ?? null,
    input.now,
  );
  return { personId: input.personId };
}
