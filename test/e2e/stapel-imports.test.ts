import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Builder, makeBuilder } from './support/builder.ts';
import { buildStapel, filesOf, stapelConfig } from './support/stapel.ts';
import { suite } from './support/suite.ts';

const shared = suite('imports');
const { projectOf, freshRepository, busybox } = shared;
let builder: Builder;
beforeAll(async () => {
  builder = await makeBuilder({ user: 'ordinary' });
});
afterAll(() => builder.remove());

describe('an import', () => {
  /** @param install commands of the artifact */
  const config = (install: string, version: string) =>
    stapelConfig(
      `image: artifact\nfinal: false\nfrom: ${busybox()}\nshell:\n  install: ${JSON.stringify(install)}\n  installCacheVersion: "${version}"`,
      `image: app\nfrom: ${busybox()}\nimport:\n- from: artifact\n  add: /out\n  to: /opt/app\n  before: setup\nshell:\n  setup: ls -l /opt/app >/listing`,
    );
  const MAKE =
    'mkdir -p /out/dir && echo hi >/out/dir/file && ln -s dir/file /out/link && chmod 751 /out/dir/file';

  it('keeps its stage when the source is built again with the same files, and not when mode or link differ', async () => {
    const project = await projectOf({ 'werf.yaml': config(MAKE, '1') });
    const repo = freshRepository();
    const build = async (install: string, version: string) => {
      await project.write({ 'werf.yaml': config(install, version) });
      await project.commit(version);
      return await buildStapel(builder, project, { args: ['--repo', repo] });
    };
    const first = await build(MAKE, '1');
    expect(first.stages()).toEqual(['from', 'dependenciesBeforeSetup', 'setup']);
    // Equal stages are one: artifact and app share `from`.
    expect(first.stages('artifact')).toEqual(['from', 'install']);
    expect(
      shared.registry.tags(repo.split('/')[1] ?? '').filter((tag) => /^[0-9a-f]{56}-/.test(tag)),
    ).toHaveLength(4);
    expect((await filesOf(first.last(), 'opt/app')).get('dir/file')).toBe('f 751 0:0 hi\n');
    const again = await build(MAKE, '2');
    expect(again.rebuilt('artifact')).toEqual(['install']);
    expect(again.rebuilt()).toEqual([]);
    expect(again.last()).toBe(first.last());
    const mode = await build(`${MAKE} && chmod 750 /out/dir/file`, '2');
    expect(mode.rebuilt()).toEqual(['dependenciesBeforeSetup', 'setup']);
    const link = await build(`${MAKE} && ln -sf dir /out/link`, '2');
    expect(link.rebuilt()).toEqual(['dependenciesBeforeSetup', 'setup']);
    expect((await filesOf(link.last(), 'opt/app')).get('link')).toBe('l 777 0:0 dir');
  });

  it('knows its files from a record: the source is fetched by nobody who has an up-to-date repository', async () => {
    const project = await projectOf({ 'werf.yaml': config(MAKE, '1') });
    const repo = freshRepository();
    await buildStapel(builder, project, { args: ['--repo', repo] });
    const other = await makeBuilder({ user: 'ordinary' });
    const found = await buildStapel(other, project, { args: ['--repo', repo] });
    await other.remove();
    expect(found.rebuilt()).toEqual([]);
    expect(found.stdout).not.toMatch(/Fetching|Pulling/);
  });

  it('of everything leaves out what the kernel and the builder own, at the top alone', async () => {
    const project = await projectOf({
      'werf.yaml': stapelConfig(
        `image: source\nfinal: false\nfrom: ${busybox()}\nshell:\n  install:\n  - mkdir -p /opt/app/run /opt/app/dev /run/own && touch /opt/app/run/file /opt/app/dev/file /run/own/file`,
        'image: app\nfrom: scratch\nimport:\n- from: source\n  add: /\n  to: /\n  before: install\n  includePaths: ["**/*"]',
      ),
    });
    const built = await buildStapel(builder, project, { args: ['--repo', freshRepository()] });
    const files = await filesOf(built.last());
    expect(files.has('bin/busybox') || files.has('bin/sh')).toBe(true);
    expect([...files.keys()].filter((path) => /^(proc|sys|dev|run|\.werf)(\/|$)/.test(path))).toEqual([]);
    expect(files.get('opt/app/run/file')).toBe('f 644 0:0 ');
    expect(files.get('opt/app/dev/file')).toBe('f 644 0:0 ');
  });

  it('into an image from nothing gives one that every tool reads', async () => {
    const project = await projectOf({
      'werf.yaml': stapelConfig(
        `image: app\nfrom: scratch\nimport:\n- from: ${busybox()}\n  add: /bin/busybox\n  to: /tool\n  before: install\n  owner: 5\n  group: 6`,
      ),
    });
    const repo = freshRepository();
    const built = await buildStapel(builder, project, { args: ['--repo', repo] });
    expect(built.stages()).toEqual(['from', 'dependenciesBeforeInstall']);
    const files = await filesOf(built.last());
    expect([...files.keys()]).toEqual(['tool']);
    expect(files.get('tool')).toMatch(/^f 755 5:6/);
    const manifest = shared.registry.inspect(built.last(), '--raw') as { layers: { size: number }[] };
    expect(manifest.layers.every(({ size }) => size > 0)).toBe(true);
    const { Labels } = shared.registry.inspect(built.last()) as { Labels: Record<string, string> };
    for (const name of ['werf', 'werf-version', 'werf-stage-content-digest', 'werf-project-repo-commit'])
      expect(Labels[name]).toBeTruthy();
  });

  it('joins a directory that is a link, replaces files, and takes from a stage in the middle', async () => {
    const project = await projectOf({
      'werf.yaml': stapelConfig(
        `image: source\nfinal: false\nfrom: ${busybox()}\nshell:\n  beforeInstall: mkdir /out && echo early >/out/file\n  install: echo late >/out/file`,
        `image: base\nfinal: false\nfrom: ${busybox()}\nshell:\n  install: mkdir -p /real/sub && ln -s real /joined && echo old >/real/file`,
        'image: app\nfrom: base\nimport:\n- from: source\n  stage: beforeInstall\n  add: /out\n  to: /joined\n  after: setup',
      ),
    });
    const built = await buildStapel(builder, project, { args: ['--repo', freshRepository()] });
    expect(built.stages()).toEqual(['from', 'dependenciesAfterSetup']);
    const files = await filesOf(built.last());
    expect(files.get('joined')).toBe('l 777 0:0 real');
    expect(files.get('real/file')).toBe('f 644 0:0 early\n');
    expect(files.has('real/sub')).toBe(true);
  });
});

