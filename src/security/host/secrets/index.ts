export { createSecretStore, type SecretStore, type SecretStoreOptions } from "./create-secret-store.ts";
