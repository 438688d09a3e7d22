import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fixture } from '../git/git-fixture.ts';
import { type Builder, makeBuilder } from './support/builder.ts';
import { cloneOf } from './support/project.ts';
import { buildStapel, filesOf, stapelConfig } from './support/stapel.ts';
import { suite } from './support/suite.ts';

const MIB = 1024 * 1024;

const shared = suite('history');
const { projectOf, freshRepository } = shared;
let builder: Builder;
beforeAll(async () => {
  builder = await makeBuilder({ user: 'ordinary' });
});
afterAll(() => builder.remove());

/** An image with a mapping of `/src` and commands at every stage that may have some. */
function app(...lines: readonly string[]): string {
  return stapelConfig(
    [
      'image: app',
      `from: ${shared.registry.host}/busybox:latest`,
      'git:',
      '- add: /src',
      '  to: /app',
      '  stageDependencies:',
      '    install: lock',
      '    setup: "*.conf"',
      'shell:',
      '  beforeInstall: echo prepared >/prepared',
      '  install: cat /app/lock >/installed',
      '  setup: cat /app/*.conf /app/text >/configured',
      ...lines,
    ].join('\n'),
  );
}

const FILES = { 'src/lock': 'one\n', 'src/a.conf': 'a\n', 'src/text': 'text\n', 'other/file': 'x\n' };

describe('a history of commits', () => {
  let project: Fixture;
  let repo: string;
  beforeAll(async () => {
    project = await projectOf({ 'werf.yaml': app(), ...FILES });
    repo = freshRepository();
  });
  const build = () => buildStapel(builder, project, { args: ['--repo', repo] });
  const commit = async (files: Readonly<Record<string, string | Buffer>>) => {
    await project.write(files);
    return await project.commit('next');
  };

  it('builds all stages first, and none of them a second time', async () => {
    const first = await build();
    expect(first.rebuilt()).toEqual(['from', 'beforeInstall', 'gitArchive', 'install', 'setup']);
    const second = await build();
    expect(second.rebuilt()).toEqual([]);
    expect(second.images).toEqual(
      new Map(
        [...first.images].map(([name, stages]) => [
          name,
          stages.map((stage) => ({ ...stage, rebuilt: false })),
        ]),
      ),
    );
    expect(second.stdout).not.toMatch(/Building|Pulling|Fetching|Store/);
    expect(second.stdout.match(/Use previously built image for app\/\w+/g)).toHaveLength(5);
  });

  it('builds nothing for a commit outside of the mappings', async () => {
    await commit({ 'other/file': 'y\n' });
    expect((await build()).rebuilt()).toEqual([]);
  });

  it('adds a patch for small changes', async () => {
    await commit({ 'src/text': 'text 2\n', 'src/deep/new': 'new\n' });
    const built = await build();
    expect(built.rebuilt()).toEqual(['gitLatestPatch']);
    const files = await filesOf(built.last());
    expect(files.get('app/text')).toBe('f 644 0:0 text 2\n');
    expect(files.get('app/deep')).toBe('d 775 0:0');
    expect(files.get('app/deep/new')).toBe('f 644 0:0 new\n');
    expect(files.get('configured')).toBe('f 644 0:0 a\ntext\n');
  });

  it('runs a stage again whose dependencies changed, with all changes, and none before it', async () => {
    await commit({ 'src/b.conf': 'b\n' });
    const built = await build();
    expect(built.rebuilt()).toEqual(['setup']);
    expect(built.stages()).toEqual(['from', 'beforeInstall', 'gitArchive', 'install', 'setup']);
    const files = await filesOf(built.last());
    expect(files.get('configured')).toBe('f 644 0:0 a\nb\ntext 2\n');
    expect(files.get('app/deep/new')).toBe('f 644 0:0 new\n');
  });

  it('runs an earlier stage again with all that come after it', async () => {
    await commit({ 'src/lock': 'two\n' });
    const built = await build();
    expect(built.rebuilt()).toEqual(['install', 'setup']);
    expect((await filesOf(built.last())).get('installed')).toBe('f 644 0:0 two\n');
  });

  it('gives large changes a layer of their own, and the next ones a patch', async () => {
    await commit({ 'src/large': Buffer.alloc(MIB, 'x') });
    expect((await build()).rebuilt()).toEqual(['gitCache']);
    await commit({ 'src/large-too': Buffer.alloc(MIB - 1024, 'y') });
    const next = await build();
    expect(next.rebuilt()).toEqual(['gitLatestPatch']);
    expect(next.stages().slice(-2)).toEqual(['gitCache', 'gitLatestPatch']);
    await commit({ 'src/large-three': Buffer.alloc(MIB, 'z') });
    const third = await build();
    expect(third.rebuilt()).toEqual(['gitCache']);
    expect((await filesOf(third.last())).has('app/large-too')).toBe(true);
  });

  it('takes deleted files away with the directories that they leave empty, and nothing else', async () => {
    await project.git('rm', '-rq', 'src/deep', 'src/large', 'src/large-too', 'src/large-three');
    await project.commit('less');
    const files = await filesOf((await build()).last());
    expect([...files.keys()].filter((path) => path.startsWith('app'))).toEqual(
      expect.arrayContaining(['app', 'app/lock', 'app/a.conf', 'app/b.conf', 'app/text']),
    );
    expect([...files.keys()].filter((path) => path.startsWith('app/'))).toHaveLength(4);
  });

  it('finds the stages of a commit that is reverted to', async () => {
    const before = await build();
    await commit({ 'src/lock': 'three\n' });
    expect((await build()).rebuilt()).toEqual(['install', 'setup']);
    project.git('revert', '--no-edit', 'HEAD');
    const after = await build();
    // Files are those of before, and so are the digests: only younger commits have been recorded since.
    expect(after.stages()).toEqual(before.stages());
    expect(after.rebuilt()).toEqual([]);
    expect(after.last()).toBe(before.last());
  });
});

