import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readElf } from '../../scripts/toolchain/elf.ts';
import {
  confine,
  confineLoader,
  PatchMissed,
  replacePath,
  searchForShell,
  stretched,
} from '../../scripts/toolchain/patch.ts';
import { LOADER, placeOf, placeOfTarget, TARGETS } from '../../scripts/toolchain/prefix.ts';
import { file, type Tree } from '../../scripts/toolchain/tree.ts';
import { problemsOf } from '../../scripts/toolchain/verify-tree.ts';

const SOURCE = `#include <unistd.h>
#include <stdlib.h>
int main(int argc, char **argv) {
  char *arguments[] = {"sh", "-c", "echo from the shell", NULL};
  if (argc > 1) execvp(argv[1], argv + 1);
  execv("/bin/sh", arguments);
  return 9;
}
`;

const target = process.arch === 'x64' ? TARGETS.amd64 : TARGETS.arm64;
let work: string;
let program: Buffer;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'slipway-programs-'));
  const options = ['-x', 'c', '-o', join(work, 'program'), '-Wl,-rpath,/opt/somewhere/far/away/lib', '-'];
  execFileSync('gcc', options, { input: SOURCE });
  program = readFileSync(join(work, 'program'));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

describe('an ELF file', () => {
  it('is read as readelf reads it', () => {
    const elf = readElf(program);
    const told = execFileSync('readelf', ['-lWd', join(work, 'program')], { encoding: 'utf8' });
    expect(elf.architecture).toBe(target.architecture);
    expect(told).toContain(`[Requesting program interpreter: ${elf.interpreter?.value}]`);
    expect([...told.matchAll(/NEEDED.*\[(.*)\]/g)].map(([, name]) => name)).toEqual(elf.needed);
    expect(elf.runPaths.map(({ value }) => value)).toEqual(['/opt/somewhere/far/away/lib']);
    expect(elf.imports.map(({ name }) => name)).toEqual(expect.arrayContaining(['execv', 'execvp']));
  });

  it('is told to be none', () => {
    expect(() => readElf(Buffer.from('#!/bin/sh\n'.repeat(10)))).toThrow('this is no 64-bit ELF file');
    const other = Buffer.from(program);
    other.writeUInt16LE(243, 18);
    expect(() => readElf(other)).toThrow('ELF files of machine 243 are not known');
  });
});

describe('a program of the toolchain', () => {
  it('has our loader and our libraries', () => {
    const content = Buffer.from(program);
    confine(content, target);
    const { interpreter, runPaths } = readElf(content);
    expect(interpreter?.value).toBe(LOADER);
    expect(runPaths.map(({ value }) => value.replace(/\/+/g, '/'))).toEqual(['/.werf/stapel/lib']);
    expect(content.length).toBe(program.length);
  });

  it('is refused when it is for another architecture', () => {
    const other = target === TARGETS.amd64 ? TARGETS.arm64 : TARGETS.amd64;
    expect(() => confine(Buffer.from(program), other)).toThrow(`it is for ${target.architecture}`);
  });

  it('starts the shell that PATH leads to', () => {
    const content = Buffer.from(program);
    searchForShell(content, { execv: 'execvp' });
    mkdirSync(join(work, 'bin'));
    writeFileSync(join(work, 'bin', 'sh'), '#!/usr/bin/env bash\necho from another shell\n', { mode: 0o755 });
    writeFileSync(join(work, 'changed'), content, { mode: 0o755 });
    const run = (name: string) =>
      spawnSync(join(work, name), { encoding: 'utf8', env: { PATH: `${work}/bin:/usr/bin:/bin` } }).stdout;
    expect(run('program')).toBe('from the shell\n');
    expect(run('changed')).toBe('from another shell\n');
  });

  it('is not changed when it is not as expected', () => {
    expect(() => searchForShell(Buffer.from(program), { execl: 'execlp' })).toThrow(PatchMissed);
    expect(() => replacePath(Buffer.from(program), '/etc/nothing', '/.werf/stapel/-')).toThrow(
      'it does not hold the path /etc/nothing',
    );
  });
});

