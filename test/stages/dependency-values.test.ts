import { describe, expect, it } from 'vitest';
import type { ImageDependency } from '../../src/config/image-inputs.ts';
import { UserError } from '../../src/diagnostics/user-error.ts';
import { dependencyValue, dependencyValues, type LastStage } from '../../src/stages/dependency-values.ts';

const POSITION = { file: 'werf.yaml', line: 7, column: 3 };
const STORED: LastStage = {
  repo: 'r.example.com/p',
  tag: 'abc-1',
  name: 'r.example.com/p:abc-1',
  digest: 'sha256:2',
  id: 'sha256:1',
};
const LOCAL: LastStage = { ...STORED, repo: 'p', name: 'p:abc-1', digest: '' };

function dependency(...imports: ImageDependency['imports']): ImageDependency {
  return { image: 'base', when: null, imports, position: POSITION };
}

describe('a value of another image', () => {
  it.each([
    ['ImageName', 'r.example.com/p:abc-1', 'p:abc-1'],
    ['ImageTag', 'abc-1', 'abc-1'],
    ['ImageRepo', 'r.example.com/p', 'p'],
    ['ImageID', 'sha256:1', 'sha256:1'],
  ] as const)('%s is %s in a repository, %s in the local storage', (type, stored, local) => {
    expect(dependencyValue(type, STORED)).toBe(stored);
    expect(dependencyValue(type, LOCAL)).toBe(local);
  });

  it('is its digest only where a registry gave one', () => {
    expect(dependencyValue('ImageDigest', STORED)).toBe('sha256:2');
    expect(dependencyValue('ImageDigest', LOCAL)).toEqual({
      error: expect.stringContaining('p:abc-1 has no digest'),
    });
  });

  it('goes by the name of its target', () => {
    const wanted = dependency({ type: 'ImageTag', target: 'TAG' }, { type: 'ImageName', target: 'NAME' });
    expect([...dependencyValues(wanted, STORED)]).toEqual([
      ['TAG', 'abc-1'],
      ['NAME', 'r.example.com/p:abc-1'],
    ]);
  });

  it('that does not exist is an error that says where it is asked for', () => {
    try {
      dependencyValues(dependency({ type: 'ImageDigest', target: 'DIGEST' }), LOCAL);
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      expect(error.message).toMatch(/^the ImageDigest of image base cannot be passed as DIGEST: /);
      expect(error.problems).toMatchObject([{ position: POSITION, hint: expect.stringContaining('--repo') }]);
    }
  });
});
