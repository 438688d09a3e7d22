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
  const part: ImageResult = { name: 'app', config, platform: 'linux/amd64' as Platform, stages, duration: 1230 };
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
