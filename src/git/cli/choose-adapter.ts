import { execa } from 'execa';
import { UserError } from '../../diagnostics/user-error.ts';
import type { FoundWorkTree } from '../find-work-tree.ts';
import type { GitRepository } from '../repository.ts';
import { cliRepository } from './cli-repository.ts';
import { isInstalled } from './find-program.ts';
import { gitFailed } from './git-program.ts';

export interface AdapterChoice {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute path of a directory for what is fetched of submodules. */
  readonly cache: string;
  /** Skips the check of the git program's version. */
  readonly anyVersion: boolean;
  /** Reads the repository where no git program is installed. */
  readonly withoutProgram: (found: FoundWorkTree) => Promise<GitRepository>;
}

/** The git program where it is installed, since it is many times faster; otherwise what reads without it. */
export async function chooseAdapter(found: FoundWorkTree, choice: AdapterChoice): Promise<GitRepository> {
  const { env, cache, anyVersion, withoutProgram } = choice;
  if (!(await isInstalled('git', env['PATH'] ?? ''))) return await withoutProgram(found);
  const repository = cliRepository(found.root, env, cache);
  if (anyVersion) return repository;
  // Asked while HEAD is being read: a process of its own is not waited for.
  const checked = execa('git', ['--version'], { env, extendEnv: false, reject: false }).then(
    ({ failed, stdout, stderr }) => {
      if (failed) throw gitFailed(found.root, ['--version'], stderr);
      refuseOldGit(stdout);
    },
  );
  checked.catch(() => undefined);
  const head = async () => {
    const [commit] = await Promise.all([repository.commits.head(), checked]);
    return commit;
  };
  return { ...repository, commits: { ...repository.commits, head } };
}

/** 2.18 is the oldest that works; 2.22.0 reads pathspecs wrongly. */
export function refuseOldGit(version: string): void {
  const [, major = '0', minor = '0', patch = '0'] = /(\d+)\.(\d+)(?:\.(\d+))?/.exec(version) ?? [];
  const tooOld = Number(major) < 2 || (Number(major) === 2 && Number(minor) < 18);
  const broken = `${major}.${minor}.${patch}` === '2.22.0';
  if (!tooOld && !broken) return;
  throw new UserError(
    'GIT_VERSION',
    `git ${major}.${minor}.${patch} cannot be used: 2.18 or newer, but not 2.22.0`,
    {
      hint: 'install a newer git, or set WERF_DISABLE_GIT_MIN_VERSION_CONSTRAINT=1 to try it all the same',
    },
  );
}
