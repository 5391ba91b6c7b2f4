/** Messages on a Mac over a BlueBubbles server. */
import type { ChannelDeps } from "../../../core/channel.ts";
import type { Secret } from "../../../core/secret.ts";
import { multipart, newBoundary } from "../../../lib/multipart/index.ts";
import { type Outgoing, type Way, WayFailure } from "../way.ts";
import { createApi } from "./api.ts";
import { createBell } from "./bell.ts";
import { listen } from "./listen.ts";
import type { WireMessage } from "./wire.ts";

export interface BlueBubblesOptions {
  readonly url: string;
  readonly password: Secret;
  readonly privateApi: boolean;
  readonly pollMs: number;
  readonly pokeMs: number;
}

export function createBlueBubbles({ url, password, privateApi, pollMs, pokeMs }: BlueBubblesOptions, deps: ChannelDeps): Way {
  const api = createApi(deps.http, { url, password });
  const method = privateApi ? "private-api" : "apple-script";
  const bell = createBell(deps.clock, pokeMs);
  const out = ({ chat, nonce, replyTo }: Outgoing) => ({
    chatGuid: chat,
    tempGuid: nonce,
    method,
    ...(replyTo === undefined ? {} : { selectedMessageGuid: replyTo }),
  });

  return {
    listen: (feed, signal) => listen(feed, { api, deps, privateApi, pollMs, bell }, signal),
    poke: () => bell.ring(),
    async sendText(message, given) {
      return guidOf(await api.call<WireMessage>("POST", "/message/text", { body: { ...out(given), message }, signal: given.signal }));
    },
    async sendFile({ name, type, bytes, voice }, given) {
      const fields = Object.entries({ ...out(given), name, ...(voice && privateApi ? { isAudioMessage: "true" } : {}) });
      const boundary = newBoundary(deps.random);
      const form = multipart([...fields.map(([key, value]) => ({ name: key, value })), { name: "attachment", filename: name, type, bytes }], boundary);
      return guidOf(await api.upload<WireMessage>("/message/attachment", form, given.signal));
    },
    async fetch(media, limit, signal) {
      // Not `original`: what only Apple's devices can read, the server then makes a JPEG or an MP3 of.
      const { bytes, type } = await api.download(`/attachment/${encodeURIComponent(media.ref!)}/download`, limit, signal);
      const told = type === "" ? (media.type ?? "application/octet-stream") : type;
      return { bytes, type: told, ...(media.name === undefined ? {} : { name: media.name }) };
    },
    async typing(chat) {
      await api.call("POST", `/chat/${encodeURIComponent(chat)}/typing`);
    },
    async markRead(chat, signal) {
      await api.call("POST", `/chat/${encodeURIComponent(chat)}/read`, { signal });
    },
    async edit(_chat, guid, text, signal) {
      const body = { editedMessage: text, backwardsCompatibilityMessage: `Edited to: ${text}`, partIndex: 0 };
      await api.call("POST", `/message/${encodeURIComponent(guid)}/edit`, { body, signal });
    },
    async unsend(_chat, guid, signal) {
      await api.call("POST", `/message/${encodeURIComponent(guid)}/unsend`, { body: { partIndex: 0 }, signal });
    },
    async react(chat, guid, { name, on, signal }) {
      const body = { chatGuid: chat, selectedMessageGuid: guid, reaction: on ? name : `-${name}`, partIndex: 0 };
      await api.call("POST", "/message/react", { body, signal });
    },
  };
}

/** @throws WayFailure when Messages took it and could not deliver it. */
function guidOf(message: WireMessage | undefined): string | undefined {
  if (Number(message?.error ?? 0) > 0) throw new WayFailure("undelivered", `Messages could not deliver it (error ${message!.error})`);
  return message?.guid;
}
