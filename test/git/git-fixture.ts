import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A real repository in a temporary directory. */
export interface Fixture {
  readonly root: string;
  git(...args: string[]): string;
  write(files: Readonly<Record<string, string | Buffer>>): Promise<void>;
  chmod(path: string, mode: number): Promise<void>;
  link(path: string, target: string): Promise<void>;
  /** Commits everything. @param date Unix seconds; now, where there is none. @returns the commit's id */
  commit(message: string, date?: number): Promise<string>;
  remove(): Promise<void>;
}

const IDENTITY = {
  GIT_AUTHOR_NAME: 'Test',
  GIT_AUTHOR_EMAIL: 'test@example.com',
  GIT_COMMITTER_NAME: 'Test',
  GIT_COMMITTER_EMAIL: 'test@example.com',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
};

/** @param options of `git init` */
export async function gitFixture(...options: string[]): Promise<Fixture> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'slipway-git-')));
  const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    execFileSync('git', args, {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, ...IDENTITY, ...env },
    }).trim();
  const git = (...args: string[]) => run(args);
  git('init', '--quiet', '--initial-branch=main', ...options);
  return {
    root,
    git,
    async write(files) {
      for (const [path, content] of Object.entries(files)) {
        await mkdir(dirname(join(root, path)), { recursive: true });
        await writeFile(join(root, path), content);
      }
    },
    chmod: (path, mode) => chmod(join(root, path), mode),
    link: (path, target) => symlink(target, join(root, path)),
    async commit(message, date) {
      git('add', '--all');
      const dated = date === undefined ? {} : { GIT_COMMITTER_DATE: `${date} +0000` };
      run(['commit', '--quiet', '--allow-empty', '--message', message], dated);
      return git('rev-parse', 'HEAD');
    },
    remove: () => rm(root, { recursive: true, force: true }),
  };
}
