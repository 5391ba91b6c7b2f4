import type { TargetedSubmitEvent, VNode } from "preact";
import { useState } from "preact/hooks";
import { Icon, Mark } from "../icons/icon.tsx";
import { tokenOf } from "./credential.ts";

interface LoginProps {
  /** Why the last try was refused. */
  readonly problem: string | undefined;
  readonly onToken: (token: string) => void;
}

/** Shown when the page was opened without the printed address. */
export function Login({ problem, onToken }: LoginProps): VNode {
  const [text, setText] = useState("");
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const token = tokenOf(text);
    if (token !== "") onToken(token);
  };
  return (
    <main class="login">
      <form class="login-card" onSubmit={submit}>
        <Mark size={56} />
        <h1>Open Clanker</h1>
        <p id="login-help">
          Paste the address that the gateway printed at its first start, or its token or password. The token is kept in the file <code>gateway-token</code> of
          the folder the gateway names when it starts.
        </p>
        <label for="token">Address, token or password</label>
        <div class="login-field">
          <input
            id="token"
            type="password"
            autocomplete="current-password"
            spellcheck={false}
            autofocus
            value={text}
            aria-describedby={problem === undefined ? "login-help" : "login-problem"}
            aria-invalid={problem !== undefined}
            onInput={(event) => setText(event.currentTarget.value)}
          />
          <button type="submit" class="primary" disabled={text.trim() === ""}>
            <Icon name="key" />
            Open
          </button>
        </div>
        {problem !== undefined && (
          <p class="problem" id="login-problem" role="alert">
            {problem}
          </p>
        )}
      </form>
    </main>
  );
}
