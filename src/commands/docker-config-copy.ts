import { constants } from 'node:fs';
import { chmod, cp, lstat, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../diagnostics/user-error.ts';

export interface DockerConfigCopy {
  /** Absolute path of the directory of temporary files; made if it is missing. */
  readonly parent: string;
  /** Absolute path of the directory that is copied; it may be missing. */
  readonly from: string;
  /** Text of another config.json; null: that of `from` is copied with everything beside it. */
  readonly config: string | null;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/**
 * A private copy of Docker's configuration, which logins may change without touching that of the user.
 * @returns absolute path of its directory, which stays
 * @throws UserError DOCKER_CONFIG_COPY
 */
export async function copyDockerConfig({ parent, from, config, now }: DockerConfigCopy): Promise<string> {
  try {
    await mkdir(parent, { recursive: true });
    const directory = await freshDirectory(parent, now());
    const file = join(directory, 'config.json');
    if (config !== null) await writeFile(file, config, { mode: 0o600 });
    else if (await exists(from)) {
      // Sockets of running programs stay where they are.
      const filter = async (path: string) => {
        const status = await lstat(path);
        return status.isFile() || status.isDirectory() || status.isSymbolicLink();
      };
      await cp(from, directory, { recursive: true, filter, mode: constants.COPYFILE_FICLONE });
      await chmod(directory, 0o700);
      if (await exists(file)) await chmod(file, 0o600);
    }
    return directory;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UserError(
      'DOCKER_CONFIG_COPY',
      `the configuration of Docker in ${from} could not be copied: ${reason}`,
      {
        hint: 'name its directory with --docker-config, and another place for the copy with --tmp-dir',
        cause,
      },
    );
  }
}

/** Made by nobody else: its name is digits, so that it is known for what it is. */
async function freshDirectory(parent: string, number: number): Promise<string> {
  const directory = join(parent, `werf-ci-env-docker-config-${number}`);
  try {
    await mkdir(directory, { mode: 0o700 });
    return directory;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return await freshDirectory(parent, number + 1);
  }
}

async function exists(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  );
}
