import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type BuildReport,
  buildTime,
  type ImageRecord,
  type StageRecord,
} from '../../src/commands/build-report.ts';
import { buildReportEnv, envPrefix } from '../../src/commands/build-report-env.ts';
import { buildReportJson } from '../../src/commands/build-report-json.ts';
import { parseBuildReport, readBuildReport } from '../../src/commands/read-build-report.ts';
import { saveBuildReport } from '../../src/commands/save-build-report.ts';

const STAGE: StageRecord = {
  Name: 'dockerfile',
  DockerImageName: 'r.example.com/p:abc-1',
  DockerTag: 'abc-1',
  DockerImageID: 'sha256:1',
  DockerImageDigest: 'sha256:2',
  CreatedAt: 1_767_225_600_123_456_789n,
  Size: 68_600_000,
  SourceType: '',
  BaseImagePulled: true,
  Rebuilt: true,
  BuildTime: '1.20',
  Commit: 'c0ffee',
};

function image(name: string): ImageRecord {
  return {
    WerfImageName: name,
    ConfigType: 'dockerfile',
    DockerRepo: 'r.example.com/p',
    DockerTag: 'abc-1',
    DockerImageID: 'sha256:1',
    DockerImageDigest: 'sha256:2',
    DockerImageName: 'r.example.com/p:abc-1',
    TargetPlatform: 'linux/amd64',
    Rebuilt: true,
    Final: true,
    Size: 68_600_000,
    BuildTime: buildTime(12_340),
    Commit: 'c0ffee',
    Stages: [STAGE],
  };
}

function report(...names: string[]): BuildReport {
  return {
    Runtime: { Backend: 'buildah', InContainer: false },
    Images: new Map(names.map((name) => [name, image(name)])),
    ImagesByPlatform: new Map(),
  };
}

describe('the report as JSON', () => {
  it('is tab-indented, ends with a newline and names images in order', () => {
    const text = buildReportJson(report('web', '', 'app'));
    expect(
      text.startsWith('{\n\t"Runtime": {\n\t\t"Backend": "buildah",\n\t\t"InContainer": false\n\t},\n'),
    ).toBe(true);
    expect(text.endsWith('\t"ImagesByPlatform": {}\n}\n')).toBe(true);
    expect(Object.keys(JSON.parse(text).Images)).toEqual(['', 'app', 'web']);
  });

  it('holds every field of an image and of its stages, in their order', () => {
    const app = JSON.parse(buildReportJson(report('app'))).Images.app;
    expect(Object.keys(app)).toEqual(Object.keys(image('app')));
    expect(Object.keys(app.Stages[0])).toEqual(Object.keys(STAGE));
    expect(app).toMatchObject({ BuildTime: '12.34', Size: 68_600_000, Final: true });
  });

  it('keeps every digit of nanoseconds', () => {
    expect(buildReportJson(report('app'))).toContain('"CreatedAt": 1767225600123456789,');
  });

  it('says why a build failed', () => {
    expect(JSON.parse(buildReportJson({ ...report(), Error: 'image app: it failed' }))).toMatchObject({
      Images: {},
      Error: 'image app: it failed',
    });
  });
});

describe('the report as variables', () => {
  it('has seven lines for each image, sorted by image', () => {
    expect(buildReportEnv(report('web/ui-2.x', ''))).toBe(`WERF_DOCKER_IMAGE_NAME=r.example.com/p:abc-1
WERF_DOCKER_IMAGE_ID=sha256:1
WERF_DOCKER_IMAGE_DIGEST=sha256:2
WERF_DOCKER_REPO=r.example.com/p
WERF_DOCKER_TAG=abc-1
WERF_WERF_IMAGE_NAME=
WERF_FINAL=true
WERF_WEB_UI_2_X_DOCKER_IMAGE_NAME=r.example.com/p:abc-1
WERF_WEB_UI_2_X_DOCKER_IMAGE_ID=sha256:1
WERF_WEB_UI_2_X_DOCKER_IMAGE_DIGEST=sha256:2
WERF_WEB_UI_2_X_DOCKER_REPO=r.example.com/p
WERF_WEB_UI_2_X_DOCKER_TAG=abc-1
WERF_WEB_UI_2_X_WERF_IMAGE_NAME=web/ui-2.x
WERF_WEB_UI_2_X_FINAL=true
`);
    expect(envPrefix('a-b')).toBe('WERF_A_B_');
  });
});

describe('a saved report', () => {
  let directory = '';
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'report-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('is whole, in the form asked for, and leaves nothing else behind', async () => {
    await saveBuildReport(
      report('app'),
      { path: join(directory, 'sub', 'r.json'), format: 'json' },
      () => 'x',
    );
    await saveBuildReport(report('app'), { path: join(directory, 'sub', 'r.env'), format: 'env' }, () => 'x');
    expect(await readdir(join(directory, 'sub'))).toEqual(['r.env', 'r.json']);
    expect(await readFile(join(directory, 'sub', 'r.env'), 'utf8')).toContain('WERF_APP_FINAL=true\n');
  });

  it('that cannot be written is an error that says what to do', async () => {
    await writeFile(join(directory, 'file'), '');
    const saved = saveBuildReport(
      report(),
      { path: join(directory, 'file', 'r.json'), format: 'json' },
      () => 'x',
    );
    await expect(saved).rejects.toMatchObject({ code: 'REPORT_UNWRITABLE' });
  });

  it('is read again', async () => {
    const options = { path: join(directory, 'r.json'), format: 'json' } as const;
    await saveBuildReport(report('app', ''), options, () => 'x');
    const images = await readBuildReport(options, ['app']);
    expect([...images]).toEqual([
      [
        'app',
        {
          WerfImageName: 'app',
          DockerImageName: 'r.example.com/p:abc-1',
          DockerRepo: 'r.example.com/p',
          DockerTag: 'abc-1',
          DockerImageID: 'sha256:1',
          platforms: ['linux/amd64'],
        },
      ],
    ]);
    expect([...(await readBuildReport(options, [])).keys()].sort()).toEqual(['', 'app']);
  });

  it('that is not there is an error', async () => {
    const read = readBuildReport({ path: join(directory, 'none.json'), format: 'json' }, []);
    await expect(read).rejects.toMatchObject({ code: 'REPORT_UNREADABLE' });
  });
});

describe('reading a report', () => {
  const parse = (value: unknown, wanted: readonly string[] = []) =>
    parseBuildReport(typeof value === 'string' ? value : JSON.stringify(value), 'r.json', wanted);

  it('names images that are missing', () => {
    expect(() => parse(buildReportJson(report('app')), ['app', 'web', ''])).toThrow(
      'the build report r.json does not hold: web, ~',
    );
  });

  it('names every image and field that is empty', () => {
    const broken = { Images: { app: { ...image('app'), Stages: [], DockerTag: '', DockerRepo: 1 } } };
    try {
      parse(broken);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({
        code: 'REPORT_INVALID',
        problems: [
          { message: 'image app: the field DockerRepo is missing or empty' },
          { message: 'image app: the field DockerTag is missing or empty' },
        ],
      });
    }
  });

  it.each(['', '[]', '{}', '{"Images": 1}', '{"Images": {'])('refuses %j', (text) => {
    expect(() => parse(text)).toThrow('r.json is not a build report');
  });
});