describe('a loader', () => {
  const paths = (triplet: string) =>
    [
      '',
      `/lib/${triplet}/`,
      `/usr/lib/${triplet}/`,
      '/lib/',
      '/usr/lib/',
      '/etc/ld.so.cache',
      '/etc/ld.so.preload',
      '',
    ]
      .join('\0')
      .padEnd(256, '\0');
  /** Compares the name of a variable with `LD_`, as Debian's compiler does it. */
  const comparison = {
    amd64: Buffer.from('80384c75ee80780144 75e880780 25f75e2'.replaceAll(' ', ''), 'hex'),
    arm64: Buffer.from(
      '02004039 5f300171 81ffff54 02044039 5f100171 21ffff54 02084039 5f7c0171'.replaceAll(' ', ''),
      'hex',
    ),
  };
  const loader = (one: keyof typeof comparison, times: number) =>
    Buffer.concat([
      Buffer.from(paths(TARGETS[one].triplet)),
      ...Array<Buffer>(times).fill(comparison[one]),
      Buffer.alloc(64),
    ]);

  it.each(['amd64', 'arm64'] as const)('heeds no variable and no directory of the image: %s', (one) => {
    const content = loader(one, 1);
    confineLoader(content, TARGETS[one]);
    const changed = comparison[one]
      .map((byte, at) => byte ^ (content[256 + at] ?? 0))
      .filter((byte) => byte !== 0);
    expect(changed.length).toBeGreaterThan(0);
    const left = content.toString('latin1', 0, 256).split('\0').filter(Boolean);
    expect(left.map((path) => path.replace(/\/+/g, '/'))).toEqual([
      '/.werf/stapel/lib/',
      '/.werf/stapel/lib/',
      '/.-./',
      '/.werf/-/',
      '/.werf/stapel/-',
      '/.werf/stapel/-',
    ]);
  });

  it.each([0, 2])('is refused when it compares variables in %d places', (times) => {
    for (const one of ['amd64', 'arm64'] as const)
      expect(() => confineLoader(loader(one, times), TARGETS[one])).toThrow(
        `it compares variables with LD_ in ${times} places instead of one`,
      );
  });
});

it('a path is stretched to the length of another', () => {
  expect(stretched('/.werf/stapel/lib/', 22)).toBe('/.werf/stapel/////lib/');
  expect(stretched('/etc/ssl/certs', 18)).toBe('/etc/////ssl/certs');
  expect(() => stretched('/.werf/stapel/lib/', 10)).toThrow(PatchMissed);
});

it('files of packages have their places below the prefix', () => {
  const place = (path: string) => placeOf(path, TARGETS.amd64);
  expect(place('bin/ls')).toBe('embedded/bin/ls');
  expect(place('usr/sbin/useradd')).toBe('embedded/sbin/useradd');
  expect(place('usr/lib/x86_64-linux-gnu/libz.so.1')).toBe('lib/libz.so.1');
  expect(place('usr/lib/python3/dist-packages/yaml/nodes.py')).toBe(
    'embedded/lib/python3/dist-packages/yaml/nodes.py',
  );
  expect(place('etc/bash.bashrc')).toBeNull();
  expect(placeOfTarget('usr/bin/unxz', 'xz', TARGETS.amd64)).toBe('xz');
  expect(
    placeOfTarget('usr/lib/x86_64-linux-gnu/libz.so', '/lib/x86_64-linux-gnu/libz.so.1', TARGETS.amd64),
  ).toBe('libz.so.1');
  expect(placeOfTarget('usr/bin/x', '/etc/alternatives/x', TARGETS.amd64)).toBeNull();
});

it('what a tree takes from outside is told', () => {
  const tree: Tree = new Map([
    ['embedded/bin/program', file(program, 0o755)],
    ['embedded/bin/script', file('#!/usr/bin/perl\n', 0o755)],
    ['embedded/bin/ours', file('#!/.werf/stapel/embedded/bin/bash\n', 0o755)],
    ['embedded/bin/link', { kind: 'link', target: '../../../outside' }],
  ]);
  const problems = problemsOf(tree, target);
  expect(problems).toContain('embedded/bin/script: is a script for /usr/bin/perl');
  expect(problems).toContain(
    'embedded/bin/ours: is a script for /.werf/stapel/embedded/bin/bash, which is not there',
  );
  expect(problems).toContain('embedded/bin/link: leads out of the prefix to ../../../outside');
  expect(problems).toContain('embedded/bin/program: looks for libraries in /opt/somewhere/far/away/lib');
  expect(problems).toContain('embedded/bin/program: needs libc.so.6, which is not there');
});