describe('the files of a mapping', () => {
  it('survive with every name, mode and kind, in the archive and in patches', async () => {
    const names = [
      'with space',
      "it's",
      '"quoted"',
      '$HOME',
      'wow!',
      'why?',
      'a&b',
      'кириллица',
      '漢字',
      'new\nline',
      '-dash',
      'back\\slash',
      '*star*',
    ];
    const config = stapelConfig(
      `image: app\nfrom: ${shared.registry.host}/busybox:latest\ngit:\n- add: /\n  to: /app\n  owner: 33\n  group: "44"\n  excludePaths: [werf.yaml]`,
    );
    const project = await projectOf({ 'werf.yaml': config });
    const repo = freshRepository();
    const write = async (content: string, directory: string) => {
      for (const name of names) await project.write({ [`${directory}/${name}`]: content });
      await project.write({ [`${directory}/run`]: '#!/bin/sh\n' });
      await project.chmod(`${directory}/run`, 0o755);
      await project.link(`${directory}/link`, '../somewhere else');
    };
    await write('first', 'archived');
    await project.commit('archive');
    await buildStapel(builder, project, { args: ['--repo', repo] });
    await write('second', 'patched');
    await project.commit('patch');
    const built = await buildStapel(builder, project, { args: ['--repo', repo] });
    expect(built.rebuilt()).toEqual(['gitLatestPatch']);
    const files = await filesOf(built.last());
    for (const [directory, content] of [
      ['archived', 'first'],
      ['patched', 'second'],
    ]) {
      for (const name of names)
        expect(files.get(`app/${directory}/${name}`), name).toBe(`f 644 33:44 ${content}`);
      expect(files.get(`app/${directory}/run`)).toBe('f 755 33:44 #!/bin/sh\n');
      expect(files.get(`app/${directory}/link`)).toBe('l 777 33:44 ../somewhere else');
      expect(files.get(`app/${directory}`)).toBe('d 775 33:44');
    }
  });

  it('change their kind: file, directory, link, executable; and their names', async () => {
    const config = stapelConfig(
      `image: app\nfrom: ${shared.registry.host}/busybox:latest\ngit:\n- add: /src\n  to: /app`,
    );
    const project = await projectOf({
      'werf.yaml': config,
      'src/file': 'file',
      'src/directory/inside': 'inside',
      'src/plain': 'plain',
      'src/old-name': 'same content',
      'src/linked/a': 'a',
    });
    const repo = freshRepository();
    const build = () => buildStapel(builder, project, { args: ['--repo', repo] });
    await build();
    const at = (path: string) => join(project.root, 'src', path);
    for (const path of ['file', 'directory', 'linked']) await rm(at(path), { recursive: true });
    await mkdir(dirname(at('file/now')), { recursive: true });
    await project.write({ 'src/file/now': 'a directory', 'src/directory': 'now a file' });
    await project.link('src/linked', 'file');
    await project.chmod('src/plain', 0o755);
    project.git('mv', 'src/old-name', 'src/new-name');
    await project.commit('changed');
    const built = await build();
    expect(built.rebuilt()).toEqual(['gitLatestPatch']);
    const files = await filesOf(built.last(), 'app');
    expect(Object.fromEntries(files)).toEqual({
      file: 'd 775 0:0',
      'file/now': 'f 644 0:0 a directory',
      directory: 'f 644 0:0 now a file',
      linked: 'l 777 0:0 file',
      plain: 'f 755 0:0 plain',
      'new-name': 'f 644 0:0 same content',
    });
  });

  it('of one file go to that path; when it becomes a directory, all is placed anew', async () => {
    const config = stapelConfig(
      `image: app\nfrom: ${shared.registry.host}/busybox:latest\ngit:\n- add: /conf\n  to: /etc/app/main.conf`,
    );
    const project = await projectOf({ 'werf.yaml': config, conf: 'one' });
    const repo = freshRepository();
    const build = () => buildStapel(builder, project, { args: ['--repo', repo] });
    expect((await filesOf((await build()).last())).get('etc/app/main.conf')).toBe('f 644 0:0 one');
    await project.write({ conf: 'two' });
    await project.commit('two');
    const patched = await build();
    expect(patched.rebuilt()).toEqual(['gitLatestPatch']);
    expect((await filesOf(patched.last())).get('etc/app/main.conf')).toBe('f 644 0:0 two');
    await rm(join(project.root, 'conf'));
    await project.write({ 'conf/inside': 'three' });
    await project.commit('a directory');
    const anew = await build();
    expect(anew.rebuilt()).toEqual(['gitArchive']);
    expect((await filesOf(anew.last())).get('etc/app/main.conf/inside')).toBe('f 644 0:0 three');
  });
});

