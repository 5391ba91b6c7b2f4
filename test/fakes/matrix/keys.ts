/** The part of a homeserver that has to do with keys: devices, cross-signing, one-time keys, backups. */
import type { Answer, Asked } from "./asked.ts";
import type { Device, World } from "./world.ts";

type Json = Record<string, unknown>;

const refuse = (status: number, errcode: string, error: string): Answer => ({ status, body: { errcode, error } });

export function keysUpload(world: World, { device, body, invariants }: Asked): Answer {
  const {
    device_keys: keys,
    one_time_keys: oneTime = {},
    fallback_keys: fallback,
  } = body as { device_keys?: Json; one_time_keys?: Json; fallback_keys?: Json };
  if (keys !== undefined) {
    const id = `ed25519:${device.id}`;
    const before = (device.keys?.["keys"] as Json | undefined)?.[id];
    if (before !== undefined && before !== (keys["keys"] as Json)[id]) invariants.push("a device's identity key was replaced");
    device.keys = keys;
    world.touchKeys(device.user);
  }
  for (const [id, key] of Object.entries(oneTime)) {
    // As Synapse: an id stands for one key.
    if (device.oneTime.has(id) && JSON.stringify(device.oneTime.get(id)) !== JSON.stringify(key)) {
      invariants.push("a one-time key was uploaded twice");
      return refuse(400, "M_UNKNOWN", `One time key ${id} already exists`);
    }
    device.oneTime.set(id, key as object);
  }
  for (const one of Object.entries(fallback ?? {})) device.fallback = one as [string, object];
  return { body: { one_time_key_counts: { signed_curve25519: device.oneTime.size } } };
}

export function keysQuery(world: World, { device, body }: Asked): Answer {
  const wanted = Object.keys((body as { device_keys: Json }).device_keys);
  const of = (kind: "master_key" | "self_signing_key" | "user_signing_key", users: readonly string[]) =>
    Object.fromEntries(users.flatMap((user) => (world.crossSigning.get(user)?.[kind] === undefined ? [] : [[user, world.crossSigning.get(user)![kind]]])));
  const devicesOf = (user: string) => [...world.devices.values()].filter((one) => one.user === user && one.keys !== undefined);
  return {
    body: {
      device_keys: Object.fromEntries(wanted.map((user) => [user, Object.fromEntries(devicesOf(user).map((one) => [one.id, one.keys]))])),
      master_keys: of("master_key", wanted),
      self_signing_keys: of("self_signing_key", wanted),
      user_signing_keys: of("user_signing_key", wanted.includes(device.user) ? [device.user] : []),
      failures: {},
    },
  };
}

export function keysClaim(world: World, { body }: Asked): Answer {
  const claimed: Record<string, Json> = {};
  for (const [user, devices] of Object.entries((body as { one_time_keys: Record<string, Json> }).one_time_keys)) {
    for (const id of Object.keys(devices)) {
      const device = world.devices.get(`${user} ${id}`);
      const [key] = device?.oneTime ?? [];
      if (device === undefined || (key === undefined && device.fallback === undefined)) continue;
      const [name, value] = key ?? device.fallback!;
      device.oneTime.delete(name);
      (claimed[user] ??= {})[id] = { [name]: value };
    }
  }
  return { body: { one_time_keys: claimed, failures: {} } };
}

/** User-interactive authentication, as a server wants it that is set so. */
export function signingUpload(world: World, { device, body, settings }: Asked): Answer {
  const { auth, ...keys } = body as { auth?: Json };
  if (settings.uia) {
    const right = auth?.["type"] === "m.login.password" && auth["password"] === world.passwords.get(device.user) && auth["session"] === "uia-1";
    if (!right) return { status: 401, body: { flows: [{ stages: ["m.login.password"] }], params: {}, session: "uia-1" } };
  }
  world.crossSigning.set(device.user, { ...world.crossSigning.get(device.user), ...keys });
  world.touchKeys(device.user);
  return { body: {} };
}

export function signaturesUpload(world: World, { body }: Asked): Answer {
  for (const [user, things] of Object.entries(body as Record<string, Record<string, Json>>)) {
    for (const [id, signed] of Object.entries(things)) {
      const device = world.devices.get(`${user} ${id}`);
      const master = world.crossSigning.get(user)?.master_key;
      for (const target of [device?.keys, Object.values((master?.["keys"] as Json | undefined) ?? {}).includes(id) ? master : undefined]) {
        if (target === undefined) continue;
        const mine = ((target["signatures"] ??= {}) as Record<string, Json>)[user] ?? {};
        (target["signatures"] as Record<string, Json>)[user] = { ...mine, ...(signed["signatures"] as Record<string, Json>)[user] };
      }
    }
    world.touchKeys(user);
  }
  return { body: { failures: {} } };
}

export function sendToDevice(world: World, { device, body }: Asked, type: string): Answer {
  for (const [user, devices] of Object.entries((body as { messages: Record<string, Json> }).messages)) {
    for (const [id, content] of Object.entries(devices)) world.toDevice(user, id, { type, sender: device.user, content });
  }
  return { body: {} };
}

export function backupVersion(world: World, { device, body, method }: Asked): Answer {
  const known = world.backups.get(device.user);
  if (method === "GET") {
    if (known === undefined) return refuse(404, "M_NOT_FOUND", "No current backup version");
    const { version, algorithm, auth_data } = known;
    return { body: { version, algorithm, auth_data, count: known.keys.size, etag: String(known.keys.size) } };
  }
  const { algorithm, auth_data } = body as { algorithm: string; auth_data: object };
  const version = String(Number(known?.version ?? 0) + 1);
  world.backups.set(device.user, { version, algorithm, auth_data, keys: new Map() });
  return { body: { version } };
}

export function backupKeys(world: World, { device, body, method, url }: Asked, where: readonly string[]): Answer {
  const backup = world.backups.get(device.user);
  if (backup === undefined || url.searchParams.get("version") !== backup.version) return refuse(403, "M_WRONG_ROOM_KEYS_VERSION", "Wrong backup version.");
  if (method === "GET") {
    const key = backup.keys.get(where.join(" "));
    return key === undefined ? refuse(404, "M_NOT_FOUND", "No room_keys found") : { body: key };
  }
  for (const [room, { sessions }] of Object.entries((body as { rooms: Record<string, { sessions: Record<string, object> }> }).rooms)) {
    for (const [session, data] of Object.entries(sessions)) backup.keys.set(`${room} ${session}`, data);
  }
  return { body: { count: backup.keys.size, etag: String(backup.keys.size) } };
}

export function firstDevice(world: World, token: string): Device | undefined {
  return token === "" ? undefined : [...world.devices.values()].find((device) => device.token === token);
}
