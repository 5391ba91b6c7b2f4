import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Icon } from "../icons/icon.tsx";

/** Program text with its language and a button that copies it. */
export function CodeBlock({ code, language }: { code: string; language: string }): VNode {
  const [copied, setCopied] = useState<"yes" | "no">();
  useEffect(() => {
    if (copied === undefined) return;
    const timer = setTimeout(() => setCopied(undefined), 2000);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = () => void copyText(code).then((done) => setCopied(done ? "yes" : "no"));
  return (
    <figure class="code-block">
      <figcaption>
        <span>{language.split(/\s/)[0]}</span>
        <button type="button" class="quiet" onClick={copy}>
          <Icon name={copied === "yes" ? "check" : "copy"} />
          <span aria-live="polite">{copied === "yes" ? "Copied" : copied === "no" ? "Select and copy by hand" : "Copy"}</span>
        </button>
      </figcaption>
      <pre tabIndex={0} aria-label="code">
        <code>{code}</code>
      </pre>
    </figure>
  );
}

/** @returns false when the browser does not let us (a page over plain http from another machine has no clipboard). */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "off-screen";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
