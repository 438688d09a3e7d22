import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fixture } from '../git/git-fixture.ts';
import { type Builder, makeBuilder } from './support/builder.ts';
import { makeProject } from './support/project.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { buildStapel, stapelConfig } from './support/stapel.ts';

const STAGE = /^[0-9a-f]{56}-\d{13}$/;

let registry: TestRegistry;
let near: TestRegistry;
let builder: Builder;
let project: Fixture;
beforeAll(async () => {
  registry = await startRegistry();
  near = await startRegistry({ empty: true });
  builder = await makeBuilder();
  project = await makeProject({
    'werf.yaml': stapelConfig(
      `image: app\nfrom: ${registry.host}/busybox:latest\ngit:\n- add: /src\n  to: /app\nshell:\n  setup: ls /app >/list`,
      `image: tools\nfinal: false\nfrom: ${registry.host}/busybox:latest\nshell:\n  install: echo tools >/tools`,
    ),
    'src/file': 'content',
  });
});
afterAll(async () => {
  await builder.remove();
  await project.remove();
  await registry.stop();
  await near.stop();
});

let counter = 0;
const fresh = (at = registry) => `${at.host}/roles-${++counter}`;
const stagesOf = (repo: string, at = registry) =>
  at
    .tags(repo.split('/')[1] ?? '')
    .filter((tag) => STAGE.test(tag))
    .sort();
const withBuilder = async (work: (other: Builder) => Promise<void>) => {
  const other = await makeBuilder();
  try {
    await work(other);
  } finally {
    await other.remove();
  }
};
/** Everything that a build reads in this machine's store goes. */
const IMAGES = ['app', 'tools'];

describe('repositories in their roles', () => {
  it('copies from the local storage to an empty repository, under the same tags', async () => {
    const local = await buildStapel(builder, project);
    const repo = fresh();
    const pushed = await buildStapel(builder, project, { args: ['--repo', repo] });
    for (const image of IMAGES) expect(pushed.rebuilt(image)).toEqual([]);
    const tags = IMAGES.flatMap((image) => local.images.get(image)?.map(({ tag }) => tag) ?? []);
    expect(stagesOf(repo)).toEqual([...new Set(tags)].sort());
  });

  it('builds nothing where a secondary repository has it, and the primary then holds all stages', async () => {
    const other = fresh();
    await buildStapel(builder, project, { args: ['--repo', other] });
    const repo = fresh(near);
    await withBuilder(async (empty) => {
      const built = await buildStapel(empty, project, { args: ['--repo', repo, '--secondary-repo', other] });
      for (const image of IMAGES) expect(built.rebuilt(image)).toEqual([]);
      expect(built.stdout).toContain(`Copy suitable stage from secondary ${other}`);
      // Nothing passed through the store of this machine.
      expect(await empty.halfMade()).toEqual([]);
    });
    expect(stagesOf(repo, near)).toEqual(stagesOf(other));
  });

  it('fills a cache, reads from it first, and works on when it fails', async () => {
    const [repo, cache] = [fresh(), fresh(near)];
    const first = await buildStapel(builder, project, { args: ['--repo', repo, '--cache-repo', cache] });
    expect(stagesOf(cache, near)).toEqual(stagesOf(repo));
    const { layers } = registry.inspect(first.last(), '--raw') as { layers: { digest: string }[] };
    const fetched = (requests: readonly string[]) =>
      layers.filter(({ digest }) =>
        requests.some((line) => line.startsWith('GET ') && line.endsWith(`/blobs/${digest}`)),
      );
    await project.write({ 'src/next': String(counter) });
    await project.commit('next');
    await withBuilder(async (empty) => {
      const before = registry.requests().length;
      const built = await buildStapel(empty, project, { args: ['--repo', repo, '--cache-repo', cache] });
      expect(built.rebuilt()).toEqual(['gitLatestPatch']);
      // Configurations alone are read from afar: contents come from near.
      expect(fetched(registry.requests().slice(before))).toEqual([]);
      expect(fetched(near.requests())).toEqual(layers);
    });
    await project.write({ 'src/next': 'again' });
    await project.commit('again');
    const down = '127.0.0.1:1/cache';
    const built = await buildStapel(builder, project, { args: ['--repo', repo, '--cache-repo', down] });
    expect(built.rebuilt()).toEqual(['gitLatestPatch']);
    expect(`${built.stdout}${built.stderr}`).toContain(
      `the cache repository ${down} is left aside for this run`,
    );
  });

  it('takes a stage from a cache that the primary lost', async () => {
    const [repo, cache] = [fresh(), fresh(near)];
    await buildStapel(builder, project, { args: ['--repo', repo, '--cache-repo', cache] });
    const other = fresh();
    await withBuilder(async (empty) => {
      const built = await buildStapel(empty, project, { args: ['--repo', other, '--cache-repo', cache] });
      for (const image of IMAGES) expect(built.rebuilt(image)).toEqual([]);
    });
    expect(stagesOf(other)).toEqual(stagesOf(repo));
  });

  it('gives the final repository the last stages of final images, and names them in the report', async () => {
    const [repo, final] = [fresh(), fresh(near)];
    const built = await buildStapel(builder, project, { args: ['--repo', repo, '--final-repo', final] });
    const last = built.images.get('app')?.at(-1)?.tag;
    expect(near.tags(final.split('/')[1] ?? '')).toEqual([last]);
    expect(built.stdout).toContain(`Copy stage ${last} into the final repo`);
    const again = await buildStapel(builder, project, { args: ['--repo', repo, '--final-repo', final] });
    expect(again.stdout).toContain('Use previously built final image for app');
  });

  it('records images and commits, also where everything was found built, but not states of the work tree', async () => {
    const repo = fresh();
    await buildStapel(builder, project, { args: ['--repo', repo] });
    const records = () =>
      registry
        .tags(repo.split('/')[1] ?? '')
        .filter((tag) => !STAGE.test(tag))
        .sort();
    const commit = project.git('rev-parse', 'HEAD');
    const first = records();
    expect(first).toEqual([
      'managed-image-app',
      'managed-image-tools',
      expect.stringMatching(new RegExp(`^meta-[0-9a-f]{8}_${commit}_[0-9a-f]{56}-\\d{13}$`)),
      expect.stringMatching(new RegExp(`^meta-[0-9a-f]{8}_${commit}_[0-9a-f]{56}-\\d{13}$`)),
    ]);
    await project.write({ other: String(counter) });
    await project.commit('elsewhere');
    await buildStapel(builder, project, { args: ['--repo', repo] });
    expect(records()).toHaveLength(6);
    await project.write({ other: 'changed' });
    await buildStapel(builder, project, { args: ['--repo', repo, '--dev'] });
    expect(records()).toHaveLength(6);
    project.git('checkout', '-q', '--', '.');
    const labels = registry.inspect(`${repo}:managed-image-app`) as { Labels: Record<string, string> };
    expect(labels.Labels).toMatchObject({ werf: 'demo' });
  });

  it('builds nothing after all images of this machine were removed', async () => {
    const repo = fresh();
    await buildStapel(builder, project, { args: ['--repo', repo] });
    execFileSync('rm', ['-rf', builder.graphRoot]);
    const built = await buildStapel(builder, project, { args: ['--repo', repo] });
    for (const image of IMAGES) expect(built.rebuilt(image)).toEqual([]);
  });
});

