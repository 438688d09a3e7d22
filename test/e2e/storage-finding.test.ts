import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fixture } from '../git/git-fixture.ts';
import { type Builder, makeBuilder } from './support/builder.ts';
import { makeProject } from './support/project.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { buildStapel, stapelConfig } from './support/stapel.ts';

let registry: TestRegistry;
let builder: Builder;
const projects: Fixture[] = [];
beforeAll(async () => {
  registry = await startRegistry();
  builder = await makeBuilder();
});
afterAll(async () => {
  await builder.remove();
  for (const project of projects) await project.remove();
  await registry.stop();
});

async function projectOf(files: Readonly<Record<string, string>>): Promise<Fixture> {
  const project = await makeProject(files);
  projects.push(project);
  return project;
}

describe('finding the stages of an up-to-date project', () => {
  it('asks the registry at most twice for each image', async () => {
    const images = Array.from({ length: 20 }, (_, i) =>
      i % 2 === 0
        ? `image: stapel-${i}\nfrom: ${registry.host}/busybox:latest\ngit:\n- add: /src\n  to: /app\nshell:\n  install: echo ${i} >/install\nimageSpec:\n  config:\n    labels:\n      number: "${i}"`
        : `image: docker-${i}\ndockerfile: Dockerfile\nargs:\n  NUMBER: ${i}`,
    );
    const project = await projectOf({
      'werf.yaml': stapelConfig(...images),
      Dockerfile: `FROM ${registry.host}/busybox:latest\nARG NUMBER\nRUN echo $NUMBER >/number\n`,
      'src/file': 'content',
    });
    const repo = `${registry.host}/many`;
    await buildStapel(builder, project, { args: ['--repo', repo] });
    const before = registry.requests().length;
    const found = await buildStapel(builder, project, { args: ['--repo', repo] });
    // Greetings (`/v2/`) count, too.
    const asked = registry.requests().slice(before);
    expect([...found.images.values()].flat().filter(({ rebuilt }) => rebuilt)).toEqual([]);
    expect(asked.length).toBeLessThanOrEqual(2 * images.length);
    expect(asked.filter((line) => line.includes('/tags/list'))).toHaveLength(1);
  });
});

describe('a stage that the registry lists', () => {
  const config = () =>
    stapelConfig(
      `image: app\nfrom: ${registry.host}/busybox:latest\ngit:\n- add: /src\n  to: /app\nshell:\n  install: head -c 100000 /dev/urandom >/install`,
    );
  const api = (repo: string, path: string, init: RequestInit = {}) =>
    fetch(`http://${registry.host}/v2/${repo.split('/')[1]}/${path}`, init);

  it('and whose layer it lost is rejected for everybody and made again', async () => {
    const project = await projectOf({ 'werf.yaml': config(), 'src/file': 'one' });
    const repo = `${registry.host}/lost-layer`;
    const first = await buildStapel(builder, project, { args: ['--repo', repo] });
    const { layers } = registry.inspect(first.last(), '--raw') as { layers: { digest: string }[] };
    const gone = await api(repo, `blobs/${layers.at(-1)?.digest}`, { method: 'DELETE' });
    expect(gone.status).toBe(202);
    await project.write({ 'src/file': 'two' });
    await project.commit('two');
    const other = await makeBuilder();
    const second = await buildStapel(other, project, { args: ['--repo', repo] });
    await other.remove();
    expect(`${second.stdout}${second.stderr}`).toContain('cannot be used, and is made again');
    expect(second.rebuilt()).toEqual(['install']);
    const tags = registry.tags('lost-layer');
    expect(tags).toContain(`${first.last().split(':').at(-1)}-rejected`);
    const third = await buildStapel(builder, project, { args: ['--repo', repo] });
    expect(third.rebuilt()).toEqual([]);
    expect(third.last()).toBe(second.last());
  });

  it('and that is gone when it is asked for is made again, whatever this machine remembers', async () => {
    const project = await projectOf({ 'werf.yaml': config(), 'src/file': 'one' });
    const repo = `${registry.host}/late-list`;
    const first = await buildStapel(builder, project, { args: ['--repo', repo] });
    const { Digest } = registry.inspect(first.last()) as { Digest: string };
    await api(repo, `manifests/${Digest}`, { method: 'DELETE' });
    const second = await buildStapel(builder, project, { args: ['--repo', repo] });
    expect(second.stages()).toEqual(first.stages());
    const { Digest: now } = registry.inspect(second.last()) as { Digest: string };
    expect(now).toBeTruthy();
  });
});
