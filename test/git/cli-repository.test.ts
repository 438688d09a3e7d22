import { describe, expect, it } from 'vitest';
import { cliRepository } from '../../src/git/cli/cli-repository.ts';
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
    await repository.close();
    await project.remove();
  });
});
