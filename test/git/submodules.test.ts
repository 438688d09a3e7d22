import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cliRepository } from '../../src/git/cli/cli-repository.ts';
import { relativeTo } from '../../src/git/cli/submodule-address.ts';
import type { ObjectId } from '../../src/git/objects.ts';
import type { GitRepository } from '../../src/git/repository.ts';
import { type Fixture, gitFixture } from './git-fixture.ts';

const signal = new AbortController().signal;

let [deepest, inner, outer]: Fixture[] = [];
let work: string;
const fixture = (one: Fixture | undefined): Fixture => {
  if (!one) throw new Error('not made yet');
  return one;
};

async function add(to: Fixture, submodule: Fixture, path: string): Promise<void> {
  to.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', `file://${submodule.root}`, path);
  await to.commit(`with ${path}`);
}

beforeEach(async () => {
  work = await mkdtemp(join(tmpdir(), 'slipway-submodules-'));
  [deepest, inner, outer] = [await gitFixture(), await gitFixture(), await gitFixture()];
  await deepest.write({ deep: 'deep' });
  await deepest.commit('deepest');
  await inner.write({ 'dir/inside': 'inside' });
  await inner.commit('inner');
  await add(inner, deepest, 'more');
  await outer.write({ own: 'own' });
  await outer.commit('outer');
  await add(outer, inner, 'lib/sub');
});
afterEach(async () => {
  for (const one of [deepest, inner, outer]) await one?.remove();
  await rm(work, { recursive: true, force: true });
});

async function readBy<T>(root: string, read: (repository: GitRepository) => Promise<T>): Promise<T> {
  const repository = cliRepository(root, process.env, join(work, 'cache'));
  try {
    return await read(repository);
  } finally {
    await repository.close();
  }
}

const contents = (root: string) =>
  readBy(root, async ({ commits }) => {
    const head = await commits.head();
    const entries = await commits.withSubmodules(await commits.tree(head?.id as never, ''));
    const files = entries.filter(({ mode }) => mode !== '160000');
    const texts: string[] = [];
    for await (const { chunks } of commits.blobs(
      files.map(({ id }) => id),
      signal,
    )) {
      const pieces: Buffer[] = [];
      for await (const piece of chunks) pieces.push(piece);
      texts.push(Buffer.concat(pieces).toString());
    }
    const read = files.map(({ path }, i) => (path.endsWith('.gitmodules') ? path : `${path}: ${texts[i]}`));
    return [
      ...read,
      ...entries.filter(({ mode }) => mode === '160000').map(({ path }) => `${path} is missing`),
    ];
  });

const WHOLE = [
  '.gitmodules',
  'lib/sub/.gitmodules',
  'lib/sub/dir/inside: inside',
  'lib/sub/more/deep: deep',
  'own: own',
];

describe('files of submodules', () => {
  it('are read from the work tree that has them', async () => {
    fixture(outer).git(
      '-c',
      'protocol.file.allow=always',
      'submodule',
      '--quiet',
      'update',
      '--init',
      '--recursive',
    );
    expect(await contents(fixture(outer).root)).toEqual(WHOLE);
  });

  it('are those of the commit that is bound, whatever is checked out', async () => {
    await fixture(outer).write({ 'lib/sub/dir/inside': 'changed' });
    fixture(outer).git('-C', 'lib/sub', 'commit', '--quiet', '--all', '--message', 'later');
    expect(await contents(fixture(outer).root)).toContain('lib/sub/dir/inside: inside');
  });

  it('are fetched where the clone has none, once', async () => {
    const clone = join(work, 'clone');
    execFileSync('git', ['clone', '--quiet', fixture(outer).root, clone]);
    const first = await contents(clone);
    expect(first).toContain('lib/sub/dir/inside: inside');
    await fixture(inner).remove();
    expect(await contents(clone)).toEqual(first);
  });

  it('stay missing where nobody has them', async () => {
    const clone = join(work, 'clone');
    execFileSync('git', ['clone', '--quiet', fixture(outer).root, clone]);
    await fixture(inner).remove();
    expect(await contents(clone)).toEqual(['.gitmodules', 'own: own', 'lib/sub is missing']);
  });

  it('are found one by one', async () => {
    await readBy(fixture(outer).root, async ({ commits }) => {
      const head = await commits.head();
      const entry = await commits.entry(head?.id as never, 'lib/sub/dir/inside');
      expect(entry?.mode).toBe('100644');
      expect((await commits.blob(entry?.id as never)).toString()).toBe('inside');
      expect(await commits.entry(head?.id as never, 'lib/sub/nothing')).toBeNull();
    });
  });
});

describe('submodules of submodules', () => {
  it('are fetched too where the clone has none', async () => {
    const clone = join(work, 'clone');
    execFileSync('git', ['clone', '--quiet', fixture(outer).root, clone]);
    expect(await contents(clone)).toEqual(WHOLE);
  });
});

describe('an address of a submodule that looks like an option', () => {
  it('is not followed', async () => {
    const touched = join(work, 'touched');
    const bad = `--upload-pack=touch ${touched}`;
    fixture(outer).git('config', '--file', '.gitmodules', 'submodule.lib/sub.url', bad);
    await fixture(outer).commit('bad');
    const clone = join(work, 'clone');
    execFileSync('git', ['clone', '--quiet', fixture(outer).root, clone]);
    expect(await contents(clone)).toContain('lib/sub is missing');
    expect(existsSync(touched)).toBe(false);
  });
});

