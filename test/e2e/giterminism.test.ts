import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fixture } from '../git/git-fixture.ts';
import { type Builder, makeBuilder, type Outcome } from './support/builder.ts';
import { config, makeProject } from './support/project.ts';

const DOCKERFILE = 'FROM scratch\nCOPY . /\n';

let builder: Builder;
beforeAll(async () => {
  builder = await makeBuilder();
});
afterAll(() => builder.remove());

interface Case {
  readonly files: Readonly<Record<string, string>>;
  /** Lines below `config:` of werf-giterminism.yaml. */
  readonly permits?: readonly string[];
  /** Written after the commit. */
  readonly later?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
}

async function building({ files, permits = [], later = {}, args = [] }: Case): Promise<Outcome> {
  const permissions = ['giterminismConfigVersion: 1', 'config:', ...permits.map((line) => `  ${line}`), ''];
  const granted = permits.length > 0 ? { 'werf-giterminism.yaml': permissions.join('\n') } : {};
  const project = await makeProject({ ...granted, ...files });
  return await builtIn(project, later, args);
}

async function builtIn(project: Fixture, later: Readonly<Record<string, string>>, args: readonly string[]) {
  try {
    await project.write(later);
    return await builder.run(['build', ...args], { cwd: project.root });
  } finally {
    await project.remove();
  }
}

describe('a Dockerfile that is not committed', () => {
  const uncommitted = (dockerfile: string, glob: string) => {
    const context = dockerfile.includes('/') ? ['context: context'] : [];
    return building({
      files: { 'werf.yaml': config(...context), '.dockerignore': '', 'context/.keep': '' },
      permits: ['dockerfile:', `  allowUncommitted: [${JSON.stringify(glob)}]`],
      later: { [dockerfile]: 'FROM scratch\nLABEL a=b\n' },
    });
  };

  it.each([
    ['Dockerfile', '*', true],
    ['Dockerfile', 'docker*', false],
    ['context/Dockerfile', 'Dockerfile', false],
    ['context/Dockerfile', 'context/*', true],
  ])('%s is permitted by %s: %s', async (dockerfile, glob, isPermitted) => {
    const { exitCode, stderr } = await uncommitted(dockerfile, glob);
    if (!isPermitted) {
      expect(stderr).toContain(
        `unable to read dockerfile "${dockerfile}": the untracked file "${dockerfile}" must be committed`,
      );
    }
    expect(exitCode, stderr).toBe(isPermitted ? 0 : 1);
  });

  it('is missing altogether', async () => {
    const { exitCode, stderr } = await building({ files: { 'werf.yaml': config() } });
    expect(stderr).toContain('unable to read dockerfile "Dockerfile"');
    expect(exitCode).toBe(1);
  });
});

describe('files that are added to the context', () => {
  const added = (glob: string) =>
    building({
      files: {
        'werf.yaml': config('context: d', 'contextAddFiles: [a/b/c]'),
        'd/Dockerfile': DOCKERFILE,
        '.gitignore': 'd/a\n',
      },
      permits: ['dockerfile:', `  allowContextAddFiles: [${JSON.stringify(glob)}]`],
      later: { 'd/a/b/c': 'text' },
    });

  it('are permitted by their path in the project, not in the context', async () => {
    const { exitCode, stderr } = await added('a/b/c');
    expect(stderr).toContain('contextAddFile "d/a/b/c" not allowed by giterminism');
    expect(exitCode).toBe(1);
  });

  it.each(['d/a/b/c', '**/*'])('are permitted by %s', async (glob) => {
    const { exitCode, stderr } = await added(glob);
    expect(exitCode, stderr).toBe(0);
  });

  it('come from the disk, over committed ones, whatever .dockerignore says', async () => {
    const { exitCode, stdout, stderr } = await building({
      files: {
        'werf.yaml': config('context: app', 'contextAddFiles: [file1, dir1/, dir2/file2.out]'),
        'app/Dockerfile': DOCKERFILE,
        'app/file1': 'committed',
        'app/.dockerignore': 'dir1\n',
        '.gitignore': 'app/dir1\napp/dir2\n',
      },
      permits: ['dockerfile:', '  allowContextAddFiles: [app/file1, app/dir1/, app/dir2/file2.out]'],
      later: {
        'app/file1': 'from the disk',
        'app/dir1/deep/one': '1',
        'app/dir2/file2.out': '2',
        'app/dir2/other': 'not added',
      },
    });
    expect(exitCode, stderr).toBe(0);
    const name = /name: (\S+)/.exec(stdout)?.[1] ?? '';
    const found = filesOfImage(name);
    expect(found).toMatchObject({ file1: 'from the disk', 'dir1/deep/one': '1', 'dir2/file2.out': '2' });
    expect(Object.keys(found)).not.toContain('dir2/other');
  });
});

