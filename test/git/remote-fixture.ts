import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { cliRemoteRepositories } from '../../src/git/cli/remote-repositories.ts';
import type { RemoteRepositories, RemoteRequest } from '../../src/git/remote-repositories.ts';
import { machineLocks } from '../../src/locks/machine/machine-locks.ts';
import { type Fixture, gitFixture } from './git-fixture.ts';

export const never = new AbortController().signal;

/** A remote repository with a branch and a tag, and a cache, new for every test. */
export interface RemoteFixture {
  readonly remote: Fixture;
  /** Absolute path of a directory for anything. */
  readonly work: string;
  readonly cache: string;
  /** As one run has them. @param env beside that of the process */
  repositories(env?: Readonly<Record<string, string>>): RemoteRepositories;
  /** As a run has them that may fetch nothing. */
  offline(): RemoteRepositories;
  /** `path: content` of all files that a request gives in a run of its own. */
  files(request: Partial<RemoteRequest>, env?: Readonly<Record<string, string>>): Promise<readonly string[]>;
  /** What a run of its own throws. */
  failure(request: Partial<RemoteRequest>, env?: Readonly<Record<string, string>>): Promise<unknown>;
}

export function useRemote(): () => RemoteFixture {
  let fixture: RemoteFixture | undefined;
  const opened: RemoteRepositories[] = [];
  beforeEach(async () => {
    const work = await mkdtemp(join(tmpdir(), 'slipway-remote-'));
    const remote = await gitFixture();
    await remote.write({ file: 'first', 'dir/same': 'same' });
    await remote.commit('first');
    remote.git('tag', '--annotate', '--message', 'one', 'v1');
    await remote.write({ file: 'second' });
    await remote.commit('second');
    const cache = join(work, 'cache');
    const make = (env: Readonly<Record<string, string>>, offline: boolean) => {
      const one = cliRemoteRepositories({
        offline,
        env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', ...env },
        cache,
        directory: work,
        hold: machineLocks(join(work, 'locks')).hold,
      });
      opened.push(one);
      return one;
    };
    const repositories: RemoteFixture['repositories'] = (env = {}) => make(env, false);
    const whole = (request: Partial<RemoteRequest>): RemoteRequest => ({
      url: remote.root,
      name: 'group/app',
      target: { kind: 'branch', branch: 'main' },
      credentials: null,
      ...request,
    });
    const completing = ({ open, close }: RemoteRepositories): RemoteRepositories => ({
      open: (request, signal) => open(whole(request), signal),
      close,
    });
    fixture = {
      remote,
      work,
      cache,
      repositories: (env) => completing(repositories(env)),
      offline: () => completing(make({}, true)),
      async files(request, env) {
        const { repository, commit } = await repositories(env).open(whole(request), never);
        const { commits } = repository;
        const entries = await commits.withSubmodules(await commits.tree(commit.id, ''));
        const read = entries.map(async ({ path, mode, id }) =>
          mode === '160000' ? `${path} is missing` : `${path}: ${await commits.blob(id)}`,
        );
        return await Promise.all(read);
      },
      failure: (request, env) =>
        repositories(env)
          .open(whole(request), never)
          .then(
            () => new Error('it did not fail'),
            (error: unknown) => error,
          ),
    };
  });
  afterEach(async () => {
    for (const one of opened.splice(0)) await one.close();
    await fixture?.remote.remove();
    if (fixture) await rm(fixture.work, { recursive: true, force: true });
  });
  return () => {
    if (!fixture) throw new Error('not made yet');
    return fixture;
  };
}