describe('an image that does not follow git', () => {
  it('keeps its files although a commit brings new ones', async () => {
    const project = await projectOf({ 'werf.yaml': app('disableGitAfterPatch: true'), ...FILES });
    const repo = freshRepository();
    await buildStapel(builder, project, { args: ['--repo', repo] });
    await project.write({ 'src/new': 'new' });
    await project.commit('new');
    expect((await buildStapel(builder, project, { args: ['--repo', repo] })).rebuilt()).toEqual([]);
  });
});

describe('branches', () => {
  it('that add one equal change each keep their own stage, also when they are built at once', async () => {
    const project = await projectOf({ 'werf.yaml': app(), ...FILES });
    const repo = freshRepository();
    const base = await buildStapel(builder, project, { args: ['--repo', repo] });
    const clones: Fixture[] = [];
    for (const branch of ['one', 'two']) {
      const clone = await cloneOf(project);
      shared.keep(clone);
      clone.git('checkout', '-q', '-b', branch);
      await clone.write({ 'src/lock': 'changed\n', [`elsewhere-${branch}`]: branch });
      await clone.commit(branch);
      clones.push(clone);
    }
    const others = await Promise.all(clones.map(() => makeBuilder({ user: 'ordinary' })));
    const build = (i: number) =>
      buildStapel(others[i] as Builder, clones[i] as Fixture, { args: ['--repo', repo] });
    const [one, two] = await Promise.all([build(0), build(1)]);
    for (const built of [one, two]) expect(built?.rebuilt()).toEqual(['install', 'setup']);
    const install = (built: typeof base | undefined) =>
      built?.images.get('app')?.find(({ name }) => name === 'install')?.tag ?? '';
    expect(install(one).split('-')[0]).toBe(install(two).split('-')[0]);
    expect(install(one)).not.toBe(install(two));
    // Each goes on using its own.
    for (const [i, built] of [one, two].entries()) {
      const again = await build(i);
      expect(again.rebuilt()).toEqual([]);
      expect(install(again)).toBe(install(built));
    }
    // After a merge both are ancestors: the older by saving time is taken.
    const merged = clones[0] as Fixture;
    merged.git('pull', '-q', '--no-rebase', '--no-edit', (clones[1] as Fixture).root, 'two');
    const after = await build(0);
    expect(after.rebuilt()).toEqual([]);
    expect(install(after)).toBe(
      [install(one), install(two)].sort((a, b) => (a.slice(57) < b.slice(57) ? -1 : 1))[0],
    );
    for (const other of others) await other.remove();
  });

  it('that are pushed anew do not use what their lost commits have built', async () => {
    const project = await projectOf({ 'werf.yaml': app(), ...FILES });
    const repo = freshRepository();
    const build = () => buildStapel(builder, project, { args: ['--repo', repo] });
    await build();
    await project.write({ 'src/lock': 'lost\n' });
    await project.commit('lost');
    expect((await build()).rebuilt()).toEqual(['install', 'setup']);
    project.git('reset', '-q', '--hard', 'HEAD~');
    await project.write({ 'src/lock': 'lost\n', 'other/file': 'different' });
    await project.commit('rewritten');
    const built = await build();
    expect(built.rebuilt()).toEqual(['install', 'setup']);
    const any = await buildStapel(builder, project, {
      args: ['--repo', repo],
      env: { WERF_DISABLE_GIT_COMMIT_ANCESTRY_CHECK: '1' },
    });
    expect(any.rebuilt()).toEqual([]);
  });

  it('come together in a merge that changes both sides', async () => {
    const project = await projectOf({ 'werf.yaml': app(), ...FILES });
    const repo = freshRepository();
    const build = () => buildStapel(builder, project, { args: ['--repo', repo] });
    await build();
    project.git('checkout', '-q', '-b', 'side');
    await project.write({ 'src/side': 'side\n' });
    await project.commit('side');
    await build();
    project.git('checkout', '-q', 'main');
    await project.write({ 'src/main': 'main\n' });
    await project.commit('main');
    await build();
    project.git('merge', '-q', '--no-edit', 'side');
    const merged = await build();
    expect(merged.rebuilt()).toEqual(['gitLatestPatch']);
    const files = await filesOf(merged.last(), 'app');
    expect([...files.keys()].sort()).toEqual(['a.conf', 'lock', 'main', 'side', 'text']);
  });
});

