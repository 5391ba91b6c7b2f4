import type { VNode } from "preact";
import { Mark } from "../icons/icon.tsx";

interface WelcomeProps {
  readonly model: string | undefined;
  readonly onTry: (text: string) => void;
}

const SUGGESTIONS = ["Hello, who are you?", "/status", "/help"];

/** An empty conversation. */
export function Welcome({ model, onTry }: WelcomeProps): VNode {
  const offline = model?.startsWith("offline:") === true;
  return (
    <div class="welcome">
      <Mark size={44} />
      <h2>What shall we do?</h2>
      <p>
        {offline
          ? "This is the built-in demo model: it answers without any key and without the network. Name a provider in the configuration to talk to a real one."
          : "Write below, or drop a file anywhere on this page."}
      </p>
      <div class="suggestions">
        {SUGGESTIONS.map((text) => (
          <button key={text} type="button" onClick={() => onTry(text)}>
            {text}
          </button>
        ))}
      </div>
    </div>
  );
}
