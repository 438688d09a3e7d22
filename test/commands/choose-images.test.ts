import { describe, expect, it } from 'vitest';
import { chooseImages } from '../../src/commands/choose-images.ts';

const images = ['', 'app', 'app-debug', 'tools/lint', 'tools/test/unit', 'base'].map((name) => ({
  name,
  final: name !== 'base',
}));

function choose(...args: string[]) {
  return chooseImages(images, args, { finalOnly: false });
}

describe('image arguments', () => {
  it('choose all images when there are none', () => {
    expect(choose()).toEqual(['', 'app', 'app-debug', 'tools/lint', 'tools/test/unit', 'base']);
  });

  it('choose by name, in the order of the file', () => {
    expect(choose('base', 'app')).toEqual(['app', 'base']);
    expect(choose('~')).toEqual(['']);
  });

  it.each([
    ['app*', ['app', 'app-debug']],
    ['tools/*', ['tools/lint']],
    ['tools/*/*', ['tools/test/unit']],
    ['*', ['', 'app', 'app-debug', 'base']],
    ['?ase', ['base']],
    ['[ab]*', ['app', 'app-debug', 'base']],
    ['[!a]ase', ['base']],
    ['[a-c]ase', ['base']],
    ['tools[/]lint', null],
  ])('match the pattern %s inside one part of a name', (pattern, expected) => {
    if (expected === null) expect(() => choose(pattern)).toThrow(`no image matches "${pattern}"`);
    else expect(choose(pattern)).toEqual(expected);
  });

  it('exclude with !, and choose the others when nothing else is said', () => {
    expect(choose('!app*', '!~')).toEqual(['tools/lint', 'tools/test/unit', 'base']);
    expect(choose('app*', '!app-debug')).toEqual(['app']);
  });

  it('restrict to final images only what no argument names', () => {
    expect(chooseImages(images, ['!app*'], { finalOnly: true })).toEqual([
      '',
      'tools/lint',
      'tools/test/unit',
    ]);
    expect(chooseImages(images, ['base'], { finalOnly: true })).toEqual(['base']);
  });

  it('must match something', () => {
    expect(() => choose('ap')).toThrow('no image matches "ap"');
    expect(() => choose('!nothing')).toThrow('no image matches "nothing"');
  });

  it.each([
    ['a'.repeat(101), 'longer than 100'],
    ['a&b', 'holds "&"'],
    ['a|b', 'holds "|"'],
    ['a$b', 'holds "$"'],
    ['**', 'holds "**"'],
    ['a[b', 'opens "["'],
    ['[]', 'empty "[]"'],
    ['[z-a]', 'bad range'],
    ['!', 'is empty'],
  ])('refuse %s', (pattern, reason) => {
    expect(() => choose(pattern)).toThrow(reason);
  });

  it('take every other character as it is', () => {
    const odd = [
      { name: 'a.b+c(d)', final: true },
      { name: 'aXb', final: true },
    ];
    expect(chooseImages(odd, ['a.b+c(d)'], { finalOnly: false })).toEqual(['a.b+c(d)']);
  });
});
