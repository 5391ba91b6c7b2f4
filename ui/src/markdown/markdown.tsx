import { Fragment, type ComponentChildren, type VNode } from "preact";
import { useMemo } from "preact/hooks";
import { Lexer, type Token, type Tokens } from "marked";
import { CodeBlock } from "./code-block.tsx";
import { decodeEntities } from "./entities.ts";
import { safeLink } from "./safe-link.ts";

/** Deeper nesting is shown as text: a hostile text must not exhaust the stack. */
const MAX_DEPTH = 24;

/** Text of a person or a model. Every node is made here from tokens: HTML in it is shown as it was written and never parsed (sec-26). */
export function Markdown({ text }: { text: string }): VNode {
  const tokens = useMemo(() => lex(text), [text]);
  return <div class="markdown">{tokens === undefined ? <p>{text}</p> : blocks(tokens, 0)}</div>;
}

function lex(text: string): Token[] | undefined {
  try {
    return new Lexer({ gfm: true, breaks: true }).lex(text);
  } catch {
    return undefined;
  }
}

function blocks(tokens: readonly Token[], depth: number): ComponentChildren {
  if (depth > MAX_DEPTH) return tokens.map((token) => token.raw).join("");
  return tokens.map((token, index) => <Fragment key={index}>{block(token, depth)}</Fragment>);
}

function block(token: Token, depth: number): ComponentChildren {
  switch (token.type) {
    case "paragraph":
      return <p>{inlines((token as Tokens.Paragraph).tokens, depth)}</p>;
    case "heading":
      return heading(token as Tokens.Heading, depth);
    case "code":
      return <CodeBlock code={(token as Tokens.Code).text} language={(token as Tokens.Code).lang ?? ""} />;
    case "blockquote":
      return <blockquote>{blocks((token as Tokens.Blockquote).tokens, depth + 1)}</blockquote>;
    case "list":
      return list(token as Tokens.List, depth);
    case "table":
      return table(token as Tokens.Table, depth);
    case "hr":
      return <hr />;
    case "html":
      return <p class="markdown-raw">{token.raw.trimEnd()}</p>;
    case "space":
    case "def":
      return null;
    default:
      // Text directly inside a list item.
      return inline(token, depth);
  }
}

/** The page has its own h1 and h2; headings of a message stand below them. */
function heading(token: Tokens.Heading, depth: number): VNode {
  const inner = inlines(token.tokens, depth);
  if (token.depth <= 1) return <h3>{inner}</h3>;
  return token.depth === 2 ? <h4>{inner}</h4> : <h5>{inner}</h5>;
}

function list(token: Tokens.List, depth: number): VNode {
  const items = token.items.map((item, index) => (
    <li key={index} class={item.task ? "task" : undefined}>
      {item.task && <input type="checkbox" checked={item.checked === true} disabled aria-label={item.checked === true ? "done" : "open"} />}
      {blocks(
        item.tokens.filter((inner) => inner.type !== "checkbox"),
        depth + 1,
      )}
    </li>
  ));
  return token.ordered ? <ol start={token.start === "" ? 1 : token.start}>{items}</ol> : <ul>{items}</ul>;
}

function table(token: Tokens.Table, depth: number): VNode {
  const cell = (item: Tokens.TableCell, index: number) => {
    const align = item.align === null ? undefined : `align-${item.align}`;
    return item.header ? (
      <th key={index} class={align} scope="col">
        {inlines(item.tokens, depth)}
      </th>
    ) : (
      <td key={index} class={align}>
        {inlines(item.tokens, depth)}
      </td>
    );
  };
  return (
    <div class="table-frame" tabIndex={0} role="region" aria-label="table">
      <table>
        <thead>
          <tr>{token.header.map(cell)}</tr>
        </thead>
        <tbody>
          {token.rows.map((row, index) => (
            <tr key={index}>{row.map(cell)}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function inlines(tokens: readonly Token[] | undefined, depth: number): ComponentChildren {
  if (tokens === undefined) return null;
  if (depth > MAX_DEPTH) return tokens.map((token) => token.raw).join("");
  return tokens.map((token, index) => <Fragment key={index}>{inline(token, depth + 1)}</Fragment>);
}

function inline(token: Token, depth: number): ComponentChildren {
  switch (token.type) {
    case "text":
      return token.tokens === undefined ? decodeEntities(token.text as string) : inlines(token.tokens, depth);
    case "escape":
      return token.text as string;
    case "strong":
      return <strong>{inlines(token.tokens, depth)}</strong>;
    case "em":
      return <em>{inlines(token.tokens, depth)}</em>;
    case "del":
      return <del>{inlines(token.tokens, depth)}</del>;
    case "codespan":
      return <code>{token.text as string}</code>;
    case "br":
      return <br />;
    case "link":
      return link(token as Tokens.Link, depth);
    case "image":
      // Fetching a picture that a text names would tell its server that the text was read.
      return link({ ...(token as Tokens.Image), type: "link", tokens: undefined as never }, depth);
    default:
      return token.raw;
  }
}

function link(token: Tokens.Link, depth: number): ComponentChildren {
  const label = token.tokens === undefined ? token.text || token.href : inlines(token.tokens, depth);
  const href = safeLink(token.autolink === true ? token.href : decodeEntities(token.href));
  if (href === undefined) return label;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow" title={href}>
      {label}
    </a>
  );
}