describe('roles that contradict each other', () => {
  it.each([
    [['--cache-repo', 'r.example.com/c'], '--cache-repo needs --repo'],
    [['--final-repo', 'r.example.com/c'], '--final-repo needs --repo'],
    [['--repo', 'r.example.com/c', '--final-repo', 'r.example.com/c'], 'is already given by --repo'],
    [['--repo', 'r.example.com/c', '--secondary-repo', 'UPPER/x'], 'is not a repository address'],
  ])('are refused before anything is read: %j', async (args, message) => {
    const built = await buildStapel(builder, project, { args, fails: true });
    expect(built.stderr).toContain(message);
    expect(built.exitCode).toBe(1);
  });
});

describe('further tags', () => {
  it('go to final images that were asked for, in the final repository where there is one', async () => {
    const [repo, final] = [fresh(), fresh(near)];
    const args = ['--repo', repo, '--add-custom-tag', 'release-%image%'];
    const built = await buildStapel(builder, project, { args });
    const digest = (reference: string) => (registry.inspect(reference) as { Digest: string }).Digest;
    expect(digest(`${repo}:release-app`)).toBe(digest(built.last()));
    const tags = registry.tags(repo.split('/')[1] ?? '');
    expect(tags).toContain('custom-tag-meta-release-app');
    expect(tags).not.toContain('release-tools');
    await buildStapel(builder, project, { args: [...args, '--final-repo', final] });
    expect(near.tags(final.split('/')[1] ?? '')).toContain('release-app');
  });

  it('need a repository, and must be tags', async () => {
    const without = await buildStapel(builder, project, { args: ['--add-custom-tag', 'x'], fails: true });
    expect(without.stderr).toContain('--add-custom-tag needs --repo');
    const args = ['--repo', fresh(), '--add-custom-tag', 'not a tag'];
    const bad = await buildStapel(builder, project, { args, fails: true });
    expect(bad.stderr).toContain('"not a tag"');
    expect(bad.exitCode).toBe(1);
  });
});
