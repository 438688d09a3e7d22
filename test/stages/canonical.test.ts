import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Canonical, inputHash, stageHash } from '../../src/stages/canonical.ts';

describe('a hash of inputs', () => {
  it('is SHA3-224 for stages and SHA-256 for inputs, over netstrings', () => {
    expect(stageHash([])).toBe('6b4e03423667dbb73b6e15454f0eb1abd4597f9a1b078e3f5b5a6bc7'); // of nothing
    expect(inputHash([])).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });

  it('counts bytes, not characters', () => {
    expect(inputHash(['ä'])).toBe(inputHash(['ä']));
    expect(inputHash(['ä', 'b'])).not.toBe(inputHash(['äb']));
  });

  it('keeps the boundaries of fields', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 2 }), (parts) => {
        const joined = [`${parts[0]}${parts[1]}`, ...parts.slice(2)];
        expect(inputHash(parts)).not.toBe(inputHash(joined));
      }),
    );
  });

  it('keeps the boundaries of lists', () => {
    const list = (items: string[]): Canonical => items;
    expect(inputHash([list(['a']), list(['b'])])).not.toBe(inputHash([list(['a', 'b']), list([])]));
  });

  it('does not depend on the order of keys', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string()), (object) => {
        const entries = Object.entries(object);
        expect(inputHash([new Map(entries)])).toBe(inputHash([new Map(entries.reverse())]));
      }),
    );
  });
});
