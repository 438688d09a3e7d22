import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { suitableAt } from '../../src/conveyor/stapel/git-selection.ts';
import { cliRepository } from '../../src/git/cli/cli-repository.ts';
import type { GitRepository } from '../../src/git/repository.ts';
import type { StageDigest } from '../../src/stages/stage-digest.ts';
import { findStage } from '../../src/storage/find-stage.ts';
import { type Fixture, gitFixture } from '../git/git-fixture.ts';
import { commitLines } from './commit-line.ts';
import { digestNamed, manyStages, mappingAt, type Recorded } from './many-stages.ts';

/** Commits of each branch. */
const LENGTH = 5000;
const INSTALL = digestNamed('install');

let project: Fixture;
let repository: GitRepository;
let main: readonly string[];
let side: readonly string[];
beforeAll(async () => {
  project = await gitFixture();
  const [one, other] = commitLines(project, ['main', 'side'], LENGTH);
  main = one?.ids ?? [];
  side = other?.ids ?? [];
  repository = cliRepository(project.root, process.env, `${project.root}/.git/none`);
});
afterAll(async () => {
  await repository.close();
  await project.remove();
});

/** The commit of the stage that is chosen for `head`, and how many were looked at. */
async function chosen(
  recorded: Recorded,
  head: string,
  { digest = INSTALL, notBefore = 0, anyCommit = false } = {},
) {
  const storage = manyStages(recorded);
  const mapping = await mappingAt(repository, head);
  const suitable = suitableAt([mapping], { anyCommit, deepen: async () => false });
  const { signal } = new AbortController();
  const stage = await findStage(storage, { digest, notBefore, suitable, signal });
  const commit = stage && [...stage.facts.labels.values()].find((value) => /^[0-9a-f]{40}$/.test(value));
  return { commit, described: storage.described() };
}

const at = (commits: readonly string[], i: number) => commits.at(i) ?? '';

describe('of thousands of stages with one digest', () => {
  it('the first that was saved is taken, and no other looked at, where all are ancestors', async () => {
    const found = await chosen(new Map([[INSTALL, main]]), at(main, -1));
    expect(found).toEqual({ commit: main[0], described: 1 });
  });

  it('the only suitable one is found, wherever it is', async () => {
    for (const place of [0, 1, 15, 16, 255, 256, LENGTH - 1]) {
      const commits = side.with(place, at(main, 2500));
      const { commit } = await chosen(new Map([[INSTALL, commits]]), at(main, -1));
      expect(commit, `at ${place}`).toBe(main[2500]);
    }
  });

  it('none is taken where all are of an unrelated branch, or of later commits', async () => {
    expect((await chosen(new Map([[INSTALL, side]]), at(main, -1))).commit).toBeNull();
    expect((await chosen(new Map([[INSTALL, main.slice(100)]]), at(main, 99))).commit).toBeNull();
    const gone = main.map((_, i) => String(i).padStart(40, '0'));
    expect((await chosen(new Map([[INSTALL, gone]]), at(main, -1))).commit).toBeNull();
  });

  it('the first is taken although others are nearer, and of unrelated ones where any commit will do', async () => {
    const mixed = [...side.slice(0, 3000), ...main.slice(1000, 3000)];
    expect((await chosen(new Map([[INSTALL, mixed]]), at(main, -1))).commit).toBe(main[1000]);
    expect((await chosen(new Map([[INSTALL, mixed]]), at(main, 999))).commit).toBeNull();
    expect((await chosen(new Map([[INSTALL, mixed]]), at(main, -1), { anyCommit: true })).commit).toBe(
      side[0],
    );
  });

  it('none is taken that was saved before its previous stage', async () => {
    const notBefore = 1_700_000_000_000 + 4321;
    const found = await chosen(new Map([[INSTALL, main]]), at(main, -1), { notBefore });
    expect(found.commit).toBe(main[4321]);
  });

  it('that of a merge may be of either side', async () => {
    project.git('checkout', '-q', '-f', 'main');
    project.git('merge', '-q', '--allow-unrelated-histories', '--strategy=ours', '--no-edit', 'side');
    const merge = project.git('rev-parse', 'HEAD');
    expect((await chosen(new Map([[INSTALL, side]]), merge)).commit).toBe(side[0]);
    expect((await chosen(new Map([[INSTALL, main]]), merge)).commit).toBe(main[0]);
    project.git('reset', '-q', '--hard', 'main~');
  });
});

it('a patch is found among those of 5,000 commits in a row', async () => {
  const patches: Recorded = new Map<StageDigest, readonly string[]>([
    [INSTALL, main.slice(0, 1)],
    ...main.map((commit) => [digestNamed(`patch ${commit}`), [commit]] as [StageDigest, string[]]),
  ]);
  for (const i of [0, 2500, -1]) {
    const digest = digestNamed(`patch ${at(main, i)}`);
    expect(await chosen(patches, at(main, i), { digest })).toEqual({ commit: at(main, i), described: 1 });
  }
  expect((await chosen(patches, at(main, -1), { digest: digestNamed('another') })).commit).toBeNull();
});
