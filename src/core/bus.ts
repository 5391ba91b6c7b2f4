/** Wake-ups between gateways and inside one. They carry no truth: a lost one costs at most the 5 s until every loop looks at the store itself. */
export type Topic = "lane" | "outbox" | "abort" | "live" | "revoked" | "config";

export interface Bus {
  publish(topic: Topic, payload: string): void;
  /** @returns the function that ends the subscription. */
  subscribe(topic: Topic, listener: (payload: string) => void): () => void;
  close(): Promise<void>;
}
