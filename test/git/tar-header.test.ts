import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { TAR_END, type TarEntry, tarHeader, tarPadding } from '../../src/git/tar-header.ts';
import { readTar } from './read-tar.ts';

const FILE: TarEntry = { path: 'a', type: 'file', mode: 0o644, size: 0, date: 1_700_000_000, target: '' };

/** As GNU tar lists it, which is another reader than that of the tests. */
function listed(...entries: readonly TarEntry[]): readonly string[] {
  const input = Buffer.concat([...entries.map(tarHeader), TAR_END]);
  const options = ['--list', '--verbose', '--utc', '--numeric-owner', '--quoting-style=literal', '--file=-'];
  const env = { ...process.env, LC_ALL: 'C.UTF-8' };
  return execFileSync('tar', options, { input, encoding: 'utf8', env }).split('\n');
}

const PATHS = {
  short: 'a',
  'as long as a name may be': 'x'.repeat(100),
  'longer than a name may be': 'x'.repeat(101),
  'with a prefix': `${'d'.repeat(60)}/${'e'.repeat(60)}/file`,
  'with the longest prefix': `${'d'.repeat(155)}/${'x'.repeat(100)}`,
  'with too long a prefix': `${'d'.repeat(156)}/${'x'.repeat(100)}`,
  deep: Array.from({ length: 80 }, (_, i) => `directory${i}`).join('/'),
  Cyrillic: 'каталог/имя файла',
  CJK: '文件/名'.repeat(40),
  blanks: ' a  b ',
  signs: `"q" 'q' $x !y ?z &c \\ *`,
  'with a line feed': 'new\nline',
};

describe('the header of a tar', () => {
  it.each(Object.entries(PATHS))('keeps a path: %s', async (_, path) => {
    const [file] = await readTar(Buffer.concat([tarHeader({ ...FILE, path }), TAR_END]));
    expect(file).toMatchObject({ name: path, type: 'file', mode: '644', owner: '0:0', date: FILE.date });
    if (!path.includes('\n')) expect(listed({ ...FILE, path })[0]).toContain(path);
  });

  it.each(Object.entries(PATHS))('keeps the target of a link: %s', async (_, target) => {
    const link: TarEntry = { ...FILE, path: 'имя', type: 'link', mode: 0o777, target };
    const [file] = await readTar(Buffer.concat([tarHeader(link), TAR_END]));
    expect(file).toMatchObject({ name: 'имя', type: 'symlink', mode: '777', target });
  });

  it('keeps sizes that have no place in it', () => {
    const size = 2 ** 33 + 7;
    const header = tarHeader({ ...FILE, size });
    expect(header.toString('latin1')).toContain(`size=${size}\n`);
    expect(tarHeader({ ...FILE, size: 2 ** 33 - 1 })).toHaveLength(512);
    expect(tarHeader({ ...FILE, size: 2 ** 33 })).toHaveLength(3 * 512);
  });

  it('has a date in any year', () => {
    const dates = [-1, 0, 2 ** 40].map((date) => listed({ ...FILE, date })[0]?.split(/\s+/)[3]);
    expect(dates).toEqual(['1970-01-01', '1970-01-01', '2242-03-16']);
  });

  it('is a whole number of blocks, and so is what follows', () => {
    for (const path of Object.values(PATHS)) expect(tarHeader({ ...FILE, path }).length % 512).toBe(0);
    expect([0, 1, 511, 512, 513].map((size) => tarPadding(size).length)).toEqual([0, 511, 1, 0, 511]);
  });
});
