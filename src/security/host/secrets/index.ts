export { createSecretStore, type SecretStore, type SecretStoreOptions } from "./create-secret-store.ts";
export { findKeychain, type FindKeychainOptions, type Keychain } from "./keychain.ts";
export { openKeep, type OpenKeepOptions } from "./open-keep.ts";
export { withKeychain } from "./with-keychain.ts";
