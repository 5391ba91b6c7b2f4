import { createHash } from "node:crypto";
import type { Registry } from "../registry.ts";
import { describeMethods } from "./describe-methods.ts";

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}code{font-family:ui-monospace,monospace;font-size:.9em}
section{border-top:1px solid #8884;padding:.5rem 0}h2{font-size:1rem;margin:.5rem 0}table{border-collapse:collapse}td{padding:0 1rem 0 0;vertical-align:top}`;

const escape = (text: string) => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);

/** GET /api/docs: the methods as one page without script. */
export function docsPage(registry: Registry): { readonly html: string; readonly csp: string } {
  const sections = describeMethods(registry).map(({ name, summary, scope, route, params, result }) => {
    const rows = params.map((param) => `<tr><td><code>${escape(param.name)}${param.required ? "" : "?"}</code></td><td><code>${escape(param.type)}</code></td></tr>`);
    return `<section><h2><code>${escape(name)}</code></h2><p>${escape(summary)}</p><p>scope ${escape(scope)}${route === undefined ? "" : ` · <code>${escape(route)}</code>`}</p>
<table>${rows.join("")}</table><p>answers <code>${escape(result)}</code></p></section>`;
  });
  const hash = createHash("sha256").update(STYLE).digest("base64");
  return {
    html: `<!doctype html><html lang="en"><meta charset="utf-8"><title>Open Clanker API</title><style>${STYLE}</style><h1>Open Clanker API</h1>${sections.join("\n")}</html>`,
    csp: `default-src 'none'; style-src 'sha256-${hash}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`,
  };
}
