import { parseIp } from "../../lib/ip-address/index.ts";

export interface AllowedNames {
  /** Whether a Host header may stand: localhost, an IP literal or a configured name, any port (sec-3). */
  host(header: string | undefined): boolean;
  /**
   * Whether a browser page of this origin may act: the same host and port that it calls, localhost at the gateway's own port, or a configured name.
   * Only the exact form that browsers send is accepted (sec-1, sec-2).
   */
  origin(header: string, hostHeader: string): boolean;
}

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

interface NameOptions {
  readonly hosts: readonly string[];
  readonly corsOrigins: readonly string[];
  /** The port really listened on. */
  readonly port: () => number;
  /** With TLS no page of ours comes without it. */
  readonly tls: boolean;
}

export function createAllowedNames(options: NameOptions): AllowedNames {
  const names = new Set(options.hosts.map((host) => host.toLowerCase()));
  const hostname = (header: string): string | undefined => /^(\[[0-9a-fA-F:.]+\]|[^:[\]@/\\?#\s]+)(?::\d{1,5})?$/.exec(header)?.[1]?.toLowerCase();
  return {
    host(header) {
      const name = header === undefined ? undefined : hostname(header);
      return name !== undefined && (name === "localhost" || names.has(name) || parseIp(name) !== undefined);
    },
    origin(header, hostHeader) {
      if (options.corsOrigins.includes(header)) return true;
      let url: URL;
      try {
        url = new URL(header);
      } catch {
        return false;
      }
      if (url.origin !== header || !(url.protocol === "https:" || (url.protocol === "http:" && !options.tls))) return false;
      if (url.host === hostHeader.toLowerCase()) return true;
      const own = url.port === String(options.port());
      return (own && LOOPBACK.has(url.hostname)) || ((own || url.port === "") && names.has(url.hostname));
    },
  };
}
