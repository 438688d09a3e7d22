import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { extract } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cliRepository } from '../../src/git/cli/cli-repository.ts';
import { isomorphicRepository } from '../../src/git/isomorphic/isomorphic-repository.ts';
import type { GitRepository } from '../../src/git/repository.ts';
import { type ArchiveFile, writeTar } from '../../src/git/tar-archive.ts';
import { type Fixture, gitFixture } from './git-fixture.ts';

const signal = new AbortController().signal;

function unexpected(path: string): void {
  throw new Error(`${path} is a pointer`);
}

async function archive(
  repository: GitRepository,
  onPointer: (path: string) => void = unexpected,
): Promise<Buffer> {
  const head = await repository.commits.head();
  if (!head) throw new Error('no commit');
  const files = (await repository.commits.tree(head.id, '')).map(
    ({ path, mode, id }) => ({ path, mode, id, source: 'git' }) as ArchiveFile,
  );
  const sink = new PassThrough();
  const pieces: Buffer[] = [];
  sink.on('data', (piece: Buffer) => pieces.push(piece));
  const { commits, largeFiles } = repository;
  await writeTar(files, sink, { commits, largeFiles, onPointer, date: 1_700_000_000, signal });
  return Buffer.concat(pieces);
}

describe('an archive of a commit', () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await gitFixture();
    await fixture.write({
      'a.txt': 'one',
      'bin/tool': '#!/bin/sh\n',
      'deep/er/имя файла 文.txt': 'x'.repeat(70_000),
      empty: '',
    });
    await fixture.chmod('bin/tool', 0o755);
    await fixture.link('link', 'bin/tool');
    await fixture.commit('first');
  });
  afterAll(() => fixture.remove());

  it('holds files, links and their directories with fixed owners, modes and dates', async () => {
    const repository = cliRepository(fixture.root, process.env, '/nowhere');
    const found: unknown[] = [];
    const reader = extract();
    reader.on('entry', ({ name, mode, mtime, uid, gid, type, linkname }, stream, next) => {
      const target = linkname === null ? [] : [linkname];
      found.push([name, type, mode?.toString(8), mtime?.getTime(), uid, gid, ...target]);
      stream.resume().on('end', next);
    });
    const read = new Promise<void>((resolve) => reader.on('finish', () => resolve()));
    reader.end(await archive(repository));
    await read;
    await repository.close();
    const date = 1_700_000_000_000;
    expect(found).toEqual([
      ['a.txt', 'file', '644', date, 0, 0],
      ['bin/', 'directory', '755', date, 0, 0],
      ['bin/tool', 'file', '755', date, 0, 0],
      ['deep/', 'directory', '755', date, 0, 0],
      ['deep/er/', 'directory', '755', date, 0, 0],
      ['deep/er/имя файла 文.txt', 'file', '644', date, 0, 0],
      ['empty', 'file', '644', date, 0, 0],
      ['link', 'symlink', '777', date, 0, 0, 'bin/tool'],
    ]);
  });

  it('has the same bytes, whichever adapter reads the repository', async () => {
    const hashOf = async (repository: GitRepository) => {
      const hash = createHash('sha256')
        .update(await archive(repository))
        .digest('hex');
      await repository.close();
      return hash;
    };
    const byProgram = await hashOf(cliRepository(fixture.root, process.env, '/nowhere'));
    expect(await hashOf(isomorphicRepository(fixture.root, `${fixture.root}/.git`))).toBe(byProgram);
  });
});

describe('files that Git LFS keeps elsewhere', () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await gitFixture();
    fixture.git('lfs', 'install', '--local');
    await fixture.write({
      '.gitattributes': '*.bin filter=lfs diff=lfs merge=lfs -text\n',
      'large.bin': 'x'.repeat(300_000),
      'tiny.bin': 'y',
      'none.bin': '',
      text: 'version https://git-lfs.github.com/spec/v1\nbut no pointer\n',
    });
    await fixture.commit('first');
  });
  afterAll(() => fixture.remove());

  const contents = async (onPointer?: (path: string) => void) => {
    const repository = cliRepository(fixture.root, process.env, '/nowhere');
    const found: Record<string, string> = {};
    const reader = extract();
    reader.on('entry', ({ name }, stream, next) => {
      const pieces: Buffer[] = [];
      stream.on('data', (piece) => pieces.push(piece as Buffer));
      stream.on('end', () => {
        found[name] = Buffer.concat(pieces).toString();
        next();
      });
    });
    const read = new Promise<void>((resolve) => reader.on('finish', () => resolve()));
    reader.end(await archive(repository, onPointer));
    await read;
    await repository.close();
    return found;
  };

  it('are archived as what they are', async () => {
    expect(fixture.git('cat-file', 'blob', 'HEAD:large.bin')).toContain('git-lfs');
    const found = await contents();
    expect(found['large.bin']).toBe('x'.repeat(300_000));
    expect([found['tiny.bin'], found['none.bin']]).toEqual(['y', '']);
    expect(found['text']).toContain('but no pointer');
  });

  it('are told of when only their pointers can be had', async () => {
    await rm(join(fixture.root, '.git/lfs/objects'), { recursive: true });
    const pointers: string[] = [];
    const found = await contents((path) => pointers.push(path));
    expect(pointers).toEqual(['large.bin', 'tiny.bin']);
    expect(found['large.bin']).toContain('oid sha256:');
  });
});
