import type { Client, ClientError, GatewayEvent, Methods, SubscribeAnswer } from "../client/index.ts";
import type { CliContext } from "./context.ts";
import { openGateway } from "./gateway-link.ts";

/** A connection that lasts: events of one session, over reconnects. */
export interface LiveGateway {
  readonly call: Client["call"];
  /** The connection broke before the answer: whether it was done is not known. */
  isLost(error: unknown): boolean;
  /** Resolves when there is a connection again. @throws ClientError when there will be none, because the credential is refused now. */
  reconnected(): Promise<void>;
  onEvent(listener: (event: GatewayEvent) => void): void;
  /** After every reconnect. */
  onResume(listener: (answer: SubscribeAnswer) => void): void;
  onState(listener: (state: "lost" | "back") => void): void;
  /** Running turns of the session as of the subscription. */
  readonly turns: Methods["subscribe"]["result"]["turns"];
  close(): void;
}

/** @throws UnreachableError when no gateway runs now; a later loss is mended. */
export async function openLive(context: CliContext, session: string): Promise<LiveGateway> {
  const { client } = await openGateway(context);
  const early: GatewayEvent[] = [];
  let listener = (event: GatewayEvent): void => void early.push(event);
  client.on("event", (event) => listener(event));
  try {
    const { turns } = await client.subscribe({ sessions: [session] });
    return {
      call: client.call,
      isLost: (error) =>
        error instanceof Error && "code" in error && (error.code === "disconnected" || (error.code === "unauthenticated" && client.state !== "closed")),
      reconnected: () => untilReady(client),
      onEvent(next) {
        listener = next;
        for (const event of early.splice(0)) next(event);
      },
      onResume(next) {
        client.on("resumed", next);
        client.on("reset", next);
      },
      onState(next) {
        let lost = false;
        client.on("state", (state) => {
          if (state === "waiting" && !lost) next("lost");
          if (state === "ready" && lost) next("back");
          lost = state === "waiting" || (lost && state !== "ready");
        });
      },
      turns,
      close: () => client.close(),
    };
  } catch (error) {
    client.close();
    throw error;
  }
}

function untilReady(client: Client): Promise<void> {
  return new Promise((resolve, reject) => {
    const ends: (() => void)[] = [];
    const end = () => {
      for (const stop of ends) stop();
    };
    const look = (state: Client["state"]) => {
      if (state !== "ready") return;
      end();
      // The client answers its own first calls before ours.
      setImmediate(resolve);
    };
    const refuse = (error: ClientError) => {
      end();
      reject(error);
    };
    ends.push(client.on("state", look), client.on("refused", refuse));
    look(client.state);
  });
}
