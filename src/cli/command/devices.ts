import type { DeviceScope, Methods } from "../../client/index.ts";
import { RequestError } from "../../core/errors.ts";
import type { CliContext } from "../context.ts";
import { withGateway } from "../gateway-link.ts";
import { table, when } from "../table.ts";

type Request = Methods["device.pair.list"]["result"]["requests"][number];
type Device = Methods["device.list"]["result"]["devices"][number];

/** Enough of an id to tell devices apart; commands take any unambiguous beginning. */
const SHOWN = 10;

/** `clanker devices list`: those that ask and those that are in. */
export async function list(context: CliContext): Promise<void> {
  const { requests, devices } = await withGateway(context, async (client) => ({
    ...(await client.call("device.pair.list", {})),
    ...(await client.call("device.list", {})),
  }));
  const rows = [
    ...requests.map(({ device_id, name, platform, scopes, expires_at }) => [
      device_id.slice(0, SHOWN),
      name,
      platform,
      `asks for ${scopes.join(", ")}`,
      `until ${when(expires_at)}`,
    ]),
    ...devices.map(({ device_id, name, platform, status, scopes, approved_at }) => [
      device_id.slice(0, SHOWN),
      name,
      platform,
      status === "active" ? scopes.join(", ") : status,
      when(approved_at),
    ]),
  ];
  const text = table(context.output, ["DEVICE", "NAME", "PLATFORM", "SCOPES", "SINCE"], rows, "no devices");
  context.output.result({ json: { requests, devices }, text });
}

interface ApproveOptions {
  readonly scopes?: readonly DeviceScope[];
}

/** `clanker devices approve <device> [--scopes read,write]` */
export async function approve(context: CliContext, { args: [given = ""], options }: { args: string[]; options: ApproveOptions }): Promise<void> {
  const answer = await withGateway(context, async (client) => {
    const { requests } = await client.call("device.pair.list", {});
    const request = pick<Request>(requests, given, "asks to be paired");
    return client.call("device.pair.approve", { request_id: request.request_id, ...(options.scopes === undefined ? {} : { scopes: options.scopes }) });
  });
  context.output.result({ json: answer, text: `${answer.device_id.slice(0, SHOWN)} is let in with: ${answer.scopes.join(", ")}` });
}

/** `clanker devices reject <device>` */
export async function reject(context: CliContext, { args: [given = ""] }: { args: string[] }): Promise<void> {
  const answer = await withGateway(context, async (client) => {
    const { requests } = await client.call("device.pair.list", {});
    return client.call("device.pair.reject", { request_id: pick<Request>(requests, given, "asks to be paired").request_id });
  });
  context.output.result({ json: answer, text: "rejected" });
}

/** `clanker devices revoke <device>` */
export async function revoke(context: CliContext, { args: [given = ""] }: { args: string[] }): Promise<void> {
  const answer = await onDevice(context, given, (client, device_id) => client.call("device.revoke", { device_id }));
  context.output.result({ json: answer, text: "revoked; its connections are closed" });
}

/** `clanker devices rotate <device>` */
export async function rotate(context: CliContext, { args: [given = ""] }: { args: string[] }): Promise<void> {
  const answer = await onDevice(context, given, (client, device_id) => client.call("device.rotate", { device_id }));
  context.output.result({ json: answer, text: "its token is void; it gets a new one when it next proves its key" });
}

type Client = Parameters<Parameters<typeof withGateway>[1]>[0];

async function onDevice<T>(context: CliContext, given: string, act: (client: Client, deviceId: string) => Promise<T>): Promise<T> {
  return withGateway(context, async (client) => {
    const { devices } = await client.call("device.list", {});
    return act(client, pick<Device>(devices, given, "is paired").device_id);
  });
}

function pick<T extends { readonly device_id: string }>(all: readonly T[], given: string, what: string): T {
  const found = given === "" ? [] : all.filter(({ device_id }) => device_id.startsWith(given));
  if (found.length === 1) return found[0]!;
  const hint = "see clanker devices list";
  if (found.length === 0) throw new RequestError("device_not_found", `no device whose id begins with ${JSON.stringify(given)} ${what}`, { hint });
  throw new RequestError("device_ambiguous", `several ids begin with ${JSON.stringify(given)}`, { hint: "write more of it; see clanker devices list" });
}
