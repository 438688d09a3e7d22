import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fixture } from '../git/git-fixture.ts';
import { type Builder, makeBuilder } from './support/builder.ts';
import { makeProject } from './support/project.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';

let registry: TestRegistry;
let other: TestRegistry;
let builder: Builder;
let project: Fixture;
let directory: string;

const WERF = `project: demo
configVersion: 1
---
image: base
final: false
dockerfile: base.Dockerfile
---
image: app/one
dockerfile: Dockerfile
args: {OF: one}
imageSpec:
  config: {labels: {own: kept}}
---
image: two
dockerfile: Dockerfile
args: {OF: two}
`;

beforeAll(async () => {
  [registry, other] = await Promise.all([startRegistry(), startRegistry({ empty: true })]);
  builder = await makeBuilder();
  directory = await mkdtemp(join(tmpdir(), 'slipway-export-'));
  project = await makeProject({
    'werf.yaml': WERF,
    'base.Dockerfile': `FROM ${registry.host}/busybox:latest\nRUN echo base >/base\n`,
    Dockerfile: `FROM ${registry.host}/busybox:latest\nARG OF\nRUN echo $OF >/of\n`,
  });
});
afterAll(async () => {
  await builder.remove();
  await project.remove();
  await rm(directory, { recursive: true, force: true });
  await registry.stop();
  await other.stop();
});

const slipway = (...args: string[]) => builder.run(args, { cwd: project.root });
interface Raw {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string }[];
}
const layers = (reference: string, of = registry) =>
  (of.inspect(reference, '--raw') as unknown as Raw).layers.map(({ digest }) => digest);
const content = (reference: string, of = registry) =>
  (of.inspect(reference, '--config', '--raw') as { rootfs: { diff_ids: readonly string[] } }).rootfs.diff_ids;
const labels = (reference: string, of = registry) =>
  (of.inspect(reference, '--config', '--raw') as { config: { Labels?: Record<string, string> } }).config
    .Labels ?? {};

describe.each(['repository', 'local'] as const)('export from the storage: %s', (storage) => {
  const repo = () => (storage === 'local' ? [] : ['--repo', `${registry.host}/stages`]);

  it('builds what is missing and gives final images free names, without the labels of slipway', async () => {
    const to = `${registry.host}/free-${storage}`;
    const labelled = ['--add-label', 'a=b\nc=d=e', '--add-label', 'own.label=x'];
    const exported = await slipway(
      'export',
      ...repo(),
      '--tag',
      `${to}/%image%:1`,
      '--tag',
      `${to}:%image_safe_slug%`,
      ...labelled,
    );
    expect([exported.exitCode, exported.stderr]).toEqual([0, '']);
    expect(exported.stdout).toContain('Exporting image app/one');
    expect(exported.stdout).toContain(`tag ${to}/two:1`);
    expect(exported.stdout).not.toContain('Exporting image base');
    expect(labels(`${to}/app/one:1`)).toEqual({ own: 'kept', a: 'b', c: 'd=e', 'own.label': 'x' });
    expect(labels(`${to}/two:1`)).toEqual({ a: 'b', c: 'd=e', 'own.label': 'x' });
    expect(registry.tags(`free-${storage}`)).toEqual(expect.arrayContaining(['two']));
    if (storage === 'local') return;
    const { stdout: stage } = await slipway('stage', 'image', 'two', ...repo());
    expect(layers(`${to}/two:1`)).toEqual(layers(stage.trim()));
    expect(labels(stage.trim())).toMatchObject({ werf: 'demo' });
  });

  it('exports to another registry', async () => {
    const args = ['export', 'two', ...repo(), '--tag', `${other.host}/free-${storage}:two`];
    expect(await slipway(...args)).toMatchObject({ exitCode: 0, stderr: '' });
    const [there, here] = [`${other.host}/free-${storage}:two`, `${registry.host}/free-${storage}/two:1`];
    expect(content(there, other)).toEqual(content(here));
    // From this machine base layers are packed anew, where they cannot be taken from the registry they came from.
    if (storage === 'repository') expect(layers(there, other)).toEqual(layers(here));
    // The same again is the same image.
    const before = other.inspect(`${other.host}/free-${storage}:two`)['Digest'];
    await slipway(...args);
    expect(other.inspect(`${other.host}/free-${storage}:two`)['Digest']).toBe(before);
  });
});

describe('export', () => {
  const repo = () => ['--repo', `${registry.host}/stages`];

  it('refuses equal names and what is no full reference before anything is built', async () => {
    await project.write({
      Dockerfile: `FROM ${registry.host}/busybox:latest\nARG OF\nRUN echo new $OF >/of\n`,
    });
    await project.commit('another');
    const same = await slipway('export', ...repo(), '--tag', `${other.host}/same:1`);
    expect([same.exitCode, same.stdout.includes('Building stage')]).toEqual([1, false]);
    expect(same.stderr).toContain(`the images app/one and two would both become ${other.host}/same:1`);
    const partial = await slipway('export', 'two', ...repo(), '--tag', 'name-without-tag');
    expect(partial.stderr).toContain('"name-without-tag" is not a full reference');
    const unknown = await slipway('export', 'two', ...repo(), '--tag', `${other.host}/x:%nothing%`);
    expect(unknown.stderr).toContain('is not a full reference');
    expect((await slipway('export', ...repo())).stderr).toContain('`export` needs --tag');
    const bad = await slipway('export', ...repo(), '--tag', 'a/b:c', '--add-label', 'nothing');
    expect(bad.stderr).toContain('"nothing" is not of the form NAME=VALUE');
    const missing = await slipway('export', 'two', ...repo(), '-Z', '--tag', `${other.host}/x:1`);
    expect(missing.stderr).toContain('stages required: two/dockerfile');
    expect(other.tags('same')).toEqual([]);
  });

  it('takes images that are not final when they are asked for', async () => {
    const named = await slipway('export', 'base', ...repo(), '--tag', `${other.host}/base:1`);
    expect([named.exitCode, other.tags('base')]).toEqual([0, ['1']]);
    const all = await slipway(
      'export',
      ...repo(),
      '--final-images-only=false',
      '--tag',
      `${other.host}/all/%image%:1`,
    );
    expect([all.exitCode, other.tags('all/base')]).toEqual([0, ['1']]);
  });

  it('takes images from a build report', async () => {
    const report = ['--build-report-path', join(directory, 'report.json')];
    expect(await slipway('build', ...repo(), '--save-build-report', ...report)).toMatchObject({
      exitCode: 0,
    });
    const exported = await slipway(
      'export',
      'two',
      ...repo(),
      '--use-build-report',
      ...report,
      '--tag',
      `${other.host}/reported:1`,
    );
    expect([exported.exitCode, exported.stderr, other.tags('reported')]).toEqual([0, '', ['1']]);
    expect(exported.stdout).not.toContain('Use previously built image');
  });
});
