import type { GitMapping } from '../../src/config/stapel-parts.ts';

/** A mapping of the project's own `/src` to `/app`, with other fields where they are given. */
export function gitMapping(fields: Partial<GitMapping> = {}): GitMapping {
  return {
    repository: { kind: 'own' },
    add: '/src',
    to: '/app',
    owner: null,
    group: null,
    includePaths: [],
    excludePaths: [],
    stageDependencies: { install: [], beforeSetup: [], setup: [] },
    position: { file: 'werf.yaml', line: 1, column: 1 },
    ...fields,
  };
}
