import { describe, expect, it } from 'vitest';
import type { ShellInstructions } from '../../src/config/stapel-parts.ts';
import type { Platform } from '../../src/oci/platform.ts';
import { inputHash } from '../../src/stages/canonical.ts';
import { gitState, mappingHash, recordedMapping } from '../../src/stages/mapping-identity.ts';
import type { ContentDigest } from '../../src/stages/stage-digest.ts';
import {
  dependencyInputs,
  fromInputs,
  gitCacheInputs,
  importSourceId,
  latestPatchInputs,
  shellInputs,
} from '../../src/stages/stapel-inputs.ts';
import { gitMapping } from './git-mapping.ts';

const position = { file: 'werf.yaml', line: 1, column: 1 };
const content = 'c'.repeat(56) as ContentDigest;

describe('the inputs of the stage from', () => {
  const inputs = {
    cacheVersion: '',
    fromCacheVersion: '',
    latestDigest: '',
    mounts: [],
    base: { kind: 'reference', reference: 'debian:12' },
  } as const;
  const mount = (to: string, source: { kind: 'tmp_dir' } | { kind: 'path'; path: string }) => ({
    to,
    source,
    position,
  });

  it('tell apart a reference, an image and nothing', () => {
    const image = { ...inputs, base: { kind: 'image', contentDigest: content } } as const;
    const scratch = { ...inputs, base: { kind: 'scratch' } } as const;
    const all = [inputs, image, scratch].map((one) => inputHash(fromInputs(one)));
    expect(new Set(all).size).toBe(3);
  });

  it('hold the mounts in whatever order they are written', () => {
    const a = mount('/a', { kind: 'tmp_dir' });
    const b = mount('/b', { kind: 'path', path: '/host' });
    expect(fromInputs({ ...inputs, mounts: [a, b] })).toEqual(fromInputs({ ...inputs, mounts: [b, a] }));
    expect(fromInputs({ ...inputs, mounts: [a] })).not.toEqual(fromInputs({ ...inputs, mounts: [b] }));
  });
});

describe('the inputs of user stages', () => {
  const instructions: ShellInstructions = {
    kind: 'shell',
    commands: { beforeInstall: [], install: ['a', 'b'], beforeSetup: [], setup: [] },
    cacheVersion: '',
    stageCacheVersions: { beforeInstall: '', install: '', beforeSetup: '', setup: '' },
  };

  it('keep apart commands that read alike when they are joined', () => {
    const other = { ...instructions, commands: { ...instructions.commands, install: ['a b'] } };
    expect(inputHash(shellInputs(instructions, 'install', []))).not.toBe(
      inputHash(shellInputs(other, 'install', [])),
    );
  });

  it('hold cache versions and checksums', () => {
    const plain = inputHash(shellInputs(instructions, 'install', []));
    expect(inputHash(shellInputs({ ...instructions, cacheVersion: '2' }, 'install', []))).not.toBe(plain);
    expect(inputHash(shellInputs(instructions, 'install', ['none']))).not.toBe(plain);
  });
});

describe('the inputs of imports and dependencies', () => {
  it('follow the files, where they go and whose they become', () => {
    const one = { checksum: 'x', to: '/a', owner: null, group: null };
    const digest = (imports: readonly (typeof one | { owner: string })[]) =>
      inputHash(dependencyInputs(imports as (typeof one)[], []));
    expect(digest([one])).not.toBe(digest([{ ...one, owner: 'app' }]));
    expect(digest([one, { ...one, to: '/b' }])).not.toBe(digest([{ ...one, to: '/b' }, one]));
  });

  it('follow the image that is depended on, not the order of its facts', () => {
    const facts = [
      { type: 'ImageName', target: 'A' },
      { type: 'ImageTag', target: 'B' },
    ] as const;
    const of = (imports: readonly (typeof facts)[number][]) =>
      dependencyInputs([], [{ contentDigest: content, imports }]);
    expect(of(facts)).toEqual(of([...facts].reverse()));
  });

  it('name the record of an import by its source and masks', () => {
    const source = {
      from: { kind: 'stage', contentDigest: content },
      add: '/a',
      includePaths: [],
      excludePaths: [],
    } as const;
    const platform = 'linux/amd64' as Platform;
    const external = { ...source, from: { kind: 'external', reference: content, platform } } as const;
    const other = { ...external, from: { ...external.from, platform: 'linux/arm64' as Platform } };
    const ids = [
      source,
      external,
      other,
      { ...source, includePaths: ['x'] },
      { ...source, excludePaths: ['x'] },
    ];
    expect(new Set(ids.map(importSourceId)).size).toBe(5);
  });
});

describe('the inputs of patches', () => {
  it('are the entries before and after, whatever the diff between them looks like', () => {
    const before = { mode: '100644', id: 'a' };
    const entry = (after: typeof before | null) => latestPatchInputs([[{ path: 'p', before, after }]]);
    expect(inputHash(entry(null))).not.toBe(inputHash(entry({ mode: '100755', id: 'a' })));
    expect(inputHash(latestPatchInputs([[], []]))).not.toBe(inputHash(latestPatchInputs([[]])));
  });

  it('count whole mebibytes for the layer of large changes', () => {
    const mib = 1024 * 1024;
    expect(gitCacheInputs(mib)).toEqual(gitCacheInputs(2 * mib - 1));
    expect(gitCacheInputs(mib)).not.toEqual(gitCacheInputs(2 * mib));
  });
});

describe('a mapping', () => {
  it('is named by what it takes and where it puts it, not by what makes stages run again', () => {
    const hash = mappingHash(gitMapping());
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(
      mappingHash(gitMapping({ stageDependencies: { install: ['x'], beforeSetup: [], setup: [] } })),
    ).toBe(hash);
    const remote = { kind: 'remote', url: 'u', name: 'n', basicAuth: null } as const;
    const others = [
      gitMapping({ add: '/' }),
      gitMapping({ owner: 'app' }),
      gitMapping({ excludePaths: ['x'] }),
      gitMapping({ repository: { ...remote, reference: { kind: 'branch', branch: 'x' } } }),
      gitMapping({ repository: { ...remote, reference: { kind: 'tag', tag: 'x' } } }),
    ].map(mappingHash);
    expect(new Set([hash, ...others]).size).toBe(6);
  });

  it('gives stages a state by the commits that they record, in whatever order', () => {
    const [a, b] = [mappingHash(gitMapping()), mappingHash(gitMapping({ add: '/' }))];
    const labels = new Map([
      [`werf-git-${a}-commit`, '1'],
      [`werf-git-${b}-commit`, '2'],
      [`werf-git-${a}-type`, 'file'],
    ]);
    expect(gitState(labels, [])).toBe('');
    expect(gitState(labels, [a, b])).toBe(gitState(labels, [b, a]));
    expect(recordedMapping(labels, a)).toEqual({ commit: '1', type: 'file' });
    expect(recordedMapping(labels, b)).toEqual({ commit: '2', type: '' });
  });
});
