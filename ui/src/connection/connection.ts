import { signal, type ReadonlySignal } from "@preact/signals";
import { ClientError, createClient, type Client, type SubscribeAnswer } from "../../../src/client/index.ts";
import type { GatewayEvent } from "./gateway-event.ts";

export type { GatewayEvent };

export type ConnectionState = "connecting" | "ready" | "offline" | "refused";

/** The one way from the page to its gateway. */
export interface Connection {
  readonly state: ReadonlySignal<ConnectionState>;
  readonly version: ReadonlySignal<string | undefined>;
  /** @throws ClientError with `code` and `hint`. */
  readonly call: Client["call"];
  onEvent(listener: (event: GatewayEvent) => void): void;
  /** After every connect, the first included: the turns that run now. */
  onResume(listener: (turns: SubscribeAnswer["turns"]) => void): void;
  /** @returns the media id. @throws ClientError */
  upload(file: File): Promise<string>;
  /** @throws ClientError */
  download(mediaId: string): Promise<Blob>;
  start(): void;
  close(): void;
}

/** No answer came because the socket broke; whether the call was carried out is not known. */
export function isLost(error: unknown): boolean {
  return error instanceof ClientError && (error.code === "disconnected" || error.code === "closed");
}

/**
 * @param origin where the page came from; the page never talks to anybody else (sec-4).
 * @param token undefined: the gateway may be one that asks for none.
 */
export function openConnection(origin: string, token: string | undefined): Connection {
  const client = createClient({ url: `${origin.replace(/^http/, "ws")}/ws`, ...(token === undefined ? {} : { token }) });
  const state = signal<ConnectionState>("connecting");
  const version = signal<string | undefined>(undefined);
  const resumed = new Set<(turns: SubscribeAnswer["turns"]) => void>();
  let left = false;

  const tellResumed = ({ turns }: SubscribeAnswer) => {
    if (left) return;
    state.value = "ready";
    for (const listener of resumed) listener(turns);
  };
  client.on("resumed", tellResumed);
  client.on("reset", tellResumed);
  client.on("refused", () => !left && (state.value = "refused"));
  client.on("state", (now) => {
    // The first connect is "connecting", a broken one "offline" until its subscription stands again.
    if (!left && (now === "waiting" || now === "closed") && state.value !== "refused") state.value = "offline";
  });

  const http = async (path: string, init: RequestInit): Promise<Response> => {
    const headers = { ...(init.headers as Record<string, string>), ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
    const response = await fetch(`${origin}${path}`, { ...init, headers }).catch(() => {
      throw new ClientError("disconnected", "the gateway does not answer");
    });
    if (response.ok) return response;
    const { error } = (await response.json().catch(() => ({}))) as { error?: { code: string; message: string; hint?: string } };
    throw new ClientError(error?.code ?? "http_error", error?.message ?? `the gateway answered ${response.status}`, { hint: error?.hint });
  };

  return {
    state,
    version,
    call: client.call,
    onEvent(listener) {
      // The shapes of the payloads are fixed by the gateway's event types (contract.md).
      client.on("event", (event) => listener(event as unknown as GatewayEvent));
    },
    onResume(listener) {
      resumed.add(listener);
    },
    async upload(file) {
      const type = file.type === "" ? "application/octet-stream" : file.type;
      const response = await http(`/api/media?name=${encodeURIComponent(file.name)}`, { method: "POST", body: file, headers: { "content-type": type } });
      return ((await response.json()) as { media_id: string }).media_id;
    },
    async download(mediaId) {
      return (await http(`/api/media/${encodeURIComponent(mediaId)}`, {})).blob();
    },
    start() {
      client
        .connect()
        .then(async (hello) => {
          version.value = hello.version;
          tellResumed(await client.subscribe({}));
        })
        // Refused: told by `refused`. Broken in between: the client subscribes again by itself.
        .catch(() => undefined);
    },
    close() {
      left = true;
      client.close();
    },
  };
}
