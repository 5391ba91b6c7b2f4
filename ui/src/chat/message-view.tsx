import type { VNode } from "preact";
import { Markdown } from "../markdown/markdown.tsx";
import { FileView } from "./file-view.tsx";
import type { LoadFile } from "./file-view.tsx";
import { ToolLines } from "./tool-lines.tsx";
import type { Line, Problem } from "./transcript.ts";

interface MessageViewProps {
  readonly line: Line;
  readonly loadFile: LoadFile;
  readonly onRetry: (line: Line) => void;
  readonly onDismiss: (line: Line) => void;
}

/** One message of the conversation. */
export function MessageView({ line, loadFile, onRetry, onDismiss }: MessageViewProps): VNode {
  if (line.kind === "notice") return <p class="notice">{line.text}</p>;
  if (line.kind === "user") {
    return (
      <article class={`message user ${line.state}`} aria-label="You">
        <div class="bubble">
          {line.files.map((file, index) => (
            <FileView key={file.id ?? index} file={file} load={loadFile} />
          ))}
          {line.text !== "" && <p class="plain">{line.text}</p>}
        </div>
        <footer>
          {line.state === "sending" && <span>Sending…</span>}
          {line.state === "stored" && <Time at={line.at} from={line.from} />}
        </footer>
        {line.state === "failed" && (
          <ProblemView problem={line.problem ?? { message: "Not sent." }}>
            <button type="button" class="quiet" onClick={() => onRetry(line)}>
              Send again
            </button>
            <button type="button" class="quiet" onClick={() => onDismiss(line)}>
              Remove
            </button>
          </ProblemView>
        )}
      </article>
    );
  }
  const working = line.state === "running" || line.state === "waiting";
  return (
    <article class={`message assistant ${line.state}`} aria-label="Assistant" aria-busy={working}>
      <ToolLines tools={line.tools} />
      {line.text !== "" && <Markdown text={line.text} />}
      {working && <Working label={line.state === "waiting" ? waitingLabel(line.notBefore, line.waitsFor) : "Answering"} quiet={line.text !== ""} />}
      {line.state === "cancelled" && <footer>Stopped</footer>}
      {line.state === "failed" && <ProblemView problem={line.problem ?? { message: "The answer could not be finished." }} />}
      {line.state === "done" && (
        <footer>
          <Time at={line.at} from={undefined} />
        </footer>
      )}
    </article>
  );
}

function waitingLabel(notBefore: number | undefined, waitsFor: "model" | "owner" | undefined): string {
  if (waitsFor === "owner") return "Waiting for your answer above";
  const soon = notBefore === undefined || notBefore < Date.now() + 5_000;
  const what = waitsFor === "model" ? "Waiting for the model" : soon ? "Waiting for its turn" : "Waiting";
  return soon ? what : `${what}; tries again at ${new Date(notBefore).toLocaleTimeString(undefined, { timeStyle: "short" })}`;
}

function Working({ label, quiet }: { label: string; quiet: boolean }): VNode {
  return (
    <p class={quiet ? "working after-text" : "working"}>
      <span class="dots" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      <span class={quiet ? "off-screen" : undefined}>{label}</span>
    </p>
  );
}

function Time({ at, from }: { at: number; from: string | undefined }): VNode {
  const date = new Date(at);
  const today = date.toDateString() === new Date().toDateString();
  const text = date.toLocaleString(undefined, today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" });
  return (
    <time dateTime={date.toISOString()} title={date.toLocaleString()}>
      {from === undefined ? text : `${from} · ${text}`}
    </time>
  );
}

function ProblemView({ problem, children }: { problem: Problem; children?: VNode | VNode[] }): VNode {
  return (
    <div class="problem" role="alert">
      <p>
        {problem.message}
        {problem.hint !== undefined && <span class="hint"> {problem.hint}</span>}
      </p>
      {children !== undefined && <div class="problem-actions">{children}</div>}
    </div>
  );
}
