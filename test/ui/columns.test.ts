import { describe, expect, it } from 'vitest';
import { clip, columnsOf } from '../../src/ui/columns.ts';
import { wrapText } from '../../src/ui/wrap-text.ts';

const FAMILY = '👩‍👩‍👧‍👦';

describe('columns', () => {
  it.each([
    ['abc', 3],
    ['', 0],
    ['船', 2],
    ['é', 1],
    ['e\u0301', 1],
    ['⛵ app', 6],
    [FAMILY, 2],
    ['🇩🇪', 2],
    ['1️⃣', 2],
    ['…│┌', 3],
    ['\u001b[31mred\u001b[0m', 3],
    ['\u200b', 0],
  ])('of %j are %i', (text, columns) => {
    expect(columnsOf(text)).toBe(columns);
  });
});

describe('clipping', () => {
  it('counts columns, and never halves a wide character', () => {
    expect(clip('abcdef', 6)).toBe('abcdef');
    expect(clip('abcdefg', 6)).toBe('abcde…');
    expect(clip('船船船船', 6)).toBe('船船…');
    expect(clip(FAMILY + FAMILY, 3)).toBe(`${FAMILY}…`);
  });
});

describe('wrapping', () => {
  it('breaks at blanks and keeps the indentation of the first part', () => {
    expect(wrapText('  one two  three', 9)).toEqual(['  one two', 'three']);
    expect(wrapText('one two  three', 20)).toEqual(['one two  three']);
  });

  it('leaves wide words whole', () => {
    const word = 'x'.repeat(30);
    expect(wrapText(`a ${word} b`, 10)).toEqual(['a', word, 'b']);
    expect(wrapText(word, 10)).toEqual([word]);
  });

  it('carries no colour over that has ended', () => {
    const text = '\u001b[33mWARNING:\u001b[39m one two';
    expect(wrapText(text, 12)).toEqual(['\u001b[33mWARNING:\u001b[39m one', 'two']);
  });

  it('carries colours over', () => {
    expect(wrapText('\u001b[31mone two\u001b[0m three', 5)).toEqual([
      '\u001b[31mone\u001b[0m',
      '\u001b[31mtwo\u001b[0m',
      'three',
    ]);
  });
});
