import type { Device } from "../../core/device.ts";
import type { Operations } from "../../core/store.ts";
import { all, one, run, type Steps } from "./statement.ts";

type Input<K extends keyof Operations> = Operations[K]["input"];

interface DeviceRow {
  id: string;
  public_key: string;
  name: string;
  platform: string;
  status: Device["status"];
  scopes: string;
  request_id: string | null;
  request_scopes: string | null;
  request_expires_at: number | null;
  token_digest: string | null;
  epoch: number;
  created_at: number;
  approved_at: number | null;
}

function toDevice(row: DeviceRow): Device {
  return {
    id: row.id,
    publicKey: row.public_key,
    name: row.name,
    platform: row.platform,
    status: row.status,
    scopes: JSON.parse(row.scopes) as string[],
    ...(row.request_id === null
      ? {}
      : { request: { id: row.request_id, scopes: JSON.parse(row.request_scopes!) as string[], expiresAt: row.request_expires_at! } }),
    ...(row.token_digest === null ? {} : { tokenDigest: row.token_digest }),
    epoch: row.epoch,
    createdAt: row.created_at,
    ...(row.approved_at === null ? {} : { approvedAt: row.approved_at }),
  };
}

export function* listDevices(): Steps<Device[]> {
  return (yield* all<DeviceRow>("SELECT * FROM devices ORDER BY created_at, id")).map(toDevice);
}

const NO_REQUEST = "request_id = NULL, request_scopes = NULL, request_expires_at = NULL";

export function* requestDevice({ id, publicKey, name, platform, request, most, now }: Input<"requestDevice">): Steps<Device | undefined> {
  // Requests that nobody answered in time are forgotten, and with them devices that never were more than a request.
  yield* run("DELETE FROM devices WHERE status = 'pending' AND request_expires_at <= ?", now);
  yield* run(`UPDATE devices SET ${NO_REQUEST} WHERE request_expires_at <= ?`, now);
  const others = yield* one<{ count: number }>("SELECT COUNT(*) AS count FROM devices WHERE request_id IS NOT NULL AND id <> ?", id);
  if (others!.count >= most) return undefined;
  const row = yield* one<DeviceRow>(
    `INSERT INTO devices (id, public_key, name, platform, status, scopes, request_id, request_scopes, request_expires_at, epoch, created_at)
       VALUES (?, ?, ?, ?, 'pending', '[]', ?, ?, ?, 0, ?)
       ON CONFLICT (id) DO UPDATE SET name = excluded.name, platform = excluded.platform, request_id = excluded.request_id,
         request_scopes = excluded.request_scopes, request_expires_at = excluded.request_expires_at RETURNING *`,
    id,
    publicKey,
    name,
    platform,
    request.id,
    JSON.stringify(request.scopes),
    request.expiresAt,
    now,
  );
  return toDevice(row!);
}

export function* approveDevice({ requestId, scopes, now }: Input<"approveDevice">): Steps<Device | undefined> {
  const row = yield* one<DeviceRow>(
    `UPDATE devices SET status = 'active', scopes = ?, ${NO_REQUEST}, token_digest = NULL, epoch = epoch + 1, approved_at = ?
       WHERE request_id = ? AND request_expires_at > ? RETURNING *`,
    JSON.stringify(scopes),
    now,
    requestId,
    now,
  );
  return row && toDevice(row);
}

export function* rejectDevice({ requestId }: Input<"rejectDevice">): Steps<{ id: string } | undefined> {
  const row = yield* one<{ id: string; status: Device["status"] }>(`UPDATE devices SET ${NO_REQUEST} WHERE request_id = ? RETURNING id, status`, requestId);
  // A device that was never approved leaves nothing behind.
  if (row?.status === "pending") yield* run("DELETE FROM devices WHERE id = ?", row.id);
  return row && { id: row.id };
}

export function* setDeviceToken({ id, epoch, known, tokenDigest, rotate }: Input<"setDeviceToken">): Steps<Device | undefined> {
  const now = yield* one<{ token_digest: string | null }>("SELECT token_digest FROM devices WHERE id = ?", id);
  if (known !== undefined && now?.token_digest !== known) return undefined;
  const row = yield* one<DeviceRow>(
    "UPDATE devices SET token_digest = ?, epoch = epoch + ? WHERE id = ? AND epoch = ? AND status = 'active' RETURNING *",
    tokenDigest,
    rotate ? 1 : 0,
    id,
    epoch,
  );
  return row && toDevice(row);
}

export function* revokeDevice({ id }: Input<"revokeDevice">): Steps<Device | undefined> {
  const row = yield* one<DeviceRow>(
    `UPDATE devices SET status = 'revoked', scopes = '[]', token_digest = NULL, ${NO_REQUEST}, epoch = epoch + 1 WHERE id = ? AND status <> 'pending' RETURNING *`,
    id,
  );
  return row && toDevice(row);
}
