import { describe, expect, it } from 'vitest';
import { formatGoLayout } from '../../src/ui/go-time-layout.ts';

const TIME = Date.UTC(2026, 10, 4, 15, 7, 9, 45);

describe('a layout of Go', () => {
  it.each([
    ['2006-01-02T15:04:05Z07:00', 0, '2026-11-04T15:07:09Z'],
    ['2006-01-02T15:04:05Z07:00', 120, '2026-11-04T17:07:09+02:00'],
    ['2006-01-02T15:04:05.999999999Z07:00', -90, '2026-11-04T13:37:09.045-01:30'],
    ['Mon, 02 Jan 2006 15:04:05 MST', 0, 'Wed, 04 Nov 2026 15:07:09 UTC'],
    ['Monday, 02-Jan-06 15:04:05 -0700', 60, 'Wednesday, 04-Nov-26 16:07:09 +0100'],
    ['Jan _2 15:04:05.000000', 0, 'Nov  4 15:07:09.045000'],
    ['3:04PM', 0, '3:07PM'],
    ['15:04:05,000', 0, '15:07:09,045'],
  ])('%s', (layout, zone, expected) => {
    expect(formatGoLayout(layout, TIME, zone)).toBe(expected);
  });

  it('drops a fraction of nothing but zeros where it is written with nines', () => {
    expect(formatGoLayout('05.999', Date.UTC(2026, 0, 1), 0)).toBe('00');
  });
});
