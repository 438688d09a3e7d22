import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { writeMapping } from '../../src/git/mapping-archive.ts';
import type { ObjectId } from '../../src/git/objects.ts';
import { gitFixture } from './git-fixture.ts';
import { readTar } from './read-tar.ts';
import { never, useRemote } from './remote-fixture.ts';

const fixture = useRemote();
const SECOND = ['dir/same: same', 'file: second'];
const FIRST = ['dir/same: same', 'file: first'];
const tag = { kind: 'tag', tag: 'v1' } as const;

/** All bytes of all files below a directory. */
function everything(directory: string): string {
  const found = readdirSync(directory, { recursive: true, withFileTypes: true });
  const files = found.filter((entry) => entry.isFile());
  return files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1')).join('\n');
}

/** Directories of copies that a run has made, of one repository. */
function mirrors(): readonly string[] {
  const { cache } = fixture();
  return readdirSync(cache).flatMap((place) => readdirSync(join(cache, place)).map((name) => name));
}

describe('a remote repository', () => {
  it('is read at a branch, a tag, a commit and its default branch, by path and by URL', async () => {
    const { remote, files } = fixture();
    const first = remote.git('rev-parse', 'main^');
    remote.git('checkout', '--quiet', '-b', 'feature/x', 'main^');
    for (const url of [remote.root, `file://${remote.root}`]) {
      expect(await files({ url })).toEqual(SECOND);
      expect(await files({ url, target: { kind: 'branch', branch: 'feature/x' } })).toEqual(FIRST);
      expect(await files({ url, target: tag })).toEqual(FIRST);
      expect(await files({ url, target: { kind: 'commit', commit: first } })).toEqual(FIRST);
      expect(await files({ url, target: { kind: 'default-branch' } })).toEqual(FIRST);
    }
  });

  it('is found by a path that is relative to the project', async () => {
    const { remote, files, work } = fixture();
    execFileSync('git', ['clone', '--quiet', '--bare', remote.root, join(work, 'near.git')]);
    expect(await files({ url: './near.git' })).toEqual(SECOND);
    expect(await files({ url: 'near.git' })).toEqual(SECOND);
  });

  it('has the history of a branch, and its commit as HEAD', async () => {
    const { remote, repositories } = fixture();
    const { repository, commit } = await repositories().open({} as never, never);
    const [first, second] = [remote.git('rev-parse', 'main^'), remote.git('rev-parse', 'main')] as ObjectId[];
    expect(commit.id).toBe(second);
    expect((await repository.commits.head())?.id).toBe(second);
    const ancestors = await repository.history.ancestorsAmong([first, second] as ObjectId[], commit.id);
    expect(ancestors.size).toBe(2);
    expect(await repository.commits.changes(first as ObjectId, commit.id, '')).toHaveLength(1);
  });

  it('is what it was when it was fetched last, where nothing may be fetched', async () => {
    const { remote, repositories, offline } = fixture();
    const [first, second] = [remote.git('rev-parse', 'main^'), remote.git('rev-parse', 'main')];
    const targets = [
      { kind: 'branch', branch: 'main' },
      tag,
      { kind: 'default-branch' },
      { kind: 'commit', commit: first },
    ] as const;
    const commits = async (run: ReturnType<typeof repositories>) =>
      await Promise.all(
        targets.map(async (target) => (await run.open({ target } as never, never)).commit.id),
      );
    await expect(offline().open({} as never, never)).rejects.toMatchObject({
      code: 'OFFLINE',
      message: 'the branch "main" of the git repository group/app',
    });
    const before = await commits(repositories());
    expect(before).toEqual([second, first, second, first]);
    await remote.write({ file: 'third' });
    await remote.commit('third');
    expect(await commits(offline())).toEqual(before);
    const unknown = { kind: 'commit', commit: remote.git('rev-parse', 'main') } as const;
    await expect(offline().open({ target: unknown } as never, never)).rejects.toMatchObject({
      code: 'OFFLINE',
    });
  });

  it('is fetched once in a run, and seen anew in the next one when its branch has moved', async () => {
    const { remote, repositories, files } = fixture();
    const run = repositories();
    const before = await run.open({} as never, never);
    await remote.write({ file: 'third' });
    await remote.commit('third');
    expect(await run.open({} as never, never)).toBe(before);
    expect(await files({})).toEqual(['dir/same: same', 'file: third']);
    remote.git('reset', '--quiet', '--hard', 'v1');
    expect(await files({})).toEqual(FIRST);
  });

  it('may give a branch a the place of a branch a/b', async () => {
    const { remote, files } = fixture();
    remote.git('branch', 'a/b');
    expect(await files({ target: { kind: 'branch', branch: 'a/b' } })).toEqual(SECOND);
    remote.git('branch', '--delete', '--force', 'a/b');
    remote.git('branch', 'a');
    expect(await files({ target: { kind: 'branch', branch: 'a' } })).toEqual(SECOND);
  });

  it('is fetched at a tag or a commit without its history', async () => {
    const { remote, repositories } = fixture();
    const run = repositories();
    const commit = remote.git('rev-parse', 'main');
    for (const target of [{ kind: 'commit', commit } as const, tag]) {
      const { repository } = await run.open({ target } as never, never);
      const head = await repository.commits.head();
      for (const parent of head?.parents ?? []) expect(await repository.commits.commit(parent)).toBeNull();
    }
    expect(mirrors()).toEqual(['commits']);
  });

  it('is not asked again for a commit that is here', async () => {
    const { remote, files } = fixture();
    const target = { kind: 'commit', commit: remote.git('rev-parse', 'main^') } as const;
    expect(await files({ target })).toEqual(FIRST);
    rmSync(join(remote.root, '.git'), { recursive: true });
    expect(await files({ target })).toEqual(FIRST);
  });

  it('is fetched whole where the server gives no single commits', async () => {
    const { remote, work, files, failure } = fixture();
    // By the first protocol a server only gives what it has advertised.
    const config = join(work, 'gitconfig');
    await writeFile(config, '[protocol]\n\tversion = 0\n[uploadpack]\n\tallowAnySHA1InWant = false\n');
    const env = { GIT_CONFIG_GLOBAL: config };
    const commit = remote.git('rev-parse', 'main^{commit}^');
    remote.git('tag', '--delete', 'v1');
    expect(await files({ target: { kind: 'commit', commit } }, env)).toEqual(FIRST);
    expect(mirrors()).toContain('history');
    const absent = { kind: 'commit', commit: '1'.repeat(40) } as const;
    expect(await failure({ target: absent }, env)).toMatchObject({ code: 'GIT_REFERENCE_MISSING' });
  });

  it('may be a SHA-256 repository', async () => {
    const { files } = fixture();
    const remote = await gitFixture('--object-format=sha256');
    await remote.write({ a: 'content' });
    const commit = await remote.commit('first');
    const url = remote.root;
    expect(await files({ url })).toEqual(['a: content']);
    expect(await files({ url, target: { kind: 'commit', commit } })).toEqual(['a: content']);
    await remote.remove();
  });

  it('may be a shallow clone itself', async () => {
    const { remote, work, files } = fixture();
    const url = join(work, 'shallow');
    execFileSync('git', ['clone', '--quiet', '--depth=1', `file://${remote.root}`, url], { stdio: 'pipe' });
    expect(await files({ url })).toEqual(SECOND);
  });

  it('gives what pointers of Git LFS stand for, and line ends as its attributes say', async () => {
    const { remote, repositories } = fixture();
    remote.git('lfs', 'install', '--local');
    const attributes = '*.bin filter=lfs -text\n*.bat text eol=crlf\n';
    await remote.write({ '.gitattributes': attributes, 'a.bin': 'x'.repeat(100_000), 'a.bat': 'one\n' });
    await remote.commit('large');
    const url = `file://${remote.root}`;
    const { repository, commit } = await repositories().open({ url } as never, never);
    const entries = await repository.commits.tree(commit.id, '');
    const files = entries.map((entry) => ({ entry, path: entry.path }));
    const pieces: Buffer[] = [];
    const sink = new PassThrough().on('data', (piece: Buffer) => pieces.push(piece));
    const onPointer = (path: string) => expect(path).toBe('no pointer');
    await writeMapping(repository, commit.id, files, sink, { date: 0, signal: never, onPointer });
    const found = await readTar(Buffer.concat(pieces));
    expect(found.find(({ name }) => name === 'a.bin')?.content.length).toBe(100_000);
    expect(found.find(({ name }) => name === 'a.bat')?.content.toString()).toBe('one\r\n');
  });

  it.each(['branch', 'tag', 'commit'] as const)('gives the files of its submodules: %s', async (kind) => {
    const { remote, files } = fixture();
    const [inner, deepest] = [await gitFixture(), await gitFixture()];
    await deepest.write({ deep: 'deep' });
    await deepest.commit('deepest');
    const add = ['-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add'];
    inner.git(...add, `file://${deepest.root}`, 'more');
    await inner.write({ inside: 'inside' });
    await inner.commit('inner');
    remote.git(...add, `file://${inner.root}`, 'lib/sub');
    const commit = await remote.commit('with a submodule');
    remote.git('tag', 'v2');
    // What is checked out in the remote is not what is asked for.
    remote.git('checkout', '--quiet', '-b', 'elsewhere', 'v1');
    const targets = { branch: { kind, branch: 'main' }, tag: { kind, tag: 'v2' }, commit: { kind, commit } };
    const found = await files({ target: targets[kind] as never });
    expect(found.filter((line) => !line.includes('.gitmodules'))).toEqual([
      'dir/same: same',
      'file: second',
      'lib/sub/inside: inside',
      'lib/sub/more/deep: deep',
    ]);
    for (const one of [inner, deepest]) await one.remove();
  });
});

