import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Found {
  readonly title: string;
  readonly url: string;
  readonly snippet: string;
}

export interface SearchServer {
  readonly url: string;
  /** Queries in order. */
  readonly queries: string[];
  /** What would make the real one complain. */
  readonly violations: string[];
  /** Answers the next requests with this status instead of results. */
  status: number;
  close(): Promise<void>;
}

export const SEARCH_KEY = "canary-search-key-77";

type Handler = (request: IncomingMessage, url: URL, body: string) => { query: string; answer: (found: readonly Found[]) => string; complaints: string[] };

const wires: Readonly<Record<"searxng" | "brave" | "tavily" | "duckduckgo", Handler>> = {
  searxng: (request, url) => ({
    query: url.searchParams.get("q") ?? "",
    complaints: [...(request.method === "GET" && url.pathname === "/search" ? [] : ["path"]), ...(url.searchParams.get("format") === "json" ? [] : ["format"])],
    answer: (found) =>
      JSON.stringify({ query: "q", number_of_results: 0, results: found.map((one) => ({ ...one, content: one.snippet, engine: "x", score: 1 })), answers: [] }),
  }),
  brave: (request, url) => ({
    query: url.searchParams.get("q") ?? "",
    complaints: [
      ...(url.pathname === "/res/v1/web/search" ? [] : ["path"]),
      ...(request.headers["x-subscription-token"] === SEARCH_KEY ? [] : ["key"]),
      ...(Number(url.searchParams.get("count")) <= 20 ? [] : ["count"]),
    ],
    answer: (found) =>
      JSON.stringify(
        found.length === 0
          ? { type: "search" }
          : { type: "search", web: { type: "search", results: found.map((one) => ({ ...one, description: one.snippet })) } },
      ),
  }),
  tavily(request, url, body) {
    const { query, max_results: most } = JSON.parse(body) as { query: string; max_results: number };
    return {
      query,
      complaints: [
        ...(request.method === "POST" && url.pathname === "/search" ? [] : ["path"]),
        ...(request.headers.authorization === `Bearer ${SEARCH_KEY}` ? [] : ["key"]),
        ...(most <= 20 ? [] : ["max_results"]),
      ],
      answer: (found) => JSON.stringify({ query, results: found.map((one) => ({ ...one, content: one.snippet, score: 0.9 })), response_time: "1.0" }),
    };
  },
  duckduckgo: (request, url, body) => ({
    query: new URLSearchParams(body).get("q") ?? "",
    complaints: request.method === "POST" && url.pathname === "/html/" ? [] : ["path"],
    answer: (found) =>
      found.length === 0
        ? `<html><div class="no-results">No results.</div></html>`
        : `<html><div class="result result--ad"><a rel="nofollow" class="result__a" href="https://duckduckgo.com/y.js?ad_domain=x&amp;u3=y">Ad</a></div>${found.map(duck).join("\n")}</html>`,
  }),
};

const duck = ({ title, url, snippet }: Found) => {
  const href = `//duckduckgo.com/l/?uddg=${encodeURIComponent(url)}&amp;rut=abc`;
  return `<div class="result"><h2><a rel="nofollow" class="result__a" href="${href}">${escape(title)}</a></h2><a class="result__snippet" href="${href}">${escape(snippet).replace(" ", " <b>")}</b></a></div>`;
};

const escape = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("'", "&#x27;");

/** One of the four search services, as its clients see it over the wire. */
export async function startSearchServer(kind: keyof typeof wires, found: readonly Found[]): Promise<SearchServer> {
  const server = createServer((request, response) => void handle(request, response));
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const { query, answer, complaints } = wires[kind](request, new URL(request.url ?? "/", "http://x"), body);
    state.queries.push(query);
    state.violations.push(...complaints);
    response.writeHead(state.status, { "content-type": kind === "duckduckgo" ? "text/html" : "application/json" });
    response.end(state.status === 200 ? answer(found) : "{}");
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const state = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    queries: [] as string[],
    violations: [] as string[],
    status: 200,
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return state;
}
