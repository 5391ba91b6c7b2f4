export { createSecretStore, type SecretStore, type SecretStoreOptions } from "./create-secret-store.ts";
export { findKeychain, type FindKeychainOptions, type Keychain } from "./keychain.ts";
export { openVault, type OpenVaultOptions } from "./open-vault.ts";
export { withKeychain } from "./with-keychain.ts";
