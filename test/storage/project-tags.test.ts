import { describe, expect, it } from 'vitest';
import type { StageDigest } from '../../src/stages/stage-digest.ts';
import { baseCopyTag } from '../../src/storage/base-copies.ts';
import { isImmutable, projectTag } from '../../src/storage/project-tags.ts';
import {
  commitTag,
  customTagRecordTag,
  managedImageTag,
  rejectedTag,
} from '../../src/storage/record-tags.ts';

const digest = 'a'.repeat(56) as StageDigest;
const id = { digest, timestamp: 1_700_000_000_000 };

describe('a tag of the project', () => {
  it.each([
    [`${digest}-1700000000000`, 'stage', true],
    [digest, 'index', false],
    [rejectedTag(id), 'rejected', true],
    [managedImageTag('app'), 'record', true],
    [managedImageTag(''), 'record', true],
    [`import-metadata-${digest}`, 'record', true],
    [customTagRecordTag('v1'), 'custom-tag-record', false],
    [baseCopyTag('alpine'), 'base-copy', false],
  ])('is known by its form: %s', (tag, kind, immutable) => {
    expect([projectTag(tag), isImmutable(projectTag(tag))]).toEqual([kind, immutable]);
  });

  it('may say of a commit what an image was', () => {
    const tag = commitTag({ image: 'app', commit: 'b'.repeat(40), ...STAGE } as Parameters<
      typeof commitTag
    >[0]);
    expect(projectTag(tag)).toBe('record');
  });

  it.each(['latest', 'v1.0', 'cleanup', 'sync-server', 'client-id-1-2', 'meta-data', `${digest}-17`])(
    'is not one of a foreign or of one repository’s own: %s',
    (tag) => expect(projectTag(tag)).toBeNull(),
  );
});

/** Whatever records of commits name a stage by. */
const STAGE = { stage: id, tag: `${digest}-1700000000000` };
