import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fixture } from '../git/git-fixture.ts';
import { type Builder, makeBuilder, type Outcome } from './support/builder.ts';
import { canEmulate, type Emulator, pushBoth, startEmulator } from './support/platforms.ts';
import { makeProject } from './support/project.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { filesOf, stapelConfig } from './support/stapel.ts';

const STAGE = /^[0-9a-f]{56}-\d{13}$/;
const INDEX = /^[0-9a-f]{56}$/;
const BOTH = ['linux/amd64', 'linux/arm64'];

let registry: TestRegistry;
let far: TestRegistry;
let base: string;
let builder: Builder;
beforeAll(async () => {
  registry = await startRegistry({ empty: true });
  far = await startRegistry({ empty: true });
  base = await pushBoth(registry);
  builder = await makeBuilder();
});
afterAll(async () => {
  await builder?.remove();
  await registry?.stop();
  await far?.stop();
});

let counter = 0;
const fresh = (at = registry) => `${at.host}/platforms-${++counter}`;
const tagsOf = (repo: string, form: RegExp, at = registry) =>
  at.tags(repo.split('/')[1] ?? '').filter((tag) => form.test(tag));

interface Stage {
  readonly Name: string;
  readonly DockerTag: string;
  readonly DockerImageDigest: string;
  readonly Rebuilt: boolean;
}
interface Image {
  readonly TargetPlatform: string;
  readonly DockerTag: string;
  readonly DockerImageName: string;
  readonly DockerImageDigest: string;
  readonly Rebuilt: boolean;
  readonly Stages: readonly Stage[];
}
interface Report {
  readonly Images: Readonly<Record<string, Image>>;
  readonly ImagesByPlatform: Readonly<Record<string, Readonly<Record<string, Image>>>>;
}

async function build(
  project: Fixture,
  args: readonly string[],
  { env = {}, by = builder }: { readonly env?: Readonly<Record<string, string>>; readonly by?: Builder } = {},
): Promise<Outcome & Report> {
  const path = join(by.home, `report-${++counter}.json`);
  const outcome = await by.run(['build', '--save-build-report', '--build-report-path', path, ...args], {
    cwd: project.root,
    env: { WERF_STAPEL_IMAGE_NAME: 'none', WERF_ENABLE_REPORT_BY_PLATFORM: '1', ...env },
  });
  const none = '{"Images":{},"ImagesByPlatform":{}}';
  return { ...outcome, ...JSON.parse(await readFile(path, 'utf8').catch(() => none)) };
}

interface Listed {
  readonly mediaType: string;
  readonly manifests: readonly {
    readonly digest: string;
    readonly platform: { readonly os: string; readonly architecture: string };
  }[];
}
const indexAt = (reference: string, at = registry) => at.inspect(reference, '--raw') as unknown as Listed;
const platformsIn = ({ manifests }: Listed) =>
  manifests.map(({ platform }) => `${platform.os}/${platform.architecture}`);

/** Last stage of an image for each platform. */
function lastStages(report: Report, image = 'app'): readonly Image[] {
  return BOTH.flatMap((platform) => report.ImagesByPlatform[image]?.[platform] ?? []);
}

