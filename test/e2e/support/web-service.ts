import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Fixture, gitFixture } from '../../git/git-fixture.ts';

const PROJECTS = join(import.meta.dirname, '../../equipment/projects');
const FILM = 'public/film.bin';
/** The first commit's; each further one is made an hour later. */
const STARTED = Date.UTC(2026, 0, 5, 9) / 1000;

/** Stages that a build makes, by image. An image that is not named makes none. */
export type Stages = Readonly<Record<string, readonly string[]>>;

export interface Step {
  /** Of the commit. */
  readonly title: string;
  readonly builds: Stages;
  /** Why it builds these, and not others. */
  readonly because: string;
}

interface Change extends Step {
  commit(repository: Repository): void | Promise<void>;
}

interface Repository {
  readonly root: string;
  git(...args: readonly string[]): void;
}

const EVERYTHING: Step = {
  title: 'The sample as it is',
  builds: {
    node: ['from', 'beforeInstall', 'install'],
    runtime: ['from', 'dependenciesBeforeInstall'],
    build: ['from', 'gitArchive', 'install', 'setup'],
    app: ['from', 'gitArchive', 'dependenciesAfterInstall', 'imageSpec'],
  },
  because: 'nothing is there',
};

const IMPORTED = ['dependenciesAfterInstall', 'imageSpec'];

/** What happens to the sample, in this order. */
const CHANGES: readonly Change[] = [
  {
    title: 'The README tells how to run it',
    commit: patch('readme'),
    builds: {},
    because: 'the file is in no mapping',
  },
  {
    title: 'A page is a whole document',
    commit: patch('page'),
    builds: { build: ['setup'], app: IMPORTED },
    because: '`src` is a dependency of `setup`; the bundle that `app` imports is another',
  },
  {
    title: 'A film of 1.5 MiB',
    async commit({ root, git }) {
      await writeFile(join(root, FILM), film());
      git('add', FILM);
    },
    builds: { app: ['gitCache', 'imageSpec'] },
    because: 'at 1 MiB changes get a layer of their own; `build` does not map the file',
  },
  {
    title: 'Answers are compressed',
    commit: patch('compression'),
    builds: { build: ['install', 'setup'], app: ['dependenciesAfterInstall', 'gitCache', 'imageSpec'] },
    because: 'a new package: `package-lock.json` is a dependency of `install`',
  },
  {
    title: 'Another title, in the configuration of the bundle',
    commit: patch('title'),
    builds: { build: ['setup'], app: ['dependenciesAfterInstall', 'gitCache', 'imageSpec'] },
    because: '`build.json` is a dependency of `setup`',
  },
  {
    title: 'Without the draft',
    commit: ({ git }) => git('rm', '--quiet', 'content/draft.md'),
    builds: { app: ['gitLatestPatch', 'imageSpec'] },
    because: 'a small change of mapped files, which no stage depends on, is a patch',
  },
  {
    title: 'The main file is called main.js',
    commit: patch('rename'),
    builds: { build: ['setup'] },
    because: 'the bundle is the same, byte for byte: who imports it stays',
  },
  {
    title: 'Revert "Without the draft"',
    commit: ({ git }) => git('revert', '--no-commit', 'HEAD~1'),
    builds: {},
    because: 'the files of `app` are those of the commit before the draft went: its stages are there',
  },
  {
    title: 'fromCacheVersion: 2, to get updates of Debian',
    commit: patch('cache-version'),
    builds: { node: ['from', 'beforeInstall', 'install'], build: ['from', 'gitArchive', 'install', 'setup'] },
    because: '`node` and what starts from it; both imports bring the same files, so `runtime` and `app` stay',
  },
  {
    title: "Merge of the branch 'roadmap'",
    commit: ({ git }) => git('merge', '--quiet', '--no-ff', '--no-commit', 'roadmap'),
    builds: { build: ['setup'], app: ['dependenciesAfterInstall', 'gitCache', 'imageSpec'] },
    because: 'the branch brings a route and a note',
  },
];

/** The commit where the branch `roadmap` begins: its place among all. */
const FORK = 5;

export const STEPS: readonly Step[] = [EVERYTHING, ...CHANGES];

export interface WebService extends Pick<Fixture, 'root' | 'remove'> {
  /** Makes commit number `index` of STEPS; they are made in order, and get the same ids everywhere. */
  commit(index: number): Promise<void>;
}

/** A repository with the sample service as its first commit. */
export async function webService(): Promise<WebService> {
  const { root, remove } = await gitFixture();
  await chmod(root, 0o755);
  await cp(join(PROJECTS, 'web-service'), root, { recursive: true });
  const repository: Repository = {
    root,
    git: (...args) => void execFileSync('git', args, { cwd: root, env: environment(STARTED), stdio: 'pipe' }),
  };
  const save = (title: string, index: number) => {
    const date = STARTED + index * 3600;
    execFileSync('git', ['commit', '--quiet', '--message', title], { cwd: root, env: environment(date) });
  };
  repository.git('add', '--all');
  save(EVERYTHING.title, 0);
  return {
    root,
    remove,
    async commit(index) {
      const change = CHANGES[index - 1];
      if (!change) throw new Error(`there is no commit ${index}`);
      await change.commit(repository);
      save(change.title, index);
      if (index !== FORK) return;
      repository.git('checkout', '--quiet', '-b', 'roadmap');
      patch('roadmap')(repository);
      save('A roadmap', index);
      repository.git('checkout', '--quiet', 'main');
    },
  };
}

/** Content of the file that makes a layer of its own. */
export function film(): Buffer {
  const blocks: Buffer[] = [];
  for (let i = 0; i < 1.5 * 2 ** 15; i++) blocks.push(createHash('sha256').update(`${i}`).digest());
  return Buffer.concat(blocks);
}

function patch(name: string) {
  return ({ git }: Repository) =>
    git('apply', '--index', join(PROJECTS, 'web-service-commits', `${name}.patch`));
}

/** Everything that enters a commit's id beside its files. @param date Unix seconds */
function environment(date: number): NodeJS.ProcessEnv {
  const person = { NAME: 'Sample', EMAIL: 'sample@example.com', DATE: `${date} +0000` };
  const fields = Object.entries(person);
  return {
    ...process.env,
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    ...Object.fromEntries(fields.map(([name, value]) => [`GIT_AUTHOR_${name}`, value])),
    ...Object.fromEntries(fields.map(([name, value]) => [`GIT_COMMITTER_${name}`, value])),
  };
}
