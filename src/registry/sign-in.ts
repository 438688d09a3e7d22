import type { RegistryHost } from '../oci/registry-host.ts';

/** Who somebody is to a registry. */
export interface Credentials {
  readonly username: string;
  /** Or a token. */
  readonly password: string;
}

export interface SignIn {
  /**
   * Asks a registry whether it accepts a user; nothing is kept.
   * @throws UserError REGISTRY_DENIED where it does not, REGISTRY_UNREACHABLE and others where it cannot be asked
   */
  check(registry: RegistryHost, credentials: Credentials, signal: AbortSignal): Promise<void>;
}

/** Keeps credentials where every program that reads Docker's config.json finds them. */
export interface CredentialStore {
  /**
   * In place of those that are kept for this registry.
   * @returns where they are now, for people: a file, or a credential helper
   * @throws UserError CREDENTIALS_INVALID, CREDENTIALS_UNWRITABLE, CREDENTIAL_HELPER_FAILED
   */
  save(registry: RegistryHost, credentials: Credentials, signal: AbortSignal): Promise<string>;
  /** @returns whether any were kept @throws UserError as save */
  forget(registry: RegistryHost, signal: AbortSignal): Promise<boolean>;
}
