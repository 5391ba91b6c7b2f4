import type { VNode } from "preact";
import type { Approvals, Choice, OpenAsk } from "./approvals.ts";

const LABELS: Readonly<Record<Choice, string>> = {
  once: "Allow once",
  session: "Allow in this conversation",
  always: "Always allow exactly this",
  deny: "Deny",
};

/** The questions that wait for the owner: each with its exact plan, as plain text and nothing else. */
export function ApprovalCards({ approvals, current }: { approvals: Approvals; current: string }): VNode | null {
  const open = approvals.open.value;
  if (open.length === 0) return null;
  return (
    <section class="approvals" aria-label="Questions for you" aria-live="polite">
      {open.map((one) => (
        <ApprovalCard key={one.ask.approval_id} {...one} elsewhere={one.ask.session !== current} onAnswer={approvals.answer} />
      ))}
    </section>
  );
}

function ApprovalCard({ ask, busy, problem, elsewhere, onAnswer }: OpenAsk & { elsewhere: boolean; onAnswer: Approvals["answer"] }): VNode {
  const until = new Date(ask.expires_at).toLocaleTimeString(undefined, { timeStyle: "short" });
  return (
    <article class="approval" aria-label={`May I use ${ask.tool}?`} aria-busy={busy}>
      <h2>May I do this?</h2>
      <pre>{ask.text}</pre>
      {problem !== undefined && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <div class="choices">
        {ask.choices.map((choice) => (
          <button key={choice} type="button" class={choice === "once" ? undefined : "quiet"} disabled={busy} onClick={() => onAnswer(ask.approval_id, choice)}>
            {LABELS[choice]}
          </button>
        ))}
      </div>
      <footer>
        {ask.code} · until {until}
        {elsewhere && ` · in ${ask.session}`}
      </footer>
    </article>
  );
}
