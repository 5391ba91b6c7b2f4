import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Channel } from "../../src/core/channel.ts";

/** A real listener in front of a channel's webhook, as the gateway would mount it. */
export interface WebhookListener {
  readonly url: string;
  close(): Promise<void>;
}

/** @param path where the platform posts to; the handler sees every path. */
export async function listenForWebhook(channel: Pick<Channel, "webhook">, path: string): Promise<WebhookListener> {
  const server: Server = createServer((incoming, outgoing) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const headers = incoming.headers as Record<string, string>;
      const method = incoming.method ?? "POST";
      const body = method === "GET" || method === "HEAD" ? {} : { body: Buffer.concat(chunks) };
      const response = await channel.webhook!(new Request(`http://gateway${incoming.url}`, { method, headers, ...body }));
      outgoing.writeHead(response.status, Object.fromEntries(response.headers)).end(await response.text());
    })();
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}
