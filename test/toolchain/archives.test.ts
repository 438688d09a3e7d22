import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAr } from '../../scripts/toolchain/ar.ts';
import { readDeb } from '../../scripts/toolchain/deb.ts';
import { readTar, type TarEntry, writeTar } from '../../scripts/toolchain/tar.ts';

const LONG = `${'directory-of-a-long-name/'.repeat(6)}file`;

let work: string;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'slipway-archives-'));
  mkdirSync(join(work, 'root', LONG, '..'), { recursive: true });
  writeFileSync(join(work, 'root', LONG), 'long');
  writeFileSync(join(work, 'root', 'a'), 'text\n');
  chmodSync(join(work, 'root', 'a'), 0o755);
  linkSync(join(work, 'root', 'a'), join(work, 'root', 'b'));
  symlinkSync(LONG, join(work, 'root', 'link'));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** The oldest form has no room for the target of the link. */
const tarOf = (format: string) => {
  const without = format === 'ustar' ? ['--exclude=./link'] : [];
  return execFileSync('tar', [
    '-C',
    join(work, 'root'),
    `--format=${format}`,
    '--sort=name',
    ...without,
    '-cf',
    '-',
    '.',
  ]);
};

const simple = (entries: readonly TarEntry[]) =>
  entries.flatMap((entry) => {
    if (entry.kind === 'directory') return [];
    return [[entry.path, entry.kind === 'file' ? entry.content.toString() : `-> ${entry.target}`]];
  });

describe('a tar', () => {
  it.each(['gnu', 'pax', 'ustar'])('is read in the form of %s', (format) => {
    const entries = readTar(tarOf(format));
    expect(Object.fromEntries(simple(entries))).toEqual({
      a: 'text\n',
      b: 'text\n',
      ...(format === 'ustar' ? {} : { link: `-> ${LONG}` }),
      [LONG]: 'long',
    });
    expect(entries.find(({ path }) => path === 'a')).toMatchObject({ kind: 'file', mode: 0o755 });
  });

  it('is told to be cut off', () => {
    const tar = tarOf('gnu');
    const cut = tar.subarray(0, tar.indexOf('text\n'));
    expect(() => readTar(cut)).toThrow(/^the tar ends within its entry at byte \d+$/);
  });

  it('is written as others read it', () => {
    const entries: readonly TarEntry[] = [
      { kind: 'directory', path: 'bin', mode: 0o755 },
      { kind: 'file', path: 'bin/tool', mode: 0o755, content: Buffer.from('x'.repeat(513)) },
      { kind: 'file', path: LONG, mode: 0o644, content: Buffer.from('') },
      { kind: 'link', path: 'link', target: LONG },
    ];
    const tar = writeTar(entries, 1_700_000_000);
    const list = execFileSync('tar', ['--utc', '--numeric-owner', '-tvf', '-'], {
      input: tar,
      encoding: 'utf8',
    });
    expect(list.replace(/ +/g, ' ').trim().split('\n')).toEqual([
      'drwxr-xr-x 0/0 0 2023-11-14 22:13 bin/',
      '-rwxr-xr-x 0/0 513 2023-11-14 22:13 bin/tool',
      `-rw-r--r-- 0/0 0 2023-11-14 22:13 ${LONG}`,
      `lrwxrwxrwx 0/0 0 2023-11-14 22:13 link -> ${LONG}`,
    ]);
    expect(readTar(tar)).toEqual(entries);
  });
});

describe('an ar archive', () => {
  it('is read as ar writes it', () => {
    execFileSync('ar', ['qcS', join(work, 'x.a'), join(work, 'root', 'a'), join(work, 'root', LONG)]);
    const members = readAr(readFileSync(join(work, 'x.a')));
    expect(members.map(({ name, content }) => [name, content.toString()])).toEqual([
      ['a', 'text\n'],
      ['file', 'long'],
    ]);
  });

  it('is told to be broken', () => {
    const archive = readFileSync(join(work, 'x.a'));
    expect(() => readAr(Buffer.from('text'))).toThrow('this is no ar archive');
    expect(() => readAr(archive.subarray(0, archive.length - 2))).toThrow(/ends within its member at byte/);
    expect(() => readAr(archive.subarray(0, 30))).toThrow(/broken header at byte 8/);
  });
});

it.each(['xz', 'zstd', 'gzip', 'none'])('a Debian package compressed by %s is read', (compression) => {
  mkdirSync(join(work, 'root', 'DEBIAN'), { recursive: true });
  writeFileSync(
    join(work, 'root', 'DEBIAN', 'control'),
    'Package: x\nVersion: 1\nArchitecture: all\nMaintainer: nobody <nobody@example.org>\nDescription: x\n',
  );
  const deb = join(work, `${compression}.deb`);
  execFileSync('dpkg-deb', ['--root-owner-group', `-Z${compression}`, '--build', join(work, 'root'), deb]);
  expect(Object.fromEntries(simple(readDeb(readFileSync(deb))))).toMatchObject({
    a: 'text\n',
    link: `-> ${LONG}`,
  });
});