describe('images of several platforms that run nothing', () => {
  let project: Fixture;
  beforeAll(async () => {
    const both = `platform: [linux/arm64, amd64]`;
    project = await makeProject({
      'werf.yaml': stapelConfig(
        `image: app\n${both}\nfrom: ${base}\ngit:\n- add: /src\n  to: /app\nimport:\n- image: web\n  add: /from\n  to: /from\n  after: install`,
        `image: web\nfinal: false\n${both}\ndockerfile: Dockerfile`,
      ),
      Dockerfile: `FROM ${base}\nARG TARGETPLATFORM\nLABEL for=$TARGETPLATFORM\nCOPY src/file /from\n`,
      'src/file': 'content',
    });
  });
  afterAll(() => project.remove());

  it('need no emulator, and get an index of their last stages', async () => {
    const repo = fresh();
    const built = await build(project, ['--repo', repo]);
    expect(built.exitCode, built.stderr).toBe(0);
    expect(built.stdout).toContain('- ⛵ image app [linux/amd64]');
    expect(built.stdout).toMatch(/\(\d\/4\) image web \[linux\/arm64\]/);
    expect(built.stdout).toContain('Building stage app/dependenciesAfterInstall');
    expect(built.stdout).toContain(' platform: linux/arm64');
    const { app, web } = built.Images;
    const last = lastStages(built);
    const tag = createHash('sha3-224')
      .update(last.map(({ DockerTag }) => DockerTag).join(':::'))
      .digest('hex');
    expect(app).toMatchObject({ TargetPlatform: '', DockerTag: tag, DockerImageName: `${repo}:${tag}` });
    expect(last.map(({ TargetPlatform }) => TargetPlatform)).toEqual(BOTH);
    const index = indexAt(`${repo}:${tag}`);
    expect(platformsIn(index)).toEqual(BOTH);
    expect(index.manifests.map(({ digest }) => digest)).toEqual(last.map((one) => one.DockerImageDigest));
    expect(app?.Stages.map(({ Name }) => Name)).toEqual(
      BOTH.flatMap((platform) =>
        ['from', 'gitArchive', 'dependenciesAfterInstall'].map((stage) => `${stage} (${platform})`),
      ).sort((a, b) => BOTH.findIndex((p) => a.includes(p)) - BOTH.findIndex((p) => b.includes(p))),
    );
    for (const one of last) {
      const configuration = registry.inspect(`${repo}:${one.DockerTag}`, '--config');
      expect(`linux/${configuration['architecture']}`).toBe(one.TargetPlatform);
      expect((await filesOf(`${repo}:${one.DockerTag}`, 'app')).get('file')).toContain('content');
    }
    for (const one of lastStages(built, 'web')) {
      const { Labels } = registry.inspect(`${repo}:${one.DockerTag}`) as { Labels: Record<string, string> };
      expect(Labels['for']).toBe(one.TargetPlatform);
    }
    expect(tagsOf(repo, INDEX).sort()).toEqual([app?.DockerTag, web?.DockerTag].sort());
    const commit = project.git('rev-parse', 'HEAD');
    expect(tagsOf(repo, new RegExp(`^meta-.*_${commit}_`)).map((name) => name.split('_')[2])).toEqual(
      expect.arrayContaining([app?.DockerTag, web?.DockerTag]),
    );

    const named = await builder.run(['stage', 'image', 'app', '--repo', repo], { cwd: project.root });
    expect(named.stdout).toBe(`${repo}:${tag}\n`);
    const stages = tagsOf(repo, STAGE);
    const args = ['--platform', 'linux/amd64,linux/arm64', '--add-custom-tag', 'v1'];
    const again = await build(project, ['--repo', repo, ...args]);
    expect(again.stdout).toContain('Use previously published index for app');
    expect(again.Images['app']).toMatchObject({ DockerTag: tag, Rebuilt: false });
    expect(indexAt(`${repo}:v1`)).toEqual(index);
    expect(tagsOf(repo, STAGE)).toEqual(stages);
  });

  it('are copied to the final repository with their index', async () => {
    const [repo, final] = [fresh(), fresh(far)];
    const built = await build(project, ['--repo', repo, '--final-repo', final]);
    expect(built.exitCode, built.stderr).toBe(0);
    const { app } = built.Images;
    expect(app?.DockerImageName).toBe(`${final}:${app?.DockerTag}`);
    expect([...far.tags(final.split('/')[1] ?? '')].sort()).toEqual(
      [app?.DockerTag, ...lastStages(built).map(({ DockerTag }) => DockerTag)].sort(),
    );
    expect(indexAt(`${final}:${app?.DockerTag}`, far)).toEqual(indexAt(`${repo}:${app?.DockerTag}`));
    const again = await build(project, ['--repo', repo, '--final-repo', final]);
    expect(again.stdout).toContain('Use previously built final image for app');
  });

  it('are exported as an index without the labels of slipway', async () => {
    const [repo, free] = [fresh(), `${fresh(far)}:free`];
    const exported = await builder.run(
      ['export', 'app', '--repo', repo, '--tag', free, '--add-label', 'a=b'],
      {
        cwd: project.root,
        env: { WERF_STAPEL_IMAGE_NAME: 'none' },
      },
    );
    expect(exported.exitCode, exported.stderr).toBe(0);
    const index = indexAt(free, far);
    expect(platformsIn(index)).toEqual(BOTH);
    // The same from a report, without building.
    const path = join(builder.home, 'exported.json');
    await builder.run(['build', '--repo', repo, '--save-build-report', '--build-report-path', path], {
      cwd: project.root,
      env: { WERF_STAPEL_IMAGE_NAME: 'none' },
    });
    const again = `${fresh(far)}:free`;
    const args = ['export', 'app', '--use-build-report', '--build-report-path', path, '--tag', again];
    const reported = await builder.run([...args, '--add-label', 'a=b'], { cwd: project.root });
    expect(reported.exitCode, reported.stderr).toBe(0);
    expect(indexAt(again, far)).toEqual(index);
    expect(far.tags(free.split(/[/:]/)[2] ?? '')).toEqual(['free']);
    for (const { digest, platform } of index.manifests) {
      const one = far.inspect(`${free.replace(/:free$/, '')}@${digest}`, '--config') as unknown as {
        architecture: string;
        config: { Labels: Record<string, string> };
      };
      expect(one.architecture).toBe(platform.architecture);
      expect(one.config.Labels).toEqual({ a: 'b' });
    }
  });

  it('take the platform that is asked for, then without an index', async () => {
    const repo = fresh();
    const built = await build(project, ['--repo', repo], { env: { WERF_PLATFORM: 'arm64' } });
    expect(built.exitCode, built.stderr).toBe(0);
    expect(built.Images['app']?.TargetPlatform).toBe('linux/arm64');
    expect(tagsOf(repo, INDEX)).toEqual([]);
    expect(built.stdout).not.toContain('[linux/arm64]');
    const missing = await builder.run(['stage', 'image', 'app', '--repo', repo], { cwd: project.root });
    expect(missing.stderr).toContain('stages required');
  });

  it('are refused where nothing holds an index', async () => {
    const built = await build(project, []);
    expect(built.exitCode).toBe(1);
    expect(built.stderr).toContain(
      'is for several platforms (linux/arm64, linux/amd64), and the local storage keeps images of one',
    );
    const one = await build(project, ['--platform', 'linux/arm64']);
    expect(one.exitCode, one.stderr).toBe(0);
  });
});

