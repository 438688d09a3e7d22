import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Fixture, gitFixture } from '../git/git-fixture.ts';
import { type Builder, makeBuilder, type Outcome } from './support/builder.ts';
import { makeProject } from './support/project.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';

let registry: TestRegistry;
let builder: Builder;
let project: Fixture;
let remote: Fixture;

beforeAll(async () => {
  registry = await startRegistry();
  remote = await gitFixture();
  await remote.write({ 'file.txt': 'remote' });
  await remote.commit('first');
});
afterAll(async () => {
  await remote.remove();
  await registry.stop();
});

const FILES = (host: string, url: string) => ({
  'werf.yaml': `project: demo
configVersion: 1
---
image: tools
dockerfile: Dockerfile
---
image: app
from: ${host}/debian:latest
git:
- url: file://${url}
  branch: main
  add: /
  to: /remote
- add: /
  to: /srv
  includePaths: [page]
shell: {install: [cat /remote/file.txt]}
import:
- {image: tools, add: /tool, to: /usr/tool, after: install}
`,
  'werf-giterminism.yaml': 'giterminismConfigVersion: 1\nconfig:\n  stapel:\n    git: {allowBranch: true}\n',
  Dockerfile: `FROM ${host}/busybox:latest AS one\nRUN mkdir /tool && echo one >/tool/one\nFROM ${host}/busybox:latest\nCOPY --from=one /tool /tool\n`,
  page: 'first',
});

beforeEach(async () => {
  builder = await makeBuilder();
  project = await makeProject(FILES(registry.host, remote.root));
  return async () => {
    await builder.remove();
    await project.remove();
  };
});

/** In a network namespace where nothing can be reached. */
function cutOff(args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  const child = builder.startOther('unshare', ['-n', process.execPath, builder.program, ...args], {
    cwd: project.root,
    env: { WERF_STAPEL_IMAGE_NAME: 'none', ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdin.end();
  child.stdout.on('data', (data: Buffer) => (stdout += data));
  child.stderr.on('data', (data: Buffer) => (stderr += data));
  return new Promise((resolve) => child.once('close', (exitCode) => resolve({ exitCode, stdout, stderr })));
}
const online = (args: readonly string[]) =>
  builder.run(args, { cwd: project.root, env: { WERF_STAPEL_IMAGE_NAME: 'none' } });

describe('build --offline', () => {
  it('tells everything that is missing at once, and builds nothing', async () => {
    const missing = await cutOff(['build', '--offline'], {
      WERF_STAPEL_IMAGE_NAME: `${registry.host}/stapel`,
      WERF_STAPEL_IMAGE_VERSION: '7',
    });
    expect([missing.exitCode, missing.stdout.includes('Building stage')]).toEqual([1, false]);
    const { stderr } = missing;
    expect(stderr).toContain(
      `the image ${registry.host}/busybox:latest for linux/amd64 is missing, needed by tools`,
    );
    expect(stderr).toContain(
      `the image ${registry.host}/debian:latest for linux/amd64 is missing, needed by app`,
    );
    expect(stderr).toContain(`the toolchain image ${registry.host}/stapel:7 is missing, needed by app`);
    expect(stderr).toContain('the branch "main" of the git repository');
  });

  it('builds what changed upon what is here, and asks nobody', async () => {
    expect(await online(['build'])).toMatchObject({ exitCode: 0, stderr: '' });
    const found = await cutOff(['build', '--offline']);
    expect([found.exitCode, found.stderr]).toEqual([0, '']);
    expect(found.stdout).not.toContain('Building stage');
    await remote.write({ 'file.txt': 'newer' });
    await remote.commit('second');
    await project.write({
      Dockerfile: `FROM ${registry.host}/busybox:latest\nRUN mkdir /tool && echo two >/tool/one\n`,
      page: 'second',
    });
    await project.commit('second');
    const before = registry.requests().length;
    const built = await cutOff(['build', '--offline', '--save-build-report']);
    expect([built.exitCode, built.stderr]).toEqual([0, '']);
    expect(built.stdout).toContain('Building stage tools/dockerfile');
    expect(built.stdout).toContain('Building stage app/');
    expect(registry.requests()).toHaveLength(before);
  });

  it('uses what was built for a repository, and gives it what is new later', async () => {
    const repo = ['--repo', `${registry.host}/stages`];
    expect(await online(['build', ...repo])).toMatchObject({ exitCode: 0, stderr: '' });
    const found = await cutOff(['build', ...repo, '--offline']);
    expect([found.exitCode, found.stderr]).toEqual([0, '']);
    expect(found.stdout).not.toContain('Building stage');
    await project.write({ page: 'second' });
    await project.commit('second');
    const built = await cutOff(['build', ...repo, '--offline']);
    expect(built.stdout).toContain('Building stage app/');
    const later = await online(['build', ...repo]);
    expect(later).toMatchObject({ exitCode: 0, stderr: '' });
    expect(later.stdout).not.toContain('Building stage');
  });

  it('says with -Z which images are not built', async () => {
    expect(await online(['build'])).toMatchObject({ exitCode: 0, stderr: '' });
    await project.write({ page: 'second' });
    await project.commit('second');
    const missing = await cutOff(['build', '--offline', '-Z']);
    expect([missing.exitCode, missing.stderr]).toEqual([
      1,
      expect.stringContaining('stages of the image app'),
    ]);
  });
});
