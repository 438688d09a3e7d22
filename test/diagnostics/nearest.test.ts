import { describe, expect, it } from 'vitest';
import { nearest } from '../../src/diagnostics/nearest.ts';
import { secretMask } from '../../src/diagnostics/secrets.ts';

const KEYS = ['dockerfile', 'context', 'target', 'args'];

describe('the nearest word', () => {
  it.each([
    ['dockerFile', 'dockerfile'],
    ['contxet', 'context'],
    ['arg', 'args'],
    ['tagret', 'target'],
  ])('to %s is %s', (word, key) => expect(nearest(word, KEYS)).toBe(key));
  it('is nothing when none is near', () => expect(nearest('platform', KEYS)).toBeNull());
});

describe('a secret', () => {
  it('is masked wherever it turns up, its lines too', () => {
    const mask = secretMask();
    mask.add('first line\nsecond line\n');
    mask.add('first line of all');
    expect(mask.apply('a first line of all, second line')).toBe('a ***, ***');
  });
  it('is left when it is so short that it would mask ordinary text', () => {
    const mask = secretMask();
    mask.add('abc');
    expect(mask.apply('abc')).toBe('abc');
  });
});
