import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findWorkTree } from '../../src/git/find-work-tree.ts';
import type { ObjectId } from '../../src/git/objects.ts';
import type { GitRepository, LocalChange } from '../../src/git/repository.ts';
import { type Fixture, gitFixture } from '../git/git-fixture.ts';
import { gitChangesContract } from './git-changes.ts';

/** Opens the repository of a work tree, as a command would. */
export type OpenRepository = (found: NonNullable<Awaited<ReturnType<typeof findWorkTree>>>) => GitRepository;

const signal = new AbortController().signal;
const ODD = ['a b', 'ü', '"quoted"', ':(top)x', '*', 'new\nline', '-dash'];

/** What every way to read a repository must do. */
export function gitRepositoryContract(name: string, open: OpenRepository): void {
  const opened: GitRepository[] = [];
  const at = async (root: string) => {
    const found = await findWorkTree(root);
    if (!found) throw new Error(`${root} is no work tree`);
    const repository = open(found);
    opened.push(repository);
    return repository;
  };
  afterEach(async () => {
    for (const repository of opened.splice(0)) await repository.close();
  });

  const headOf = async (repository: GitRepository) => {
    const head = await repository.commits.head();
    if (!head) throw new Error('there is no commit');
    return head;
  };
  /** `mode path` of all entries of HEAD. */
  const listed = async (repository: GitRepository, under = '') => {
    const head = await headOf(repository);
    return (await repository.commits.tree(head.id, under)).map(({ mode, path }) => `${mode} ${path}`);
  };

  gitChangesContract(name, at);

  describe(`${name}: commits`, () => {
    let project: Fixture;
    beforeAll(async () => {
      project = await gitFixture();
      await project.write({
        'dir/b': 'b',
        'dir/a': 'a',
        'dir.txt': 'sorted between',
        'tool.sh': '#!/bin/sh\n',
        empty: '',
        ...Object.fromEntries(ODD.map((file) => [`odd/${file}`, file])),
      });
      await project.chmod('tool.sh', 0o755);
      await project.link('link', 'dir/a');
      await project.commit('first');
    });
    afterAll(() => project.remove());

    it('have their facts', async () => {
      const env = {
        ...process.env,
        GIT_COMMITTER_DATE: '1700000000 +0530',
        GIT_AUTHOR_DATE: '1600000000 -0100',
      };
      const other = await gitFixture();
      await other.commit('one');
      const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.com'];
      execFileSync('git', [...identity, 'commit', '--quiet', '--allow-empty', '-m', 'two'], {
        cwd: other.root,
        env,
      });
      const repository = await at(other.root);
      expect(await repository.commits.head()).toEqual({
        id: other.git('rev-parse', 'HEAD'),
        parents: [other.git('rev-parse', 'HEAD^')],
        committedAt: 1_700_000_000,
        zoneMinutes: 330,
      });
      expect((await repository.commits.commit(other.git('rev-parse', 'HEAD^') as ObjectId))?.parents).toEqual(
        [],
      );
      expect(await repository.commits.commit('0'.repeat(40) as ObjectId)).toBeNull();
      await other.remove();
    });

    it('are missing in a new repository', async () => {
      const empty = await gitFixture();
      expect(await (await at(empty.root)).commits.head()).toBeNull();
      await empty.remove();
    });

    it('list their trees in the order of git, with modes and any names', async () => {
      const repository = await at(project.root);
      const expected = project
        .git('ls-tree', '-r', '-z', 'HEAD')
        .split('\0')
        .filter((line) => line !== '')
        .map((line) => line.replace(/^(\d+) \w+ \w+\t/, '$1 '));
      expect(await listed(repository)).toEqual(expected);
      expect(await listed(repository, 'dir')).toEqual(['100644 dir/a', '100644 dir/b']);
      expect(await listed(repository, 'dir/a')).toEqual(['100644 dir/a']);
      expect(await listed(repository, 'di')).toEqual([]);
      expect(await listed(repository, 'odd/*')).toEqual(['100644 odd/*']);
    });

    it('find single entries', async () => {
      const { commits } = await at(project.root);
      const { id } = await headOf(await at(project.root));
      const mode = async (path: string) => (await commits.entry(id, path))?.mode ?? null;
      expect(await mode('dir')).toBe('40000');
      expect(await mode('')).toBe('40000');
      expect(await mode('dir/a')).toBe('100644');
      expect(await mode('tool.sh')).toBe('100755');
      expect(await mode('link')).toBe('120000');
      expect(await mode('dir/a/below')).toBeNull();
      expect(await mode('nothing')).toBeNull();
      for (const file of ODD) expect(await mode(`odd/${file}`)).toBe('100644');
    });

    it('give contents, one by one or as a stream in the order asked', async () => {
      const { commits } = await at(project.root);
      const { id } = await headOf(await at(project.root));
      const ids = await Promise.all(
        ['dir/b', 'empty', 'dir/a', 'dir/b'].map(async (path) => {
          const entry = await commits.entry(id, path);
          if (!entry) throw new Error(path);
          return entry.id;
        }),
      );
      expect((await commits.blob(ids[0] as ObjectId)).toString()).toBe('b');
      const contents: string[] = [];
      for await (const { size, chunks } of commits.blobs(ids, signal)) {
        const pieces: Buffer[] = [];
        for await (const piece of chunks) pieces.push(piece);
        expect(Buffer.concat(pieces).length).toBe(size);
        contents.push(Buffer.concat(pieces).toString());
      }
      expect(contents).toEqual(['b', '', 'a', 'b']);
      const sizes: number[] = [];
      for await (const { size } of commits.blobs(ids, signal)) sizes.push(size);
      expect(sizes).toEqual([1, 0, 1, 1]);
    });

    it('miss what is not there', async () => {
      const { commits } = await at(project.root);
      const absent = '1'.repeat(40) as ObjectId;
      await expect(commits.blob(absent)).rejects.toThrow();
      const stream = commits.blobs([absent], signal)[Symbol.asyncIterator]();
      await expect(stream.next()).rejects.toThrow();
    });

    it('stop to stream when they are told to', async () => {
      const { commits } = await at(project.root);
      const { id } = await headOf(await at(project.root));
      const entry = await commits.entry(id, 'dir/a');
      const stop = new AbortController();
      stop.abort(new Error('enough'));
      const stream = commits.blobs([entry?.id as ObjectId], stop.signal)[Symbol.asyncIterator]();
      await expect(stream.next()).rejects.toThrow('enough');
    });
  });

  describe(`${name}: the ways repositories are kept`, () => {
    let project: Fixture;
    const more: string[] = [];
    beforeEach(async () => {
      project = await gitFixture();
      await project.write({ a: '1' });
      await project.commit('first');
      await project.write({ a: '2' });
      await project.commit('second');
      await project.write({ a: '3' });
      await project.commit('third');
    });
    afterEach(async () => {
      await project.remove();
      for (const path of more.splice(0)) await rm(path, { recursive: true, force: true });
    });
    const clone = async (...options: string[]) => {
      const target = await mkdtemp(join(tmpdir(), 'slipway-clone-'));
      more.push(target);
      execFileSync('git', ['clone', '--quiet', ...options, `file://${project.root}`, target], {
        stdio: 'pipe',
      });
      return target;
    };

    it('packed objects and references', async () => {
      project.git('pack-refs', '--all');
      project.git('gc', '--quiet', '--prune=now');
      expect(await listed(await at(project.root))).toEqual(['100644 a']);
    });

    it('a detached HEAD', async () => {
      project.git('checkout', '--quiet', '--detach', 'HEAD^');
      expect((await headOf(await at(project.root))).id).toBe(project.git('rev-parse', 'main^'));
    });

    it('objects that lie in another repository', async () => {
      const target = await mkdtemp(join(tmpdir(), 'slipway-clone-'));
      more.push(target);
      execFileSync('git', ['clone', '--quiet', '--shared', project.root, target], { stdio: 'pipe' });
      expect(await listed(await at(target))).toEqual(['100644 a']);
    });

    it('linked work trees', async () => {
      const linked = `${project.root}-linked`;
      more.push(linked);
      project.git('worktree', 'add', '--quiet', '-b', 'other', linked, 'HEAD^');
      project.git('pack-refs', '--all');
      expect((await headOf(await at(linked))).id).toBe(project.git('rev-parse', 'main^'));
      expect(await listed(await at(linked))).toEqual(['100644 a']);
      writeFileSync(join(linked, 'a'), 'changed');
      expect(await (await at(linked)).workTree.changes([])).toEqual([{ path: 'a', kind: 'modified' }]);
    });

    it('submodules, and a submodule as the project', async () => {
      const outer = await gitFixture();
      more.push(outer.root);
      outer.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', project.root, 'sub');
      await outer.commit('with a submodule');
      expect(await listed(await at(outer.root))).toEqual(['100644 .gitmodules', '160000 sub']);
      expect(await listed(await at(join(outer.root, 'sub')))).toEqual(['100644 a']);
    });

    it('shallow clones, where history ends before it can tell', async () => {
      const [first, second] = [
        project.git('rev-parse', 'HEAD~2'),
        project.git('rev-parse', 'HEAD'),
      ] as ObjectId[];
      const { history: whole } = await at(project.root);
      expect(await whole.isAncestor(first as ObjectId, second as ObjectId)).toBe(true);
      expect(await whole.isAncestor(second as ObjectId, second as ObjectId)).toBe(true);
      expect(await whole.isAncestor(second as ObjectId, first as ObjectId)).toBe(false);
      const shallow = await at(await clone('--depth=1'));
      expect(await listed(shallow)).toEqual(['100644 a']);
      expect(await shallow.history.isAncestor(first as ObjectId, second as ObjectId)).toBeNull();
    });

    it('a remote named origin', async () => {
      expect(await (await at(project.root)).history.originUrl()).toBeNull();
      expect(await (await at(await clone())).history.originUrl()).toBe(`file://${project.root}`);
    });
  });

  describe(`${name}: changes of the work tree`, () => {
    let project: Fixture;
    beforeEach(async () => {
      project = await gitFixture();
      await project.write({
        same: 'same',
        modified: 'before',
        'dir/deleted': 'x',
        moved: 'content that is long enough to be found again',
        tool: '#!/bin/sh\n',
        '.gitignore': '*.log\nbuild/\n',
        ...Object.fromEntries(ODD.map((file) => [`odd/${file}`, file])),
      });
      await project.commit('first');
    });
    afterEach(() => project.remove());

    const changes = async (...under: string[]): Promise<readonly LocalChange[]> => {
      const found = await (await at(project.root)).workTree.changes(under);
      return [...found].sort((a, b) => (a.path < b.path ? -1 : 1));
    };

    it('are none in a clean one', async () => expect(await changes()).toEqual([]));

    it('are modified, deleted, added and untracked files; ignored ones are none', async () => {
      await project.write({
        modified: 'after!',
        new: '1',
        staged: '2',
        'noise.log': '',
        'build/x': '',
        'deep/er/new': '',
      });
      rmSync(join(project.root, 'dir/deleted'));
      project.git('add', 'staged');
      expect(await changes()).toEqual([
        { path: 'deep/er/new', kind: 'untracked' },
        { path: 'dir/deleted', kind: 'deleted' },
        { path: 'modified', kind: 'modified' },
        { path: 'new', kind: 'untracked' },
        { path: 'staged', kind: 'added' },
      ]);
    });

    it('count when they are only staged', async () => {
      await project.write({ modified: 'after!' });
      project.git('add', 'modified');
      await project.write({ modified: 'before' });
      expect(await changes()).toEqual([{ path: 'modified', kind: 'modified' }]);
    });

    it('are a deletion and an addition where a file is renamed', async () => {
      project.git('mv', 'moved', 'elsewhere');
      expect(await changes()).toEqual([
        { path: 'elsewhere', kind: 'added' },
        { path: 'moved', kind: 'deleted' },
      ]);
    });

    it('are looked for below some paths only, whose names are taken as they are', async () => {
      await project.write({
        modified: 'after!',
        'dir/new': '',
        'odd/*': 'changed',
        'odd/:(top)x': 'changed',
      });
      expect(await changes('dir')).toEqual([{ path: 'dir/new', kind: 'untracked' }]);
      expect(await changes('odd/*')).toEqual([{ path: 'odd/*', kind: 'modified' }]);
      expect(await changes('odd/:(top)x')).toEqual([{ path: 'odd/:(top)x', kind: 'modified' }]);
      expect(await changes('dir', 'modified')).toHaveLength(2);
    });

    it('are new modes, where modes are looked at', async () => {
      await project.chmod('tool', 0o755);
      expect(await changes()).toEqual([{ path: 'tool', kind: 'modified' }]);
      project.git('config', 'core.fileMode', 'false');
      expect(await changes()).toEqual([]);
    });

    it('are not line ends that git itself made', async () => {
      await project.write({ '.gitattributes': '*.txt text eol=crlf\n', 'a.txt': 'one\ntwo\n' });
      await project.commit('text');
      rmSync(join(project.root, 'a.txt'));
      project.git('checkout', '--', 'a.txt');
      expect(await changes()).toEqual([]);
    });
  });
}
