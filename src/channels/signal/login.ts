/** Links a device to an account of somebody's phone, over a daemon that serves several accounts (signal-cli jsonrpc: startLink, finishLink). */
import type { ChannelLogin } from "../../core/channel.ts";
import { ChannelError } from "../../core/errors.ts";
import type { SignalAccount } from "./account.ts";
import { SignalFailure } from "./api.ts";
import { ownAci } from "./own-aci.ts";
import { toChannelError } from "./failure.ts";

const DEVICE = "Open Clanker";

export function createLogin(account: SignalAccount): ChannelLogin {
  const { api, config } = account;
  return {
    async *link({ phone }, signal) {
      if (phone !== undefined)
        throw new ChannelError("signal_no_code", "Signal links by a picture alone", "permanent", {
          hint: "Scan the picture: Settings, Linked devices, on the phone",
        });
      try {
        const { deviceLinkUri } = await api.call<{ deviceLinkUri?: string }>("startLink", {}, { signal, bare: true });
        if (typeof deviceLinkUri !== "string") throw new SignalFailure("startLink", { status: 200, message: "no link" });
        yield { type: "qr", text: deviceLinkUri };
        const { number } = await api.call<{ number?: string }>("finishLink", { deviceLinkUri, deviceName: DEVICE }, { signal, bare: true });
        if (number !== config.number)
          throw new ChannelError("signal_other_number", "a phone with another number was linked", "permanent", {
            hint: "Write that phone's number as channels.signal.number, or link the phone whose number stands there",
          });
        account.again.abort();
        yield { type: "linked", identity: await ownAci(api, config.number, signal) };
      } catch (error) {
        if (signal.aborted) return;
        throw loginError(error);
      }
    },
    async unlink() {
      throw new ChannelError("signal_unlink_on_phone", "a linked device cannot take itself off", "permanent", {
        hint: "On the phone: Settings, Linked devices, take it off there; then stop the daemon and run signal-cli deleteLocalAccountData",
      });
    },
  };
}

function loginError(error: unknown): ChannelError {
  // A daemon of one account (-a) has no such methods.
  if (error instanceof SignalFailure && error.code === -32601)
    return new ChannelError("signal_one_account", error.message, "permanent", {
      hint: "Start the daemon without -a, or link with signal-cli link: see docs/channels/signal.md",
    });
  return toChannelError(error, "repeatable");
}
