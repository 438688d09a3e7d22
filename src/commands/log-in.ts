import { UserError } from '../diagnostics/user-error.ts';
import type { RegistryHost } from '../oci/registry-host.ts';
import type { Credentials } from '../registry/sign-in.ts';
import type { Session } from './session.ts';

export interface LogInRequest {
  readonly registry: RegistryHost;
  readonly credentials: Credentials;
  /** Absolute path of the directory with config.json. */
  readonly directory: string;
}

/** What logging in needs of a session. */
export type LogInSession = Pick<Session, 'secrets' | 'signal'> & {
  readonly ports: Pick<Session['ports'], 'signIn' | 'credentials'>;
};

/**
 * Keeps credentials that the registry accepts.
 * @returns where they are kept, for people
 * @throws UserError where the registry does not accept them, or they cannot be kept
 */
export async function logIn(
  { registry, credentials, directory }: LogInRequest,
  { ports, secrets, signal }: LogInSession,
): Promise<string> {
  const { username, password } = credentials;
  secrets.add(password);
  secrets.add(Buffer.from(`${username}:${password}`).toString('base64'));
  if (username.includes(':')) {
    throw new UserError(
      'CREDENTIALS_INVALID',
      `the user "${username}" holds a ":", which no registry can tell apart`,
    );
  }
  await ports.signIn.check(registry, credentials, signal);
  return await ports.credentials(directory).save(registry, credentials, signal);
}

/** @returns whether there was anything to forget */
export async function logOut(
  { registry, directory }: Pick<LogInRequest, 'registry' | 'directory'>,
  { ports, signal }: Pick<LogInSession, 'ports' | 'signal'>,
): Promise<boolean> {
  return await ports.credentials(directory).forget(registry, signal);
}
