import { access, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UserError } from '../diagnostics/user-error.ts';
import { parseRegistryHost } from '../oci/registry-host.ts';
import { type CiReader, ciText } from './ci-text.ts';
import { type CiSystem, ciLogin, ciVariables } from './ci-variables.ts';
import { copyDockerConfig } from './docker-config-copy.ts';
import { logIn } from './log-in.ts';
import { openProject } from './open-project.ts';
import type { Session } from './session.ts';

export interface CiEnvRequest {
  readonly system: CiSystem;
  readonly reader: CiReader;
  /** Where the lines go: nowhere, a file that is made for them, or the file at an absolute path. */
  readonly file: 'none' | 'fresh' | { readonly path: string };
  readonly login: boolean;
  /** Make config.json of DOCKER_AUTH_CONFIG instead of copying the user's. */
  readonly useDockerAuthConfig: boolean;
}

/**
 * Prepares a job: a configuration of Docker of its own with the login of the pipeline, and variables.
 * @returns the lines, or the path of the file with them
 */
export async function ciEnv(request: CiEnvRequest, session: Session): Promise<string> {
  const { system, reader, login, useDockerAuthConfig } = request;
  const { env, host, clock } = session;
  const project = system === 'github' && (env['WERF_REPO'] ?? '') === '' ? await projectName(session) : null;
  const dockerConfig = await copyDockerConfig({
    parent: host.temporary,
    from: host.dockerConfig,
    config: useDockerAuthConfig ? authConfigOf(session) : null,
    now: clock.now,
  });
  if (login) await logInFor(system, dockerConfig, session);
  const text = ciText(ciVariables(system, env, { dockerConfig, project }), reader);
  if (request.file === 'none') return text;
  const path = request.file === 'fresh' ? freshFile(session) : request.file.path;
  await write(path, text);
  return `${path}\n`;
}

/** null where there is no configuration file. */
async function projectName(session: Session): Promise<string | null> {
  const { directory, config } = session.project;
  const files = config === null ? ['werf.yaml', 'werf.yml'] : [config];
  const found = await Promise.all(
    files.map((file) =>
      access(join(directory, file)).then(
        () => true,
        () => false,
      ),
    ),
  );
  if (!found.includes(true)) return null;
  return (await openProject(session, { wholeStatus: false })).project.name;
}

function authConfigOf({ env }: Session): string {
  const text = env['DOCKER_AUTH_CONFIG'] ?? '';
  const hint = 'it is the text of a config.json; without --use-docker-auth-config that of the user is copied';
  if (text === '') throw new UserError('DOCKER_AUTH_CONFIG', 'DOCKER_AUTH_CONFIG is not set', { hint });
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return text;
  } catch {
    // What it says may quote a secret.
  }
  throw new UserError('DOCKER_AUTH_CONFIG', 'DOCKER_AUTH_CONFIG does not hold a JSON object', { hint });
}

async function logInFor(system: CiSystem, directory: string, session: Session): Promise<void> {
  const login = ciLogin(system, session.env);
  if (login === null) return;
  const { address, username, password } = login;
  const registry = parseRegistryHost(address);
  if (registry === null) {
    throw new UserError('REGISTRY_INVALID', `CI_REGISTRY_IMAGE="${address}" does not begin with a registry`);
  }
  await logIn({ registry, credentials: { username, password }, directory }, session);
}

function freshFile({ host, clock }: Session): string {
  return join(host.home, 'service', 'tmp', 'ci_env', `source_${clock.now()}_${clock.unique()}`);
}

/** For its owner alone: there may be tokens in it. */
async function write(path: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text, { mode: 0o600 });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UserError('CI_ENV_UNWRITABLE', `${path} could not be written: ${reason}`, {
      hint: 'choose another file with --output-file-path',
      cause,
    });
  }
}