describe('a dependency', () => {
  it('tells a Stapel image and a Dockerfile image what another one is', async () => {
    const repo = freshRepository();
    const project = await projectOf({
      'werf.yaml': stapelConfig(
        `image: other\nfrom: ${busybox()}`,
        `image: app\nfrom: ${busybox()}\ndependencies:\n- image: other\n  before: install\n  imports:\n  - type: ImageName\n    targetEnv: OTHER\n  - type: ImageTag\n    targetEnv: OTHER_TAG\nshell:\n  install: echo "$OTHER" >/other`,
        'image: docker\ndockerfile: Dockerfile\ndependencies:\n- image: other\n  imports:\n  - type: ImageName\n    targetBuildArg: BASE',
      ),
      Dockerfile: 'ARG BASE\nFROM ${BASE}\nRUN echo yes >/built\n',
    });
    const built = await buildStapel(builder, project, { args: ['--repo', repo] });
    const other = built.last('other');
    expect(built.stages('other')).toEqual(['from']);
    expect((await filesOf(built.last('app'))).get('other')).toBe(`f 644 0:0 ${other}\n`);
    const { Env } = shared.registry.inspect(built.last('app')) as { Env: string[] };
    expect(Env).toContain(`OTHER=${other}`);
    expect(Env).toContain(`OTHER_TAG=${other.split(':').at(-1)}`);
    expect((await filesOf(built.last('docker'))).get('built')).toBe('f 644 0:0 yes\n');
    const again = await buildStapel(builder, project, { args: ['--repo', repo] });
    for (const image of ['other', 'app', 'docker']) expect(again.rebuilt(image)).toEqual([]);
  });
});

describe('a configuration', () => {
  it('is changed without touching layers, and without reading them where the repository holds them', async () => {
    const config = (label: string) =>
      stapelConfig(
        `image: app\nfrom: ${busybox()}\nshell:\n  install: echo x >/x\nimageSpec:\n  config:\n    env:\n      PATH: "\${PATH}:/add"\n    user: "12"\n    cmd: [run]\n    labels:\n      own: ${label}-%image%`,
        'image: docker\ndockerfile: Dockerfile\nimageSpec:\n  config:\n    labels:\n      own: "%project%"',
        `image: old\nfrom: ${busybox()}\ndocker:\n  CMD: ["a", "b"]\n  ENV:\n    X: y`,
      );
    const project = await projectOf({ 'werf.yaml': config('one'), Dockerfile: `FROM ${busybox()}\n` });
    const repo = freshRepository();
    const first = await buildStapel(builder, project, { args: ['--repo', repo] });
    expect(first.stages()).toEqual(['from', 'install', 'imageSpec']);
    expect(first.stages('docker')).toEqual(['dockerfile', 'imageSpec']);
    expect(first.stages('old')).toEqual(['from', 'dockerInstructions']);
    const configOf = (reference: string) =>
      (shared.registry.inspect(reference, '--config') as { config: Record<string, unknown> }).config;
    expect(configOf(first.last())).toMatchObject({ User: '12', Cmd: ['run'] });
    expect(configOf(first.last()).Labels).toMatchObject({ own: 'one-app', werf: 'demo' });
    expect(configOf(first.last()).Env).toEqual([expect.stringMatching(/^PATH=.*:\/add$/)]);
    expect(configOf(first.last('docker')).Labels).toMatchObject({ own: 'demo' });
    expect(configOf(first.last('old'))).toMatchObject({
      Cmd: ['a', 'b'],
      Env: expect.arrayContaining(['X=y']),
    });
    await project.write({ 'werf.yaml': config('two') });
    await project.commit('two');
    const other = await makeBuilder({ user: 'ordinary' });
    const before = shared.registry.requests().length;
    const second = await buildStapel(other, project, { args: ['--repo', repo] });
    const asked = shared.registry.requests().slice(before);
    const halfMade = await other.halfMade();
    await other.remove();
    expect(second.rebuilt()).toEqual(['imageSpec']);
    expect(halfMade).toEqual([]);
    expect(configOf(second.last()).Labels).toMatchObject({ own: 'two-app' });
    const layers = (shared.registry.inspect(second.last(), '--raw') as { layers: { digest: string }[] })
      .layers;
    for (const { digest } of layers)
      expect(asked.filter((line) => line.startsWith('GET') && line.includes(digest))).toEqual([]);
  });
});
