import { describe, expect, it } from 'vitest';
import { reportOf } from '../../src/commands/report-of-results.ts';
import type { ImageConfig } from '../../src/config/project.ts';
import type { BuiltImage } from '../../src/conveyor/built-image.ts';
import { stageTarget } from '../../src/conveyor/built-image.ts';
import type { ImageResult, StageResult, StageSource } from '../../src/conveyor/image-result.ts';
import type { Platform } from '../../src/oci/platform.ts';
import { parseStageId } from '../../src/stages/stage-id.ts';

function stage(name: string, digit: string, over: Partial<StageResult> = {}): StageResult {
  const tag = `${digit.repeat(56)}-170000000000${digit}`;
  const id = parseStageId(tag);
  if (!id) throw new Error(`${tag} is a stage id`);
  return {
    name,
    stage: {
      id,
      name: `r.example.com/p:${tag}`,
      facts: {
        id: `sha256:id${digit}`,
        digest: `sha256:manifest${digit}`,
        mediaType: '',
        created: new Date(Number(digit)),
        size: Number(digit) * 100,
        platform: 'linux/amd64' as Platform,
        labels: new Map(),
        env: [],
        onBuild: [],
      },
    },
    source: null,
    baseImagePulled: false,
    commit: `commit${digit}`,
    duration: 10,
    ...over,
  };
}

function record(stages: readonly StageResult[], repository = 'r.example.com/p') {
  const config = { kind: 'dockerfile', final: true } as unknown as ImageConfig;
  const part: ImageResult = {
    name: 'app',
    config,
    platform: 'linux/amd64' as Platform,
    stages,
    duration: 1230,
  };
  const target = stageTarget([part]);
  if (!target) throw new Error('one platform has no index');
  const image: BuiltImage = { name: 'app', config, parts: [part], target, finalName: null };
  return reportOf([image], { repository, final: null, project: 'demo', env: {} }).Images.get('app');
}

describe('the report on an image of several stages', () => {
  const stages = [
    stage('dockerfile', '1', { source: 'repo', baseImagePulled: true }),
    stage('imageSpec', '2'),
  ];

  it('names the image by its last stage', () => {
    expect(record(stages)).toMatchObject({
      DockerRepo: 'r.example.com/p',
      DockerTag: `${'2'.repeat(56)}-1700000000002`,
      DockerImageName: `r.example.com/p:${'2'.repeat(56)}-1700000000002`,
      DockerImageID: 'sha256:id2',
      DockerImageDigest: 'sha256:manifest2',
      Size: 200,
      Commit: 'commit2',
      BuildTime: '1.23',
    });
  });

  it('lists all of them in their order', () => {
    expect(record(stages)?.Stages).toMatchObject([
      {
        Name: 'dockerfile',
        DockerImageID: 'sha256:id1',
        SourceType: 'repo',
        Rebuilt: false,
        BaseImagePulled: true,
      },
      { Name: 'imageSpec', DockerImageID: 'sha256:id2', SourceType: '', Rebuilt: true, Size: 200 },
    ]);
  });

  it.each<[StageSource | null, StageSource | null, boolean]>([
    [null, 'repo', true],
    ['local', null, true],
    ['repo', 'repo', false],
  ])('says that it was built anew when one of them was: %s, %s', (one, two, Rebuilt) => {
    const both = [stage('dockerfile', '1', { source: one }), stage('imageSpec', '2', { source: two })];
    expect(record(both)?.Rebuilt).toBe(Rebuilt);
  });

  it('has the name of the project for the local storage', () => {
    expect(record(stages, ':local')?.DockerRepo).toBe('demo');
  });
});

describe('the report on an image of two platforms', () => {
  const PLATFORMS = ['linux/amd64', 'linux/arm64'] as unknown as readonly Platform[];
  const parts = PLATFORMS.map(
    (platform, index): ImageResult => ({
      name: 'app',
      config: { kind: 'stapel', final: true } as unknown as ImageConfig,
      platform,
      stages: [
        stage('from', String(2 * index + 1)),
        stage('setup', String(2 * index + 2), { source: 'repo' }),
      ],
      duration: 1000,
    }),
  );
  const tag = 'f'.repeat(56);
  const target = { kind: 'index', tag, name: `r.example.com/p:${tag}`, digest: 'sha256:index' } as const;
  const report = (env: Record<string, string>, finalName: string | null = null) =>
    reportOf([{ name: 'app', config: parts[0]?.config as ImageConfig, parts, target, finalName }], {
      repository: 'r.example.com/p',
      final: finalName === null ? null : 'r.example.com/final',
      project: 'demo',
      env,
    });

  it('is that on its index, with the stages of all platforms', () => {
    const { Images, ImagesByPlatform } = report({});
    expect(Images.get('app')).toMatchObject({
      TargetPlatform: '',
      DockerTag: tag,
      DockerImageName: `r.example.com/p:${tag}`,
      DockerImageID: 'sha256:index',
      DockerImageDigest: 'sha256:index',
      Rebuilt: true,
      Size: 600,
      BuildTime: '2.00',
    });
    expect(Images.get('app')?.Stages.map(({ Name }) => Name)).toEqual([
      'from (linux/amd64)',
      'setup (linux/amd64)',
      'from (linux/arm64)',
      'setup (linux/arm64)',
    ]);
    expect(ImagesByPlatform.size).toBe(0);
  });

  it('tells of each platform where that is asked for, by the names of the final repository', () => {
    const { Images, ImagesByPlatform } = report(
      { WERF_ENABLE_REPORT_BY_PLATFORM: '1' },
      `r.example.com/final:${tag}`,
    );
    expect(Images.get('app')?.DockerImageName).toBe(`r.example.com/final:${tag}`);
    const own = ImagesByPlatform.get('app');
    expect([...(own?.keys() ?? [])]).toEqual(PLATFORMS);
    expect(own?.get('linux/arm64')).toMatchObject({
      TargetPlatform: 'linux/arm64',
      DockerRepo: 'r.example.com/final',
      DockerImageName: `r.example.com/final:${'4'.repeat(56)}-1700000000004`,
      Stages: [{ Name: 'from' }, { Name: 'setup' }],
    });
  });
});
