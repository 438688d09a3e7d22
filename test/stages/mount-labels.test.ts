import { describe, expect, it } from 'vitest';
import { mountLabels, recordedMounts } from '../../src/stages/mount-labels.ts';

describe('labels of mounts', () => {
  const own = [
    { to: '/cache', source: { kind: 'build_dir' } },
    { to: '/tmp/b', source: { kind: 'tmp_dir' } },
    { to: '/tmp/a', source: { kind: 'tmp_dir' } },
    { to: '/keys', source: { kind: 'path', path: '~/keys/of project' } },
  ] as const;

  it('say what is mounted where, and are read back', () => {
    const labels = mountLabels(new Map(), own);
    expect(Object.fromEntries(labels)).toEqual({
      'werf-mount-type-build-dir': '/cache',
      'werf-mount-type-tmp-dir': '/tmp/a;/tmp/b',
      'werf-mount-type-custom-dir-~--keys--of project': '/keys',
    });
    expect(recordedMounts(labels)).toEqual([...own].sort((a, b) => (a.to < b.to ? -1 : 1)));
  });

  it('keep what the base has recorded, unless something else is mounted there', () => {
    const base = mountLabels(new Map([['other', 'x']]), own);
    const next = mountLabels(base, [{ to: '/cache', source: { kind: 'tmp_dir' } }]);
    expect(recordedMounts(next)).toEqual([
      { to: '/cache', source: { kind: 'tmp_dir' } },
      { to: '/keys', source: { kind: 'path', path: '~/keys/of project' } },
      { to: '/tmp/a', source: { kind: 'tmp_dir' } },
      { to: '/tmp/b', source: { kind: 'tmp_dir' } },
    ]);
  });
});
