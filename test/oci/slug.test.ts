import { describe, expect, it } from 'vitest';
import { murmur3 } from '../../src/oci/murmur3.ts';
import { isFit, SLUG_FORMATS, shortSlug, slugify } from '../../src/oci/slug.ts';
import { transliterated } from '../../src/oci/transliteration.ts';

describe('MurmurHash3 of 32 bits', () => {
  it.each([
    ['', 0x00000000],
    ['a', 0x3c2569b2],
    ['test', 0xba6bd213],
    ['Hello, world!', 0xc0363e43],
    ['The quick brown fox jumps over the lazy dog', 0x2e4ff723],
  ])('of %j', (text, hash) => {
    expect(murmur3(text)).toBe(hash);
  });

  it('reads texts as UTF-8', () => {
    expect(slugify('ветка', 'docker-tag')).toBe('vetka-1fdecee0');
  });
});

describe('transliteration', () => {
  it.each([
    ['Ёлка-щука', 'yolka-shchuka'],
    ['Ελλάδα', 'ellada'],
    ['Größe Ægir Łódź Crème', 'grosse-aegir-lodz-creme'],
    ['Йод', 'yod'],
    ['a_b.c/d,e;f:g=h+i<j>k~l&m(n)o[p]q{r}s', 'a-b-c-d-e-f-g-h-i-j-k-l-m-n-o-p-q-r-s'],
    ['!@#$%^*|"\'?\\日本', ''],
  ])('of %j', (text, latin) => {
    expect(transliterated(text)).toBe(latin);
  });
});

describe('a slug', () => {
  it('keeps what is valid', () => {
    expect(slugify('my-branch', 'kubernetes-namespace')).toBe('my-branch');
    expect(slugify('my.release-1', 'helm-release')).toBe('my.release-1');
    expect(slugify('My_tag-1.0', 'docker-tag')).toBe('My_tag-1.0');
  });

  it('is made of what is readable, and a hash', () => {
    expect(slugify('branch/one/!@#4.4-3', 'kubernetes-namespace')).toBe('branch-one-4-4-3-4fe08955');
    expect(slugify('branch/one/!@#4.4-3', 'helm-release')).toBe('branch-one-4-4-3-4fe08955');
    expect(slugify('My_branch', 'kubernetes-namespace')).toBe('my-branch-8ebf2d1d');
    expect(slugify('helo/ehlo', 'docker-tag')).toBe('helo-ehlo-b6f6ab1f');
    expect(slugify('日本', 'docker-tag')).toMatch(/^[0-9a-f]{1,8}$/);
  });

  it.each(SLUG_FORMATS)('fits as a %s, however long and odd the text is', (format) => {
    for (const text of [
      'x'.repeat(300),
      `${'ab/'.repeat(100)}`,
      '-',
      '..',
      '/'.repeat(200),
      'Ж'.repeat(200),
    ]) {
      expect(isFit(slugify(text, format), format)).toBe(true);
    }
  });

  it('knows the limits of names', () => {
    expect(isFit('a'.repeat(63), 'kubernetes-namespace')).toBe(true);
    expect(slugify('a'.repeat(64), 'kubernetes-namespace')).toMatch(/^a{54}-[0-9a-f]{1,8}$/);
    expect(isFit('a'.repeat(54), 'helm-release')).toBe(false);
    expect(isFit('a'.repeat(128), 'docker-tag')).toBe(true);
    for (const text of ['a-', '-a', 'a.b', 'A']) expect(isFit(text, 'kubernetes-namespace')).toBe(false);
    for (const text of ['a..b', '.a', 'a.-b']) expect(isFit(text, 'helm-release')).toBe(false);
    for (const text of ['.a', '-a', 'a b', 'a\n']) expect(isFit(text, 'docker-tag')).toBe(false);
  });

  it('of an image keeps short names without odd characters', () => {
    expect(shortSlug('app')).toBe('app');
    expect(shortSlug('')).toBe('');
    expect(shortSlug('web/app')).toMatch(/^web-app-[0-9a-f]{1,8}$/);
    expect(shortSlug('My_app')).toMatch(/^my-app-[0-9a-f]{1,8}$/);
    expect(shortSlug('A')).toBe('a-54dcf7ce');
    expect(shortSlug('x'.repeat(43))).toBe(`${'x'.repeat(33)}-27e2f02f`);
  });
});
