import type { IncomingMessage, ServerResponse } from "node:http";

const API_CSP = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
const UI_CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  "font-src 'self'",
  "manifest-src 'self'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** Set on every answer before anything else happens; a route may set a stricter or its own policy. */
export function setSecurityHeaders(response: ServerResponse, path: string): void {
  const ui = path === "/ui" || path.startsWith("/ui/");
  response.setHeader("content-security-policy", ui ? UI_CSP : API_CSP);
  response.setHeader("x-content-type-options", "nosniff");
  response.setHeader("x-frame-options", "DENY");
  response.setHeader("referrer-policy", "no-referrer");
  response.setHeader("cross-origin-opener-policy", "same-origin");
  response.setHeader("cross-origin-resource-policy", "same-origin");
  response.setHeader("permissions-policy", "camera=(), geolocation=(), payment=(), usb=()");
  if (!ui) response.setHeader("cache-control", "no-store");
}

const METHODS = "GET, POST, PATCH, OPTIONS";
const HEADERS = "authorization, content-type, if-match, idempotency-key, x-clanker-session";

/** CORS for the configured origins alone. @returns true when the request was a preflight and is answered. */
export function applyCors(request: IncomingMessage, response: ServerResponse, origins: readonly string[]): boolean {
  const { origin } = request.headers;
  if (origins.length > 0) response.setHeader("vary", "origin");
  const allowed = origin !== undefined && origins.includes(origin);
  if (allowed) {
    response.setHeader("access-control-allow-origin", origin);
    response.setHeader("access-control-expose-headers", "etag, retry-after");
    response.setHeader("cross-origin-resource-policy", "cross-origin");
  }
  if (request.method !== "OPTIONS") return false;
  if (allowed) {
    response.setHeader("access-control-allow-methods", METHODS);
    response.setHeader("access-control-allow-headers", HEADERS);
    response.setHeader("access-control-max-age", "600");
  }
  response.writeHead(allowed ? 204 : 403).end();
  return true;
}
