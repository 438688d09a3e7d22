import { describe, expect, it } from 'vitest';
import { formatBytes, formatElapsed, formatSize } from '../../src/ui/quantities.ts';

describe('quantities', () => {
  it('are in units of 1024', () => {
    expect([0, 1023, 1024, 68_576_870, 5 * 1024 ** 3].map(formatBytes)).toEqual([
      '0 B',
      '1023 B',
      '1.0 KiB',
      '65.4 MiB',
      '5.0 GiB',
    ]);
  });

  it('show differences with their sign', () => {
    expect(formatSize(2048, undefined)).toBe('2.0 KiB');
    expect(formatSize(2048, 1024)).toBe('2.0 KiB (+1.0 KiB)');
    expect(formatSize(2048, -1024)).toBe('2.0 KiB (-1.0 KiB)');
    expect(formatSize(2048, 0)).toBe('2.0 KiB (+0 B)');
  });

  it('show elapsed time in seconds, then in minutes', () => {
    expect([0, 950, 59_900, 59_960, 125_400].map(formatElapsed)).toEqual([
      '0.0s',
      '0.9s',
      '59.9s',
      '1m00s',
      '2m05s',
    ]);
  });
});