describe('a shallow clone', () => {
  it('fetches the history that it needs, and otherwise builds again with a warning', async () => {
    const project = await projectOf({ 'werf.yaml': app(), ...FILES });
    const repo = freshRepository();
    // The user of a clone owns it.
    const owner = await makeBuilder();
    await buildStapel(builder, project, { args: ['--repo', repo] });
    await project.write({ 'src/text': 'later\n' });
    await project.commit('later');
    const shallow = async (name: string) => {
      const root = join(owner.home, name);
      project.git('clone', '-q', '--depth=1', `file://${project.root}`, root);
      return { root };
    };
    const fetched = await buildStapel(owner, await shallow('fetched'), { args: ['--repo', repo] });
    expect(fetched.rebuilt()).toEqual(['gitLatestPatch']);
    const config = app().replace(
      'configVersion: 1\n',
      'configVersion: 1\ngitWorktree:\n  allowUnshallow: false\n',
    );
    await project.write({ 'werf.yaml': config });
    await project.commit('forbidden');
    const kept = await buildStapel(owner, await shallow('kept'), { args: ['--repo', repo] });
    expect(kept.rebuilt()).toEqual(['gitArchive', 'install', 'setup']);
    expect(`${kept.stdout}${kept.stderr}`).toContain('which this clone does not hold');
    await owner.remove();
  });
});
