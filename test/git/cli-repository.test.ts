import { describe, expect, it } from 'vitest';
import { cliRepository } from '../../src/git/cli/cli-repository.ts';
import type { ObjectId } from '../../src/git/objects.ts';
import { gitRepositoryContract } from '../contract/git-repository.ts';
import { gitFixture } from './git-fixture.ts';

const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };

gitRepositoryContract('the git program', ({ root }) => cliRepository(root, env, '/nowhere'));

describe('the git program', () => {
  it('reads SHA-256 repositories', async () => {
    const project = await gitFixture('--object-format=sha256');
    await project.write({ 'dir/a': 'content' });
    await project.commit('first');
    const repository = cliRepository(project.root, env, '/nowhere');
    const head = await repository.commits.head();
    if (!head) throw new Error('there is no commit');
    expect(head.id).toHaveLength(64);
    const [entry] = await repository.commits.tree(head.id, '');
    expect(await repository.commits.entry(head.id, 'dir/a')).toEqual(entry);
    if (entry) expect((await repository.commits.blob(entry.id)).toString()).toBe('content');
    await project.write({ 'dir/a': 'other content', b: 'new' });
    const later = (await project.commit('second')) as ObjectId;
    const changes = await repository.commits.changes(head.id, later, '');
    expect(changes.map(({ path }) => path)).toEqual(['b', 'dir/a']);
    const ids = changes.flatMap(({ after }) => (after ? [after.id] : []));
    expect(await repository.commits.sizes(ids)).toEqual([3, 13]);
    expect(await repository.history.ancestorsAmong([head.id], later)).toEqual(new Set([head.id]));
    await repository.close();
    await project.remove();
  });

  it('finds what differs where the configuration leaves submodules and renames out', async () => {
    const project = await gitFixture();
    const submodule = (id: string) => project.git('update-index', '--add', '--cacheinfo', `160000,${id},sub`);
    const commit = (message: string) => {
      project.git('commit', '--quiet', '--message', message);
      return project.git('rev-parse', 'HEAD') as ObjectId;
    };
    submodule('1'.repeat(40));
    const from = commit('first');
    submodule('2'.repeat(40));
    const to = commit('second');
    project.git('config', 'diff.ignoreSubmodules', 'all');
    project.git('config', 'diff.renames', 'copies');
    const repository = cliRepository(project.root, env, '/nowhere');
    const [change] = await repository.commits.changes(from, to, '');
    expect([change?.before?.id, change?.after?.id]).toEqual(['1'.repeat(40), '2'.repeat(40)]);
    await repository.close();
    await project.remove();
  });
});
