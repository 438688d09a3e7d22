import { randomUUID } from 'node:crypto';
import { mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UserError } from '../../diagnostics/user-error.ts';
import type { CredentialStore } from '../sign-in.ts';
import {
  type DockerConfig,
  formatConfig,
  hasLogin,
  helperOf,
  parseConfig,
  withLogin,
  withoutLogin,
} from './config-text.ts';
import { callHelper } from './credential-helper.ts';

/**
 * Credentials in Docker's config.json, or at the credential helper that it names.
 * @param directory absolute; made if it is missing
 * @param env of the helpers
 */
export function dockerCredentials(
  directory: string,
  env: Readonly<Record<string, string | undefined>>,
): CredentialStore {
  const file = join(directory, 'config.json');
  return {
    async save(registry, { username, password }, signal) {
      const config = await read(file);
      const helper = helperOf(config, registry);
      if (helper === null) {
        await write(file, withLogin(config, registry, { username, password }));
        return file;
      }
      const input = JSON.stringify({ ServerURL: helper.key, Username: username, Secret: password });
      await callHelper({ helper: helper.name, action: 'store', input, env, signal });
      await write(file, withLogin(config, registry, null));
      return `docker-credential-${helper.name}`;
    },
    async forget(registry, signal) {
      const config = await read(file);
      const helper = helperOf(config, registry);
      const erased =
        helper !== null &&
        (await callHelper({ helper: helper.name, action: 'erase', input: helper.key, env, signal }));
      if (!hasLogin(config, registry)) return erased;
      await write(file, withoutLogin(config, registry));
      return true;
    },
  };
}

async function read(file: string): Promise<DockerConfig> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new UserError('CREDENTIALS_INVALID', `${file} cannot be read: ${reasonOf(cause)}`, { cause });
  }
  const config = parseConfig(text);
  if (config) return config;
  throw new UserError('CREDENTIALS_INVALID', `${file} is not a configuration of Docker`, {
    hint: 'it must be a JSON object; repair it, or move it away and log in again',
  });
}

/** In one step, so that no reader ever sees half a file; for its owner alone. A link keeps pointing to it. */
async function write(file: string, config: DockerConfig): Promise<void> {
  let part: string | null = null;
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const target = await realpath(file).catch(() => file);
    part = `${target}.${randomUUID()}`;
    await writeFile(part, formatConfig(config), { mode: 0o600, flag: 'wx' });
    await rename(part, target);
  } catch (cause) {
    if (part !== null) await rm(part, { force: true }).catch(() => undefined);
    throw new UserError('CREDENTIALS_UNWRITABLE', `${file} cannot be written: ${reasonOf(cause)}`, {
      hint: 'choose another directory with --docker-config',
      cause,
    });
  }
}

/** What went wrong, without the call and the paths behind it. */
function reasonOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.replace(/, \w+(?: '.*')?$/s, '');
}
