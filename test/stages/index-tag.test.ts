import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Platform } from '../../src/oci/platform.ts';
import { indexTag } from '../../src/stages/index-tag.ts';
import { stagePlatforms } from '../../src/stages/stage-platforms.ts';
import { commitTag, parseCommitTag } from '../../src/storage/record-tags.ts';

const part = (platform: string, tag: string) => ({ platform: platform as Platform, tag });

describe('the tag of an index', () => {
  it('is the digest of the tags, in the order of the names of the platforms', () => {
    const tag = createHash('sha3-224').update('one:::three:::two').digest('hex');
    const parts = [part('linux/arm64', 'two'), part('linux/amd64', 'one'), part('linux/arm/v7', 'three')];
    expect(indexTag(parts)).toBe(tag);
    expect(indexTag([...parts].reverse())).toBe(tag);
    // As any tool computes it.
    expect(indexTag([part('linux/amd64', 'a'), part('linux/arm64', 'b')])).toBe(
      '79dd04f1b62d7ca1423b75bc1f7b37a2a8f2b79d7e2f56f549ecd632',
    );
  });

  it('stands in the record of a commit as one of a stage does', () => {
    const commit = 'c'.repeat(40);
    for (const tag of ['a'.repeat(56), `${'a'.repeat(56)}-1700000000000`]) {
      expect(parseCommitTag(commitTag({ image: 'app', commit, tag }))).toMatchObject({ commit, tag });
    }
    expect(parseCommitTag(`meta-01234567_${commit}_latest`)).toBeNull();
  });
});

describe('the platforms of the stages of a Dockerfile', () => {
  it('are those of FROM, else of the base, else of the target', () => {
    const stage = (index: number, baseStage: number, platform: string) => ({ index, baseStage, platform });
    const stages = [stage(0, -1, 'linux/amd64'), stage(1, 0, ''), stage(3, -1, ''), stage(4, 1, 'arm/v7')];
    expect([...stagePlatforms(stages, 'linux/arm64' as Platform)]).toEqual([
      [0, 'linux/amd64'],
      [1, 'linux/amd64'],
      [3, 'linux/arm64'],
      [4, 'linux/arm/v7'],
    ]);
  });
});