describe('a copy of a remote repository', () => {
  it('is usable after a fetch that was killed', async () => {
    const { remote, files, cache } = fixture();
    expect(await files({})).toEqual(SECOND);
    const [place = ''] = readdirSync(cache);
    const mirror = join(cache, place, 'history');
    await remote.write({ file: 'third' });
    await remote.commit('third');
    const [own = ''] = readdirSync(join(mirror, 'refs/fetched'));
    for (const left of ['shallow.lock', 'HEAD.lock', 'config.lock', `refs/fetched/${own}.lock`]) {
      await writeFile(join(mirror, left), '');
    }
    await writeFile(join(mirror, 'objects/pack/tmp_pack_x'), 'half');
    expect(await files({})).toEqual(['dir/same: same', 'file: third']);
    expect(readdirSync(join(mirror, 'objects/pack')).filter((name) => name.startsWith('tmp'))).toEqual([]);
  });

  it('is usable when it was begun only', async () => {
    const { files, cache } = fixture();
    await files({});
    const [place = ''] = readdirSync(cache);
    for (const left of ['HEAD', 'refs', 'objects']) {
      rmSync(join(cache, place, 'history', left), { recursive: true });
    }
    expect(await files({})).toEqual(SECOND);
  });

  it('is made by one of many at once', async () => {
    const { files } = fixture();
    const all = await Promise.all(Array.from({ length: 4 }, () => files({})));
    expect(all).toEqual([SECOND, SECOND, SECOND, SECOND]);
  });

  it('is not begun when it is called off', async () => {
    const { repositories } = fixture();
    const stop = new AbortController();
    stop.abort(new Error('enough'));
    await expect(repositories().open({} as never, stop.signal)).rejects.toThrow('enough');
  });

  it('is left by a fetch that is called off, and used again', async () => {
    const { repositories, files, work } = fixture();
    const slow = join(work, 'slow');
    await writeFile(slow, '#!/bin/sh\necho $$ > "$0.pid"; exec sleep 600\n');
    await chmod(slow, 0o755);
    const stop = new AbortController();
    const env = { GIT_SSH_COMMAND: slow, GIT_SSH_VARIANT: 'ssh' };
    const opened = repositories(env).open({ url: 'git@host:app.git' } as never, stop.signal);
    opened.catch(() => undefined);
    await expect.poll(() => readdirSync(work)).toContain('slow.pid');
    stop.abort(new Error('enough'));
    await expect(opened).rejects.toThrow('enough');
    const pid = readFileSync(`${slow}.pid`, 'utf8').trim();
    try {
      process.kill(Number(pid));
    } catch {
      // It ended with git.
    }
    expect(await files({})).toEqual(SECOND);
  });

  it('does not mind repositories around the cache, nor strange settings of the user', async () => {
    const { cache, files, work } = fixture();
    execFileSync('git', ['init', '--quiet', '--object-format=sha256', work]);
    await mkdir(cache);
    const config = join(work, 'gitconfig');
    await writeFile(
      config,
      '[safe]\n\tbareRepository = explicit\n[fetch]\n\tprune = true\n[gc]\n\tauto = 1\n',
    );
    const env = { GIT_CONFIG_GLOBAL: config, GIT_DEFAULT_HASH: 'sha256', GIT_DIR: '/nowhere' };
    expect(await files({}, env)).toEqual(SECOND);
    expect(await files({ target: tag }, env)).toEqual(FIRST);
    expect(everything(cache)).not.toContain('nowhere');
  });
});
