import type { Block } from "./state.ts";

/** Why Slack would answer `invalid_blocks`, if it would (Block Kit reference). */
export function blockFault(blocks: readonly Block[]): string | undefined {
  if (blocks.length > 50) return "no more than 50 items allowed";
  for (const block of blocks) {
    if (block.type === "rich_text") {
      const fault = richFault((block.elements ?? []) as unknown as Rich[]);
      if (fault !== undefined) return fault;
    } else if (block.type === "actions") {
      const ids = (block.elements ?? []).map((one) => one["action_id"] as string);
      if (ids.length === 0 || ids.length > 25 || new Set(ids).size < ids.length) return "actions: 1 to 25 elements with action_ids of their own";
      for (const one of block.elements ?? []) {
        if (one["type"] !== "button" || String((one["text"] as { text: string }).text).length > 75 || String(one["value"]).length > 2_000)
          return "not a button";
      }
    } else if (block.type === "section") {
      const length = block.text?.text.length ?? 0;
      if (length === 0 || length > 3_000) return "section: text of 1 to 3000 characters";
    } else return `unsupported block ${block.type}`;
  }
  return undefined;
}

interface Rich {
  readonly type: string;
  readonly elements?: readonly { readonly type: string; readonly text?: string; readonly url?: string }[];
}

function richFault(blocks: readonly Rich[]): string | undefined {
  if (blocks.length === 0) return "rich_text: no elements";
  for (const { type, elements = [] } of blocks) {
    if (!/^rich_text_(section|quote|preformatted)$/.test(type)) return `unsupported element ${type}`;
    if (elements.length === 0) return `${type}: no elements`;
    for (const one of elements) {
      if (one.type === "text" && (one.text ?? "") === "") return "text: must be more than 0 characters";
      if (one.type === "link" && (!/^(https?:\/\/|mailto:)./i.test(one.url ?? "") || one.url!.length > 3_000 || !URL.canParse(one.url!)))
        return "link: invalid url";
      if (one.type !== "text" && (one.type !== "link" || type === "rich_text_preformatted")) return `${type}: unsupported element ${one.type}`;
    }
  }
  return undefined;
}

/** What a person reads: code and quotes stand on lines of their own. */
export function readBlocks(blocks: readonly Block[]): string {
  return blocks
    .flatMap((block) => {
      if (block.type === "section") return [block.text!.text];
      if (block.type !== "rich_text") return [];
      return ((block.elements ?? []) as unknown as Rich[]).map(({ elements = [] }) => elements.map((one) => one.text ?? one.url ?? "").join(""));
    })
    .join("\n");
}
