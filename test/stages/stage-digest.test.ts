import { describe, expect, it } from 'vitest';
import { type Platform, parsePlatform } from '../../src/oci/platform.ts';
import { contentDigest, type StageInputs, stageDigest } from '../../src/stages/stage-digest.ts';

const amd64 = parsePlatform('amd64') as Platform;
const first: StageInputs = { platform: amd64, name: 'dockerfile', dependencies: ['a'], previous: null };
const digest = stageDigest(first);

describe('a stage digest', () => {
  it('has 56 hexadecimal digits', () => {
    expect(digest).toMatch(/^[0-9a-f]{56}$/);
  });

  it.each<[string, Partial<StageInputs>]>([
    ['the platform', { platform: parsePlatform('arm64') as Platform }],
    ['the name', { name: 'install' }],
    ['a dependency', { dependencies: ['b'] }],
    ['the number of dependencies', { dependencies: ['a', ''] }],
    ['the previous stage', { previous: { digest, gitState: '' } }],
  ])('changes with %s', (_, change) => {
    expect(stageDigest({ ...first, ...change })).not.toBe(digest);
  });

  it('changes with the commits recorded in the previous stage', () => {
    const behind = (gitState: string) => stageDigest({ ...first, previous: { digest, gitState } });
    expect(behind('x')).not.toBe(behind('y'));
  });
});

describe('a content digest', () => {
  it('differs from the stage digest and follows the recorded commits', () => {
    const at = (gitState: string) => contentDigest({ platform: amd64, name: 'gitArchive', digest, gitState });
    expect(at('')).not.toBe(digest);
    expect(at('x')).not.toBe(at('y'));
  });
});