const commands = () => ({
  'werf.yaml': stapelConfig(
    `image: app\nplatform: [linux/amd64, linux/arm64]\nfrom: ${base}\nshell:\n  install: uname -m >/machine\n  setup: touch /done\nimport:\n- image: file\n  add: /said\n  to: /said\n  before: setup`,
    `image: file\nplatform: [linux/amd64, linux/arm64]\ndockerfile: Dockerfile`,
  ),
  Dockerfile: `FROM --platform=$BUILDPLATFORM ${base} AS build
ARG TARGETPLATFORM TARGETARCH BUILDPLATFORM
RUN echo "$TARGETPLATFORM $TARGETARCH $BUILDPLATFORM $(uname -m)" >/said
FROM ${base}
COPY --from=build /said /
RUN uname -m >/machine
`,
});

describe.runIf(canEmulate())('commands for another platform', () => {
  let project: Fixture;
  beforeAll(async () => {
    project = await makeProject(commands());
  });
  afterAll(() => project.remove());

  it('are refused before anything is built for it, where nothing runs them', async () => {
    for (const image of ['app', 'file']) {
      const repo = fresh();
      const built = await build(project, [image, '--repo', repo, '--platform', 'linux/arm64']);
      expect(built.exitCode).toBe(1);
      expect(built.stderr).toContain(
        'commands for linux/arm64 cannot run on this machine, which is linux/amd64',
      );
      expect(built.stderr).toContain('apt-get install qemu-user-static binfmt-support');
      expect(tagsOf(repo, STAGE)).toEqual([]);
    }
  });

  it('are refused where the emulator would be looked for in the container', async () => {
    const emulator = await startEmulator('');
    try {
      const seeing = await inNamespaceOf(emulator, [
        'build',
        'file',
        '--repo',
        fresh(),
        '--platform',
        'arm64',
      ]);
      expect(seeing.exitCode).toBe(1);
      expect(seeing.stderr).toContain(
        'the emulator /usr/bin/qemu-aarch64-static is registered without the flag F',
      );
    } finally {
      await emulator.stop();
    }
  });

  async function inNamespaceOf({ pid }: Emulator, args: readonly string[]): Promise<Outcome> {
    const child = builder.startOther(
      'nsenter',
      ['-t', String(pid), '-m', process.execPath, builder.program, ...args, '--dir', project.root],
      { cwd: project.root, env: { WERF_STAPEL_IMAGE_NAME: 'none' } },
    );
    let [stdout, stderr] = ['', ''];
    child.stdin.end();
    child.stdout.on('data', (data: Buffer) => (stdout += data));
    child.stderr.on('data', (data: Buffer) => (stderr += data));
    return await new Promise((resolve) => {
      child.once('close', (exitCode) => resolve({ exitCode, stdout, stderr }));
    });
  }

  describe('with an emulator', () => {
    let emulator: Emulator;
    beforeAll(async () => {
      emulator = await startEmulator('F');
    });
    afterAll(() => emulator?.stop());

    const machines = { 'linux/amd64': 'x86_64', 'linux/arm64': 'aarch64' } as Readonly<
      Record<string, string>
    >;

    it.each(['root', 'ordinary'] as const)('run in it (%s)', async (user) => {
      const repo = fresh();
      const by = await makeBuilder({ user });
      try {
        const built = await build(project, ['--repo', repo], { by });
        expect(built.exitCode, built.stderr).toBe(0);
        for (const { TargetPlatform: platform, DockerTag } of lastStages(built)) {
          const files = await filesOf(`${repo}:${DockerTag}`);
          expect(files.get('machine')).toContain(`${machines[platform]}\n`);
          const architecture = platform.split('/')[1];
          expect(files.get('said')).toContain(`${platform} ${architecture} linux/amd64 x86_64\n`);
          expect(files.has('done')).toBe(true);
        }
        for (const { TargetPlatform: platform, DockerTag } of lastStages(built, 'file')) {
          const files = await filesOf(`${repo}:${DockerTag}`);
          expect(files.get('machine')).toContain(`${machines[platform]}\n`);
        }
        const again = await build(project, ['--repo', repo], { by });
        expect(again.Images['app']?.Rebuilt).toBe(false);
      } finally {
        await by.remove();
      }
    });

    it('is seen by its flag', async () => {
      const built = await inNamespaceOf(emulator, [
        'build',
        'file',
        '--repo',
        fresh(),
        '--platform',
        'arm64',
      ]);
      expect(built.exitCode, built.stderr).toBe(0);
    });

    it('`run` takes this machine, or what is asked for', async () => {
      const repo = fresh();
      const run = async (...args: string[]) =>
        await builder.run(['run', 'file', ...args, '--', 'uname', '-m'], {
          cwd: project.root,
          env: { WERF_STAPEL_IMAGE_NAME: 'none' },
        });
      expect((await run()).stdout).toBe('x86_64\n');
      expect((await run('--repo', repo, '--add-custom-tag', 'v1')).stdout).toBe('x86_64\n');
      expect(tagsOf(repo, /^v1$/)).toEqual([]);
      expect(tagsOf(repo, INDEX)).toEqual([]);
      expect((await run('--repo', repo, '--platform', 'arm64')).stdout).toBe('aarch64\n');
    });
  });
});
