import type { Address } from "../../core/address.ts";
import { v } from "../../lib/schema/index.ts";
import { defineMethod } from "../method.ts";
import { name, notFound, text } from "./schemas.ts";

const place = v.pipe(v.string(), v.minLength(1), v.maxLength(512));
export const channelInfo = v.object({
  channel: v.string(),
  account: v.string(),
  state: v.string(),
  last_alive_at: v.optional(v.number()),
  last_event_at: v.optional(v.number()),
  detail: v.optional(v.string()),
  code: v.optional(v.string()),
  identity: v.optional(v.string()),
  login: v.optional(v.boolean()),
});
const progress = v.object({
  login_id: v.string(),
  number: v.number(),
  step: v.variant("type", [
    v.object({ type: v.literal("qr"), text: v.string() }),
    v.object({ type: v.literal("code"), code: v.string() }),
    v.object({ type: v.literal("linked"), identity: v.string() }),
  ]),
});
const account = v.strictObject({ channel: name, account: v.optional(name) });

export const channelMethods = [
  defineMethod({
    name: "send",
    summary: "Puts a message to a person or place on a channel into the outbox.",
    params: v.strictObject({
      channel: name,
      account: v.optional(name, "default"),
      to: place,
      thread: v.optional(place),
      message: v.pipe(text, v.minLength(1)),
    }),
    result: v.object({ delivery_id: v.string() }),
    scope: "write",
    mutating: true,
    handler: async ({ channel, account, to, thread, message }, { deps }) => {
      const address: Address = { channel, account, conversation: to, thread };
      const { delivery_id } = await deps.channels.send(address, { parts: [{ type: "text", text: message }] });
      return { delivery_id };
    },
  }),
  defineMethod({
    name: "channels.list",
    summary: "The configured channel accounts and their state.",
    params: v.strictObject({}),
    result: v.object({ channels: v.array(v.object({ channel: v.string(), account: v.string(), state: v.string() })) }),
    scope: "read",
    handler: (_, { deps }) => ({ channels: deps.channels.list().map(({ channel, account, status }) => ({ channel, account, state: status.state })) }),
  }),
  defineMethod({
    name: "channels.status",
    summary: "What the channel accounts know of their connection.",
    params: v.strictObject({ channel: v.optional(name), account: v.optional(name) }),
    result: v.object({ channels: v.array(channelInfo) }),
    scope: "read",
    handler: (params, { deps }) => {
      const found = deps.channels.list().filter(({ channel, account }) => (params.channel ?? channel) === channel && (params.account ?? account) === account);
      if (params.channel !== undefined && found.length === 0) throw notFound("channel", params.channel);
      return {
        channels: found.map(({ channel, account, login, status: { state, lastAliveAt, lastEventAt, detail, code, identity } }) => ({
          channel,
          account,
          state,
          last_alive_at: lastAliveAt,
          last_event_at: lastEventAt,
          detail,
          code,
          identity,
          login: login === true ? true : undefined,
        })),
      };
    },
  }),
  defineMethod({
    name: "channels.connect",
    summary: "Starts a channel account that was stopped.",
    params: account,
    result: v.object({ connected: v.boolean() }),
    scope: "admin",
    mutating: true,
    handler: async ({ channel, account }, { deps }) => {
      await deps.channels.connect(channel, account);
      return { connected: true };
    },
  }),
  defineMethod({
    name: "channels.disconnect",
    summary: "Stops a channel account until it is connected again.",
    params: account,
    result: v.object({ disconnected: v.boolean() }),
    scope: "admin",
    mutating: true,
    handler: async ({ channel, account }, { deps }) => {
      await deps.channels.disconnect(channel, account);
      return { disconnected: true };
    },
  }),
  defineMethod({
    name: "channels.login",
    summary: "Begins to link a channel account from a phone and answers the first step: a QR code to scan or, with `phone`, a code to type there.",
    params: v.strictObject({
      channel: name,
      account: v.optional(name, "default"),
      phone: v.optional(v.pipe(v.string(), v.regex(/^[1-9][0-9]{5,14}$/, "must be a phone number with its country code, digits alone"))),
    }),
    result: progress,
    scope: "admin",
    mutating: true,
    long: true,
    handler: ({ channel, account, phone }, { deps }) => deps.channels.login(channel, account, phone === undefined ? {} : { phone }),
  }),
  defineMethod({
    name: "channels.login_next",
    summary: "Waits for the step of a login behind number `after`; the same one comes again when there is no newer one within 25 seconds.",
    params: v.strictObject({ login_id: name, after: v.pipe(v.number(), v.safeInteger(), v.minValue(0)) }),
    result: progress,
    scope: "admin",
    mutating: true,
    long: true,
    handler: ({ login_id, after }, { deps, signal }) => deps.channels.loginNext(login_id, after, signal),
  }),
  defineMethod({
    name: "channels.logout",
    summary: "Unlinks a channel account that was linked from a phone and forgets its keys.",
    params: v.strictObject({ channel: name, account: v.optional(name, "default") }),
    result: v.object({ logged_out: v.boolean() }),
    scope: "admin",
    mutating: true,
    handler: async ({ channel, account }, { deps }) => {
      await deps.channels.logout(channel, account);
      return { logged_out: true };
    },
  }),
];
