import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cliRepository } from '../../src/git/cli/cli-repository.ts';
import type { DevCommitOptions } from '../../src/git/dev-commits.ts';
import { type Fixture, gitFixture } from './git-fixture.ts';

let project: Fixture;
beforeEach(async () => {
  project = await gitFixture();
  await project.write({
    kept: 'kept',
    edited: 'before',
    removed: 'x',
    'dir/renamed': 'content that stays',
    'dir/tool': '#!/bin/sh\n',
    '.gitignore': '*.log\n',
  });
  await project.commit('first');
});
afterEach(() => project.remove());

async function state(over: Partial<DevCommitOptions> = {}, root = project.root) {
  const repository = cliRepository(root, { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null' }, '/nowhere');
  try {
    return await repository.development.commitState({
      branch: '_werf-dev',
      ignored: async () => new Set(),
      now: 1_700_000_000,
      signal: new AbortController().signal,
      ...over,
    });
  } finally {
    await repository.close();
  }
}

/** `mode path content` of all files of a commit. */
function files(commit: string): readonly string[] {
  return project
    .git('ls-tree', '-r', '-z', commit)
    .split('\0')
    .filter((line) => line !== '')
    .map((line) => {
      const [, mode, type, id, path] = /^(\d+) (\w+) (\w+)\t([\s\S]*)$/.exec(line) ?? [];
      return type === 'commit'
        ? `${mode} ${path}`
        : `${mode} ${path} ${project.git('cat-file', 'blob', id ?? '')}`;
    });
}

/** All that belongs to the user. */
function untouched() {
  return {
    // Asked first, since `git status` itself may refresh the index.
    index: readFileSync(join(project.root, '.git/index')).toString('base64'),
    status: project.git('--no-optional-locks', 'status', '--porcelain=v2', '--branch', '--show-stash'),
    stash: project.git('stash', 'list'),
    branches: project.git('branch', '-a', '-v'),
  };
}

async function change(): Promise<void> {
  await project.write({ stashed: 's' });
  project.git('stash', 'push', '--include-untracked', '--quiet');
  await project.write({ edited: 'staged', new: 'untracked', 'a b/ü\n"x"': 'odd', 'noise.log': 'ignored' });
  project.git('add', 'edited');
  await project.write({ edited: 'and edited again' });
  rmSync(join(project.root, 'removed'));
  project.git('mv', 'dir/renamed', 'dir/moved');
  await project.chmod('dir/tool', 0o755);
  await project.link('link', 'kept');
}

describe('the state of the work tree', () => {
  it('is committed: edited, added, deleted, renamed files, modes and links', async () => {
    await change();
    const before = untouched();
    const commit = await state();
    expect(files(commit.id)).toEqual([
      '100644 .gitignore *.log',
      '100644 a b/ü\n"x" odd',
      '100644 dir/moved content that stays',
      '100755 dir/tool #!/bin/sh',
      '100644 edited and edited again',
      '100644 kept kept',
      '120000 link kept',
      '100644 new untracked',
    ]);
    expect(commit.parents).toEqual([project.git('rev-parse', 'HEAD')]);
    expect(project.git('log', '-1', '--format=%an <%ae> %ct|%cn|%s', commit.id)).toBe(
      'werf <werf@werf.io> 1700000000|werf|2023-11-14T22:13:20.000Z',
    );
    expect(untouched()).toEqual(before);
    expect(project.git('fsck', '--strict')).not.toContain('error');
  });

  it('is HEAD itself where nothing is changed', async () => {
    expect((await state()).id).toBe(project.git('rev-parse', 'HEAD'));
  });

  it('gives the same commit again, and a child of it after a change', async () => {
    await change();
    const first = await state();
    const again = await state({ now: 1_700_000_100 });
    expect(again.id).toBe(first.id);
    await project.write({ new: 'more' });
    const next = await state({ now: 1_700_000_200 });
    expect(next.parents).toEqual([first.id]);
    expect(files(next.id)).toContain('100644 new more');
  });

  it('follows HEAD by a merge that keeps the state', async () => {
    await change();
    const first = await state();
    project.git('add', '--all');
    const head = await project.commit('second');
    const merged = await state();
    expect(merged.parents).toEqual([first.id, head]);
    expect(files(merged.id)).toEqual(files(head));
    await project.write({ edited: 'after the merge' });
    expect((await state()).parents).toEqual([merged.id]);
  });

  it('leaves ignored paths as they are in HEAD', async () => {
    await change();
    const ignored = new Set(['edited', 'new', 'removed']);
    const commit = await state({
      ignored: async (paths) => new Set(paths.filter((path) => ignored.has(path))),
    });
    expect(files(commit.id)).toContain('100644 edited before');
    expect(files(commit.id)).toContain('100644 removed x');
    expect(files(commit.id).join('\n')).not.toContain(' new ');
  });

  it('knows files that became directories, directories that became files, and empty ones', async () => {
    rmSync(join(project.root, 'kept'));
    rmSync(join(project.root, 'dir'), { recursive: true });
    await project.write({ 'kept/inside': '1', dir: '2', 'only/one': '3' });
    expect(files((await state()).id)).toEqual([
      '100644 .gitignore *.log',
      '100644 dir 2',
      '100644 edited before',
      '100644 kept/inside 1',
      '100644 only/one 3',
      '100644 removed x',
    ]);
    rmSync(join(project.root, 'only'), { recursive: true });
    expect(files((await state()).id).join('\n')).not.toContain('only');
  });

  it('takes what is removed from the index and still lies there', async () => {
    project.git('rm', '--cached', '--quiet', 'edited');
    project.git('add', '--intent-to-add', '.');
    expect(files((await state()).id)).toContain('100644 edited before');
  });

  it('stores line ends and filters as git would', async () => {
    await project.write({ '.gitattributes': '*.txt text eol=crlf\n*.up filter=up\n' });
    project.git('config', 'filter.up.clean', 'tr a-z A-Z');
    await project.write({ 'a.txt': 'one\r\ntwo\r\n', 'b.up': 'shout' });
    expect(files((await state()).id)).toEqual(
      expect.arrayContaining(['100644 a.txt one\ntwo', '100644 b.up SHOUT']),
    );
  });

  it('of a sparse work tree has all files', async () => {
    project.git('sparse-checkout', 'set', '--no-cone', '/edited', '/.gitignore');
    await project.write({ edited: 'sparse' });
    expect(files((await state()).id)).toEqual(
      expect.arrayContaining(['100644 kept kept', '100644 edited sparse']),
    );
  });

  it('of a linked work tree is that of this work tree', async () => {
    const linked = `${project.root}-linked`;
    project.git('worktree', 'add', '--quiet', '-b', 'other', linked);
    await project.write({ [`../${linked.split('/').pop()}/edited`]: 'linked' });
    const commit = await state({}, linked);
    expect(files(commit.id)).toContain('100644 edited linked');
    project.git('worktree', 'remove', '--force', linked);
  });
});

describe('submodules', () => {
  let other: Fixture;
  beforeEach(async () => {
    other = await gitFixture();
    await other.write({ inner: 'one' });
    await other.commit('inner');
    project.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', other.root, 'sub');
    await project.commit('with a submodule');
  });
  afterEach(() => other.remove());

  const inside = (commit: string) => project.git('rev-parse', `${commit}:sub`);
  const fileIn = (commit: string, path: string) =>
    project.git('-C', 'sub', 'cat-file', 'blob', `${commit}:${path}`);

  it('with changes are committed themselves', async () => {
    await project.write({ 'sub/inner': 'two', 'sub/added': 'three' });
    const before = project.git('-C', 'sub', 'status', '--porcelain');
    const commit = await state();
    expect(fileIn(inside(commit.id), 'inner')).toBe('two');
    expect(fileIn(inside(commit.id), 'added')).toBe('three');
    expect(project.git('-C', 'sub', 'status', '--porcelain')).toBe(before);
    expect((await state()).id).toBe(commit.id);
  });

  it('at another commit are taken at that', async () => {
    await project.write({ 'sub/inner': 'two' });
    project.git('-C', 'sub', 'commit', '--quiet', '--all', '--message', 'more');
    expect(inside((await state()).id)).toBe(project.git('-C', 'sub', 'rev-parse', 'HEAD'));
  });
});

describe('what cannot be committed', () => {
  it('is told of a repository without a commit', async () => {
    const empty = await gitFixture();
    await expect(state({}, empty.root)).rejects.toThrow('has no commit yet');
    await empty.remove();
  });

  it('is told of conflicts, with the files', async () => {
    project.git('checkout', '--quiet', '-b', 'side');
    await project.write({ edited: 'side' });
    await project.commit('side');
    project.git('checkout', '--quiet', 'main');
    await project.write({ edited: 'main' });
    await project.commit('main');
    expect(() => project.git('merge', 'side')).toThrow();
    await expect(state()).rejects.toThrow('the work tree has conflicts:\n\n - edited');
  });
});

describe('several runs at once', () => {
  it('all get a commit of their state, and lose none', async () => {
    await change();
    const commits = await Promise.all([1, 2, 3, 4].map((i) => state({ now: 1_700_000_000 + i })));
    const tree = project.git('rev-parse', `${commits[0]?.id}^{tree}`);
    for (const { id } of commits) expect(project.git('rev-parse', `${id}^{tree}`)).toBe(tree);
    expect(project.git('rev-parse', 'refs/werf/dev/_werf-dev^{tree}')).toBe(tree);
  });

  it('end when they are aborted, and leave no lock', async () => {
    await change();
    const stop = new AbortController();
    const running = state({ signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(running).rejects.toThrow();
    const left = readdirSync(join(project.root, '.git'), { recursive: true, encoding: 'utf8' });
    expect(left.filter((name) => name.endsWith('.lock') || name.includes('tmp_obj'))).toEqual([]);
    await state();
  });
});
