import type { VNode } from "preact";
import { useSignal } from "@preact/signals";
import type { Knock, Pairings } from "./pairings.ts";

/** Who has asked to be let in: let in by the code they were given, or turned away. */
export function PairingCards({ pairings }: { pairings: Pairings }): VNode | null {
  const open = pairings.open.value;
  if (open.length === 0) return null;
  return (
    <section class="pairings" aria-label="People who ask to be let in" aria-live="polite">
      {open.map((knock) => (
        <PairingCard key={knock.pairing.pairing_id} knock={knock} pairings={pairings} />
      ))}
    </section>
  );
}

function PairingCard({ knock: { pairing, busy, problem }, pairings }: { knock: Knock; pairings: Pairings }): VNode {
  const code = useSignal("");
  const who = pairing.name ?? pairing.sender_id;
  const place = pairing.account === "default" ? pairing.channel : `${pairing.channel} (${pairing.account})`;
  const letIn = (event: Event) => {
    event.preventDefault();
    pairings.approve(pairing, code.value.trim());
  };
  return (
    <form class="pairing" aria-label={`${who} asks to be let in`} aria-busy={busy} onSubmit={letIn}>
      <p>
        <strong>{who}</strong> asks to be let in
        <small>
          {place} · id {pairing.sender_id}
        </small>
      </p>
      <input
        aria-label={`Code that ${who} was given`}
        placeholder="Their code"
        autocomplete="off"
        spellcheck={false}
        maxLength={32}
        value={code.value}
        onInput={(event) => (code.value = event.currentTarget.value)}
      />
      <button type="submit" disabled={busy || code.value.trim().length < 4}>
        Let in
      </button>
      <button type="button" class="quiet" disabled={busy} onClick={() => pairings.deny(pairing)}>
        Turn away
      </button>
      {problem !== undefined && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}
