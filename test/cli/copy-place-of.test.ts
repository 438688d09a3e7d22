import { describe, expect, it } from 'vitest';
import { copyPlaceOf } from '../../src/cli/copy-place-of.ts';

describe('where stages are copied from or to', () => {
  it('is a repository or a file', () => {
    expect(copyPlaceOf('from', 'docker://registry.example.com/p', '/work')).toEqual({
      kind: 'repository',
      address: 'registry.example.com/p',
      text: 'docker://registry.example.com/p',
    });
    const text = 'archive:../stages.tar';
    expect(copyPlaceOf('to', text, '/work')).toEqual({ kind: 'archive', path: '/stages.tar', text });
  });

  it.each([
    [null, '`stages copy` needs --to'],
    ['', '`stages copy` needs --to'],
    ['archive:', '--to: "archive:" names no file'],
    ['https://registry/p', 'without http:// or https://'],
    ['registry.example.com/p:1', 'must not name a tag'],
  ])('is nothing else: %s', (text, message) => {
    expect(() => copyPlaceOf('to', text, '/work')).toThrow(message);
  });
});
