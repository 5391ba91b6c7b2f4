/** Who we are to the homeserver: an access token of the owner's, or one that a login with user and password made and that is kept with its device. */
import { Secret } from "../../core/secret.ts";
import { type MatrixAccount, MatrixTrouble, path } from "./account.ts";
import { MatrixFailure } from "./api.ts";
import { installIndexedDb } from "./indexed-db/index.ts";

const LOGIN = "login";

interface KeptLogin {
  readonly user: string;
  readonly device: string;
  readonly token: string;
}

/** Opens what is kept and says hello. @throws MatrixFailure, HttpFailure, StoreError, MatrixTrouble */
export async function openSession(account: MatrixAccount, signal: AbortSignal): Promise<void> {
  const who = (await hello(account, signal)) ?? (await hello(account, signal));
  if (who === undefined) throw new MatrixFailure("GET whoami", 401, { errcode: "M_UNKNOWN_TOKEN", error: "a login that was just made does not hold" });

  const { user_id: id, device_id: device } = who;
  if (device === undefined && account.config.encryption)
    throw new MatrixTrouble(
      "matrix_wrong_device",
      "the access token belongs to no device, so nothing can be encrypted: make one by a login, or set encryption = false",
    );
  const name = await displayName(account, id, signal);
  account.me = { id, device: device ?? "", ...(name === undefined ? {} : { name }) };
}

/** Ends in a character that no account's name has: none is the beginning of another. */
export function storeName({ config }: MatrixAccount): string {
  return `matrix/${config.account}/`;
}

async function hello(account: MatrixAccount, signal: AbortSignal): ReturnType<typeof whoami> {
  const { config, deps, api } = account;
  account.kept ??= await installIndexedDb().mount(storeName(account), deps.keep);
  api.login(config.access_token ?? (await loginToken(account, signal)));
  return whoami(account, signal);
}

/** @returns undefined when a kept login does not hold any more: it was forgotten, or renewed where its device is still there. */
async function whoami(account: MatrixAccount, signal: AbortSignal): Promise<{ user_id: string; device_id?: string } | undefined> {
  const { api, kept, config, deps } = account;
  try {
    return await api.call<{ user_id: string; device_id?: string }>("GET", "/client/v3/account/whoami", { signal });
  } catch (error) {
    const login = kept?.fact<KeptLogin>(LOGIN);
    if (!(error instanceof MatrixFailure) || error.status !== 401 || config.access_token !== undefined || login === undefined) throw error;
    deps.log.warn("matrix login does not hold any more; logging in anew", { softLogout: error.softLogout });
    if (error.softLogout) await kept!.setFact(LOGIN, { ...login, token: "" });
    else {
      // The device is gone, and its keys with it.
      await kept!.setFact(LOGIN, undefined);
      await kept!.wipe();
    }
    return undefined;
  }
}

/** POST /login, `m.login.password`. The device is the same one each time. */
async function loginToken(account: MatrixAccount, signal: AbortSignal): Promise<Secret> {
  const { api, kept, config } = account;
  const known = kept!.fact<KeptLogin>(LOGIN);
  const sameUser = known !== undefined && known.user === config.user;
  if (sameUser && known.token !== "") return new Secret("matrix login", known.token);
  if (known !== undefined && !sameUser) await kept!.wipe();
  api.login(undefined);
  const answer = await api.call<{ user_id: string; device_id: string; access_token: string }>("POST", "/client/v3/login", {
    body: {
      type: "m.login.password",
      identifier: { type: "m.id.user", user: config.user },
      password: config.password?.reveal(),
      initial_device_display_name: config.device_name,
      ...(sameUser ? { device_id: known.device } : {}),
    },
    signal,
  });
  await kept!.setFact(LOGIN, { user: config.user!, device: answer.device_id, token: answer.access_token } satisfies KeptLogin);
  return new Secret("matrix login", answer.access_token);
}

async function displayName({ api }: MatrixAccount, id: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const { displayname } = await api.call<{ displayname?: unknown }>("GET", `/client/v3/profile${path(id)}/displayname`, { signal });
    return typeof displayname === "string" && displayname !== "" ? displayname : undefined;
  } catch (error) {
    if (error instanceof MatrixFailure && error.status === 404) return undefined;
    throw error;
  }
}
