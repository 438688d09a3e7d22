import { describe, expect, it } from 'vitest';
import { isomorphicRepository } from '../../src/git/isomorphic/isomorphic-repository.ts';
import { gitRepositoryContract } from '../contract/git-repository.ts';
import { gitFixture } from './git-fixture.ts';

gitRepositoryContract('isomorphic-git', ({ root, gitDirectory }) => isomorphicRepository(root, gitDirectory));

describe('isomorphic-git', () => {
  it('says that it cannot read SHA-256 repositories', async () => {
    const project = await gitFixture('--object-format=sha256');
    await project.write({ a: 'content' });
    await project.commit('first');
    const repository = isomorphicRepository(project.root, `${project.root}/.git`);
    await expect(repository.commits.head()).rejects.toThrow(/SHA-256.*git program/);
    await project.remove();
  });
});