/** Names and texts of the files in the image's top layer, read from its directory in the store. */
function filesOfImage(name: string): Readonly<Record<string, string>> {
  const layers = JSON.parse(
    execFileSync('cat', [`${builder.graphRoot}/overlay-layers/layers.json`], { encoding: 'utf8' }),
  );
  const images = JSON.parse(
    execFileSync('cat', [`${builder.graphRoot}/overlay-images/images.json`], { encoding: 'utf8' }),
  );
  const image = images.find(({ names }: { names?: string[] }) =>
    names?.some((known) => known.endsWith(name)),
  );
  const layer = layers.find(({ id }: { id: string }) => id === image?.layer);
  if (!layer) throw new Error(`${name} is not in the store`);
  const directory = `${builder.graphRoot}/overlay/${layer.id}/diff`;
  const paths = execFileSync('find', ['.', '-type', 'f'], { cwd: directory, encoding: 'utf8' })
    .trim()
    .split('\n');
  return Object.fromEntries(
    paths.map((path) => [path.slice(2), execFileSync('cat', [path], { cwd: directory, encoding: 'utf8' })]),
  );
}

describe('a change outside of all that is read', () => {
  it('does not stop a build', async () => {
    const { exitCode, stderr } = await building({
      files: {
        'werf.yaml': config('context: app'),
        'app/Dockerfile': DOCKERFILE,
        'app/f': '',
        'other/f': '',
      },
      later: { 'other/f': 'changed', 'other/new': '' },
    });
    expect(exitCode, stderr).toBe(0);
  });
});

describe('one image of several names', () => {
  it('is built once', async () => {
    const { exitCode, stdout, stderr } = await building({
      files: { 'werf.yaml': config().replace('image: app', 'image: [a, b]'), Dockerfile: DOCKERFILE },
    });
    expect(exitCode, stderr).toBe(0);
    expect(stdout.match(/┌ .*Building stage/g)).toHaveLength(1);
  });

  it('has the stage of another image with the same content', async () => {
    const { exitCode, stdout, stderr } = await building({
      files: {
        'werf.yaml': `${config()}---\nimage: other\ndockerfile: Dockerfile\n`,
        Dockerfile: `${DOCKERFILE}LABEL test=same\n`,
      },
    });
    expect(exitCode, stderr).toBe(0);
    const names = [...stdout.matchAll(/name: (\S+)/g)].map(([, name]) => name);
    expect(new Set(names).size).toBe(1);
  });
});

describe('without a network', () => {
  it('the configuration is read', async () => {
    const project = await makeProject({
      'werf.yaml': `{{ include "all.tmpl" . }}`,
      '.werf/all.tmpl': config(),
    });
    const slipway = builder.program;
    const printed = execFileSync('unshare', ['--net', process.execPath, slipway, 'config', 'list'], {
      cwd: project.root,
      encoding: 'utf8',
    });
    await project.remove();
    expect(printed).toBe('app\n');
  });
});

describe('submodules', () => {
  it('are part of contexts, and must be as the commit says', async () => {
    const library = await makeProject({ inside: 'of the library' });
    const project = await makeProject({ 'werf.yaml': config(), Dockerfile: 'FROM scratch\nCOPY lib /lib\n' });
    const url = `file://${library.root}`;
    project.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', url, 'lib');
    await project.commit('with a library');
    const build = () => builder.run(['build'], { cwd: project.root });
    const built = await build();
    expect(built.exitCode, built.stderr).toBe(0);
    const found = filesOfImage(/name: (\S+)/.exec(built.stdout)?.[1] ?? '');
    expect(found).toEqual({ 'lib/inside': 'of the library' });
    await project.write({ 'lib/inside': 'changed' });
    const refused = await build();
    expect(refused.stderr).toContain('the submodule "lib" has changed files that must be committed');
    expect(refused.exitCode).toBe(1);
    await project.remove();
    await library.remove();
  });
});

describe('what cannot be read yet', () => {
  it('is not left out in silence', async () => {
    const files = { 'werf.yaml': config(), 'werf-includes.yaml': 'includes: []\n', Dockerfile: DOCKERFILE };
    const { exitCode, stderr } = await building({ files });
    expect(stderr).toContain(
      'werf-includes.yaml: configuration from other repositories is not supported yet',
    );
    expect(exitCode).toBe(1);
  });
});

describe('the loose mode', () => {
  it('builds contexts from HEAD and checks nothing', async () => {
    const { exitCode, stdout, stderr } = await building({
      files: { 'werf.yaml': config(), Dockerfile: `${DOCKERFILE}LABEL test=loose\n`, f: 'committed' },
      later: { f: 'changed', new: 'x' },
      args: ['--loose-giterminism'],
    });
    expect(exitCode, stderr).toBe(0);
    const found = filesOfImage(/name: (\S+)/.exec(stdout)?.[1] ?? '');
    expect(found).toMatchObject({ f: 'committed' });
    expect(Object.keys(found)).not.toContain('new');
  });
});
