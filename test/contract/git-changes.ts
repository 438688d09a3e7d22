import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ObjectId, RepoPath } from '../../src/git/objects.ts';
import type { GitRepository } from '../../src/git/repository.ts';
import { type Fixture, gitFixture } from '../git/git-fixture.ts';

const ODD = ['a b', "it's", '"quoted"', '$HOME', 'wow!', 'what?', 'this&that', 'new\nline', 'tab\there', '*'];
const NAMES = [...ODD, ':(top)x', '-dash', 'имя файла', '文件名', 'e\u0301', 'a\u{1F600}'];

/** What every way to read a repository must find out about two commits. */
export function gitChangesContract(name: string, at: (root: string) => Promise<GitRepository>): void {
  let project: Fixture;
  beforeEach(async () => {
    project = await gitFixture();
  });
  afterEach(() => project.remove());

  /** `before-mode after-mode path`, `-` where there is nothing. */
  const changed = async (from: string, to: string, under: RepoPath = '') => {
    const { commits } = await at(project.root);
    const found = await commits.changes(from as ObjectId, to as ObjectId, under);
    for (const { path, before, after } of found) {
      for (const entry of [before, after]) if (entry) expect(entry.path).toBe(path);
    }
    return found.map(({ path, before, after }) => `${before?.mode ?? '-'} ${after?.mode ?? '-'} ${path}`);
  };

  describe(`${name}: changes between commits`, () => {
    it('are new, other and deleted contents, by object', async () => {
      await project.write({ same: 'same', other: 'before', 'dir/gone': 'x', 'dir/same': 'y' });
      const from = await project.commit('first');
      await project.write({ other: 'after', 'new/deep': 'z' });
      rmSync(join(project.root, 'dir/gone'));
      const to = await project.commit('second');
      expect(await changed(from, to)).toEqual([
        '100644 - dir/gone',
        '- 100644 new/deep',
        '100644 100644 other',
      ]);
      const { commits } = await at(project.root);
      const [, , other] = await commits.changes(from as ObjectId, to as ObjectId, '');
      expect(other?.before?.id).toBe(project.git('rev-parse', `${from}:other`));
      expect(other?.after?.id).toBe(project.git('rev-parse', `${to}:other`));
      expect(await changed(to, from)).toHaveLength(3);
      expect(await changed(from, from)).toEqual([]);
    });

    it('are a removal and an addition where a file is renamed, whatever is configured', async () => {
      await project.write({ 'old name': 'a content long enough to be found again'.repeat(5) });
      const from = await project.commit('first');
      project.git('config', 'diff.renames', 'copies');
      project.git('config', 'diff.noprefix', 'true');
      project.git('mv', 'old name', 'new name');
      expect(await changed(from, await project.commit('second'))).toEqual([
        '- 100644 new name',
        '100644 - old name',
      ]);
    });

    it('are new modes, and links in the place of files', async () => {
      await project.write({ tool: '#!/bin/sh\n', file: 'target', other: 'x' });
      await project.link('link', 'tool');
      const from = await project.commit('first');
      await project.chmod('tool', 0o755);
      for (const path of ['file', 'link']) rmSync(join(project.root, path));
      await project.link('file', 'target');
      await project.link('link', 'other');
      expect(await changed(from, await project.commit('second'))).toEqual([
        '100644 120000 file',
        '120000 120000 link',
        '100644 100755 tool',
      ]);
    });

    it('are one removed file and new ones where a file became a directory, and the reverse', async () => {
      await project.write({ thing: 'file', 'thing.txt': 'sorted between', 'thing-': 'and before' });
      const from = await project.commit('first');
      rmSync(join(project.root, 'thing'));
      await project.write({ 'thing/a': '1', 'thing/b/c': '2' });
      const to = await project.commit('second');
      const both = ['100644 - thing', '- 100644 thing/a', '- 100644 thing/b/c'];
      expect(await changed(from, to)).toEqual(both);
      expect(await changed(from, to, 'thing')).toEqual(both);
      expect(await changed(from, to, 'thing/b')).toEqual(['- 100644 thing/b/c']);
      expect(await changed(to, from)).toEqual(['- 100644 thing', '100644 - thing/a', '100644 - thing/b/c']);
    });

    it('come in the order of code units, with any names', async () => {
      const from = await project.commit('first');
      await project.write(Object.fromEntries(NAMES.map((file) => [`dir/${file}`, file])));
      const to = await project.commit('second');
      const expected = NAMES.map((file) => `dir/${file}`).sort();
      expect(await changed(from, to)).toEqual(expected.map((path) => `- 100644 ${path}`));
      for (const path of expected) expect(await changed(from, to, path)).toEqual([`- 100644 ${path}`]);
    });

    it('are limited to a directory or a file, whose names are taken as they are', async () => {
      await project.write({ 'a/x': '1', 'a/b/y': '1', 'ab/z': '1', 'a.txt': '1' });
      const from = await project.commit('first');
      await project.write({ 'a/x': '2', 'a/b/y': '2', 'ab/z': '2', 'a.txt': '2' });
      const to = await project.commit('second');
      expect(await changed(from, to, 'a')).toEqual(['100644 100644 a/b/y', '100644 100644 a/x']);
      expect(await changed(from, to, 'a/x')).toEqual(['100644 100644 a/x']);
      expect(await changed(from, to, 'a/x/deeper')).toEqual([]);
      expect(await changed(from, to, 'missing')).toEqual([]);
      expect(await changed(from, to, '*')).toEqual([]);
    });

    it('are those of both lines after a merge, and none where it brought nothing', async () => {
      await project.write({ base: '1' });
      const base = await project.commit('base');
      project.git('checkout', '--quiet', '-b', 'side');
      await project.write({ side: '1' });
      const side = await project.commit('side');
      project.git('checkout', '--quiet', 'main');
      await project.write({ main: '1' });
      const main = await project.commit('main');
      project.git('merge', '--quiet', '--no-ff', '-m', 'merge', 'side');
      const merge = project.git('rev-parse', 'HEAD');
      expect(await changed(base, merge)).toEqual(['- 100644 main', '- 100644 side']);
      expect(await changed(side, merge)).toEqual(['- 100644 main']);
      expect(await changed(main, side)).toEqual(['100644 - main', '- 100644 side']);
      project.git('revert', '--no-edit', '-m', '1', 'HEAD');
      expect(await changed(main, project.git('rev-parse', 'HEAD'))).toEqual([]);
    });

    it('cannot be told where a commit is missing', async () => {
      const to = await project.commit('first');
      await expect(changed('1'.repeat(40), to)).rejects.toThrow();
    });
  });

  describe(`${name}: sizes of contents`, () => {
    it('are those of the blobs, in the order asked', async () => {
      await project.write({ empty: '', five: '12345', large: 'x'.repeat(100_000) });
      await project.commit('first');
      const ids = ['five', 'empty', 'large', 'five'].map((file) => project.git('rev-parse', `HEAD:${file}`));
      const { commits } = await at(project.root);
      expect(await commits.sizes(ids as ObjectId[])).toEqual([5, 0, 100_000, 5]);
      expect(await commits.sizes([])).toEqual([]);
      await expect(commits.sizes(['1'.repeat(40) as ObjectId])).rejects.toThrow();
      const many = Array.from({ length: 5_000 }, (_, i) => ids[i % 2] as ObjectId);
      expect((await commits.sizes(many)).slice(-2)).toEqual([5, 0]);
    });
  });

  describe(`${name}: ancestors`, () => {
    const among = async (root: string, of: string, ...candidates: string[]) => {
      const { history } = await at(root);
      const found = await history.ancestorsAmong(candidates as ObjectId[], of as ObjectId);
      return candidates.filter((id) => found.has(id as ObjectId));
    };

    it('are found on every line of a merge, and nowhere else', async () => {
      const base = await project.commit('base');
      project.git('checkout', '--quiet', '-b', 'side');
      const side = await project.commit('side');
      project.git('checkout', '--quiet', '-b', 'other');
      const other = await project.commit('other');
      project.git('checkout', '--quiet', 'main');
      const main = await project.commit('main');
      project.git('merge', '--quiet', '--no-ff', '-m', 'merge', 'side');
      const merge = project.git('rev-parse', 'HEAD');
      const unknown = '1'.repeat(40);
      const tree = project.git('rev-parse', 'HEAD^{tree}');
      const all = [base, side, other, main, merge, unknown, tree];
      expect(await among(project.root, merge, ...all)).toEqual([base, side, main, merge]);
      expect(await among(project.root, side, ...all)).toEqual([base, side]);
      expect(await among(project.root, other, ...all)).toEqual([base, side, other]);
      expect(await among(project.root, merge)).toEqual([]);
      expect(await among(project.root, merge, merge)).toEqual([merge]);
      expect(await among(project.root, unknown, ...all)).toEqual([]);
    });

    it('are not those that were pushed away, nor those beyond a shallow history', async () => {
      const first = await project.commit('first');
      const second = await project.commit('second');
      project.git('commit', '--quiet', '--amend', '--allow-empty', '-m', 'again');
      const again = project.git('rev-parse', 'HEAD');
      const third = await project.commit('third');
      expect(await among(project.root, third, first, second, again)).toEqual([first, again]);
      const shallow = await mkdtemp(join(tmpdir(), 'slipway-clone-'));
      const url = `file://${project.root}`;
      execFileSync('git', ['clone', '--quiet', '--depth=2', url, shallow], { stdio: 'pipe' });
      expect(await among(shallow, third, first, again, third)).toEqual([again, third]);
      await rm(shallow, { recursive: true, force: true });
    });

    it('are found where the clock of a commit was wrong', async () => {
      const ids: string[] = [];
      for (const date of [1_700_000_000, 1_900_000_000, 1_700_000_001, 1_600_000_000, 1_700_000_002]) {
        ids.push(await project.commit(`at ${date}`, date));
      }
      expect(await among(project.root, ids.at(-1) ?? '', ...ids)).toEqual(ids);
    });
  });
}
