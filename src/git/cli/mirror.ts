import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Attempt, type GitProgram, gitProgram } from './git-program.ts';
import type { RemoteAddress } from './remote-address.ts';

/** A bare copy of a remote repository. */
export interface Mirror {
  /** Absolute path. */
  readonly directory: string;
  readonly git: GitProgram;
  /** @param name a reference or an id. @returns the commit it leads to; null where it leads to none or is not here */
  commit(name: string): Promise<string | null>;
  /** Makes it where it is missing, and sweeps what a killed git left. To be called under its lock. */
  prepare(): Promise<void>;
  /** @param refspecs of references that are made anew, whatever they were */
  fetch(options: readonly string[], refspecs: readonly string[], signal: AbortSignal): Promise<Attempt>;
  /** Packs it anew now and then. */
  tidy(signal: AbortSignal): Promise<void>;
}

/** Nothing of the user's configuration may change what is kept, or go on in the background. */
const STEADY = [
  'gc.auto=0',
  'maintenance.auto=false',
  'fetch.prune=false',
  'fetch.pruneTags=false',
  'fetch.recurseSubmodules=false',
].flatMap((setting) => ['-c', setting]);

/** @param env of git, with everything that it needs to get at the remote */
export function mirrorIn(
  directory: string,
  env: Readonly<Record<string, string | undefined>>,
  { url, settings }: Pick<RemoteAddress, 'url' | 'settings'>,
  format: 'sha1' | 'sha256',
): Mirror {
  const git = gitProgram(directory, env, { settings, gitDirectory: directory });
  const outside = gitProgram(dirname(directory), { ...env, GIT_DEFAULT_HASH: format });
  const commit: Mirror['commit'] = async (name) => {
    const { status, text } = await git
      .attempt(['rev-parse', '--quiet', '--verify', `${name}^{commit}`])
      .catch(() => ({ status: -1, text: '' }));
    return status === 0 ? text : null;
  };
  return {
    directory,
    git,
    commit,
    async prepare() {
      await mkdir(directory, { recursive: true });
      await sweep(directory);
      await outside.output(['init', '--quiet', '--bare', '--template=', directory]);
      await git.output(['config', 'remote.origin.url', url]);
    },
    async fetch(options, refspecs, signal) {
      const args = ['fetch', '--quiet', '--no-tags', '--update-shallow', ...options, '--', url];
      return await git.attempt([...STEADY, ...args, ...refspecs.map((refspec) => `+${refspec}`)], signal);
    },
    async tidy(signal) {
      const steady = ['-c', 'gc.autoDetach=false', '-c', 'gc.pruneExpire=2.weeks.ago'];
      await git.attempt([...steady, 'gc', '--auto', '--quiet'], signal);
    },
  };
}

/** Locks and halves of packs. Whoever calls this is the only one here, so that they belong to nobody. */
async function sweep(directory: string): Promise<void> {
  const found = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of found) {
    const isLeft = entry.name.endsWith('.lock') || /^tmp_(?:pack|idx|obj|rev)_/.test(entry.name);
    if (entry.isFile() && isLeft) await rm(join(entry.parentPath, entry.name), { force: true });
  }
}
