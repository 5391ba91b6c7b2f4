import type { VNode } from "preact";
import { Icon } from "../icons/icon.tsx";
import type { ToolLine } from "./transcript.ts";

/** What the assistant did on the way, in one quiet line; more than one call folds. */
export function ToolLines({ tools }: { tools: readonly ToolLine[] }): VNode | null {
  if (tools.length === 0) return null;
  const running = tools.findLast((tool) => tool.state === "running");
  if (tools.length === 1 && tools[0] !== undefined) {
    return (
      <p class="tools">
        <Icon name="tool" />
        {wording(tools[0])}
      </p>
    );
  }
  return (
    <details class="tools">
      <summary>
        <Icon name="tool" />
        {running === undefined ? `Used ${tools.length} tools${trouble(tools)}` : wording(running)}
      </summary>
      <ul>
        {tools.map((tool) => (
          <li key={tool.id}>{wording(tool)}</li>
        ))}
      </ul>
    </details>
  );
}

function trouble(tools: readonly ToolLine[]): string {
  const bad = tools.filter((tool) => tool.state === "failed" || tool.state === "denied").length;
  return bad === 0 ? "" : `, ${bad} without success`;
}

function wording(tool: ToolLine): VNode {
  const words = { running: "Using", done: "Used", failed: "Failed:", denied: "Not allowed:" };
  return (
    <span class={`tool-${tool.state}`}>
      {words[tool.state]} <b>{tool.name}</b>
      {tool.state === "running" ? " …" : ""}
    </span>
  );
}