describe('changes between commits with submodules', () => {
  const changed = (root: string, from: string, to: string, under = '') =>
    readBy(root, async ({ commits }) => {
      const found = await commits.changes(from as ObjectId, to as ObjectId, under);
      return found
        .filter(({ path }) => !path.endsWith('.gitmodules'))
        .map(({ path, before, after }) => `${before?.mode ?? '-'} ${after?.mode ?? '-'} ${path}`);
    });
  /** Three commits: before the submodule, with it, and with it moved on. */
  const history = async () => {
    const { git, commit } = fixture(outer);
    const [without, first] = [git('rev-parse', 'HEAD^'), git('rev-parse', 'HEAD')];
    await fixture(inner).write({ 'dir/inside': 'changed', 'dir/new': 'new' });
    fixture(inner).git('rm', '--quiet', '--cached', 'more');
    await rm(join(fixture(inner).root, 'more'), { recursive: true });
    fixture(inner).git('commit', '--quiet', '--all', '--message', 'later');
    await fixture(inner).commit('latest');
    git('-C', 'lib/sub', 'fetch', '--quiet');
    git('-C', 'lib/sub', 'checkout', '--quiet', 'FETCH_HEAD');
    return { without, first, moved: await commit('moved') };
  };

  it('are those of their files, in any work tree', async () => {
    const { without, first, moved } = await history();
    const clone = join(work, 'clone');
    execFileSync('git', ['clone', '--quiet', fixture(outer).root, clone]);
    for (const root of [fixture(outer).root, clone]) {
      expect(await changed(root, first, moved)).toEqual([
        '100644 100644 lib/sub/dir/inside',
        '- 100644 lib/sub/dir/new',
        '100644 - lib/sub/more/deep',
      ]);
      expect(await changed(root, without, first)).toEqual([
        '- 100644 lib/sub/dir/inside',
        '- 100644 lib/sub/more/deep',
      ]);
      expect(await changed(root, first, moved, 'lib/sub/dir')).toHaveLength(2);
      expect(await changed(root, without, first, 'lib/sub/dir')).toEqual(['- 100644 lib/sub/dir/inside']);
      expect(await changed(root, first, moved, 'lib/sub/dir/new')).toEqual(['- 100644 lib/sub/dir/new']);
      expect(await changed(root, first, moved, 'own')).toEqual([]);
    }
  });

  it('are none where a submodule became a directory of the same files', async () => {
    const { git, write, commit } = fixture(outer);
    const from = git('rev-parse', 'HEAD');
    git('rm', '--quiet', '--force', 'lib/sub');
    await rm(join(fixture(outer).root, '.git/modules'), { recursive: true });
    await write({ 'lib/sub/dir/inside': 'inside', 'lib/sub/more/deep': 'other' });
    const to = await commit('copied');
    const clone = join(work, 'clone');
    execFileSync('git', ['clone', '--quiet', fixture(outer).root, clone]);
    expect(await changed(clone, from, to)).toEqual(['100644 100644 lib/sub/more/deep']);
  });
});

describe('changes of submodules', () => {
  const kinds = async () =>
    (await readBy(fixture(outer).root, ({ workTree }) => workTree.changes([]))).map(
      ({ path, kind }) => `${path} ${kind}`,
    );

  it('are told by what they are', async () => {
    expect(await kinds()).toEqual([]);
    await fixture(outer).write({ 'lib/sub/new': 'x' });
    expect(await kinds()).toEqual(['lib/sub submodule-untracked']);
    await fixture(outer).write({ 'lib/sub/dir/inside': 'changed' });
    expect(await kinds()).toEqual(['lib/sub submodule-uncommitted']);
    fixture(outer).git('-C', 'lib/sub', 'add', '--all');
    fixture(outer).git('-C', 'lib/sub', 'commit', '--quiet', '--message', 'later');
    expect(await kinds()).toEqual(['lib/sub submodule-commit-changed']);
  });

  it('are new and removed ones too', async () => {
    fixture(outer).git(
      '-c',
      'protocol.file.allow=always',
      'submodule',
      '--quiet',
      'add',
      `file://${fixture(deepest).root}`,
      'new',
    );
    expect(await kinds()).toEqual(['.gitmodules modified', 'new submodule-added']);
    fixture(outer).git('reset', '--quiet', '--hard');
    fixture(outer).git('rm', '--quiet', 'lib/sub');
    expect(await kinds()).toContain('lib/sub submodule-deleted');
  });
});

describe('addresses of submodules', () => {
  it.each([
    ['ssh://git@host/group/app.git', '../lib.git', 'ssh://git@host/group/lib.git'],
    ['https://host/a/b/c', '../../x/y.git', 'https://host/a/x/y.git'],
    ['git@host:group/app.git', '../lib.git', 'git@host:group/lib.git'],
    ['git@host:app.git', '../lib.git', 'git@host:lib.git'],
    ['/srv/git/app', './inside', '/srv/git/app/inside'],
  ])('%s and %s', (base, url, expected) => expect(relativeTo(base, url)).toBe(expected));
});
