import { describe, expect, it } from 'vitest';
import { nextTimestamp, orderCandidates } from '../../src/stages/select-stage.ts';
import type { StageDigest } from '../../src/stages/stage-digest.ts';
import { formatStageId, parseStageId, type StageId } from '../../src/stages/stage-id.ts';

const digest = 'a'.repeat(56) as StageDigest;
const at = (timestamp: number): StageId => ({ digest, timestamp });

describe('choosing among stages of one digest', () => {
  it('prefers the one that was saved first', () => {
    expect(orderCandidates([at(3), at(1), at(2)], 0).map((id) => id.timestamp)).toEqual([1, 2, 3]);
  });

  it('leaves out those saved before the previous stage', () => {
    expect(orderCandidates([at(1), at(5)], 5).map((id) => id.timestamp)).toEqual([5]);
  });
});

describe('the time that names a new stage', () => {
  it('is the present', () => expect(nextTimestamp(10, [], 0)).toBe(10));
  it('is later than every stage of the digest, though clocks differ', () =>
    expect(nextTimestamp(10, [at(10), at(20)], 0)).toBe(21));
  it('is not before the previous stage', () => expect(nextTimestamp(10, [], 30)).toBe(30));
});

describe('a stage id', () => {
  it('is the digest and thirteen digits', () => {
    const id = at(1767225600000);
    expect(formatStageId(id)).toBe(`${digest}-1767225600000`);
    expect(parseStageId(formatStageId(id))).toEqual(id);
  });

  it.each(['latest', digest, `${digest}-1`, `${digest}-1767225600000-rejected`, `x${digest}-1767225600000`])(
    'is not %s',
    (tag) => expect(parseStageId(tag)).toBeNull(),
  );
});
