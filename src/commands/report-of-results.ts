import type { ImageResult, StageResult } from '../conveyor/image-result.ts';
import { formatStageId } from '../stages/stage-id.ts';
import { type BuildReport, buildTime, type ImageRecord, type StageRecord } from './build-report.ts';
import type { Environment } from './session.ts';

export interface ReportScope {
  /** Address of the storage that holds the stages. */
  readonly repository: string;
  /** Address of the repository that final images are run from; null: that of the stages. */
  readonly final: string | null;
  readonly project: string;
  readonly env: Environment;
}

/** The report on images that were built or found. */
export function reportOf(results: readonly ImageResult[], scope: ReportScope): BuildReport {
  const images = results.flatMap((result) => {
    const record = imageRecord(result, scope);
    return record === null ? [] : ([[result.name, record]] as const);
  });
  const byPlatform = scope.env['WERF_ENABLE_REPORT_BY_PLATFORM'] === '1' ? images : [];
  return {
    Runtime: { Backend: 'buildah', InContainer: scope.env['WERF_CONTAINERIZED'] === 'yes' },
    Images: new Map(images),
    ImagesByPlatform: new Map(
      byPlatform.map(([name, record]) => [name, new Map([[record.TargetPlatform, record]])]),
    ),
  };
}

function imageRecord(
  { name, config, stages, final, duration }: ImageResult,
  scope: ReportScope,
): ImageRecord | null {
  const last = stages.at(-1);
  if (!last) return null;
  const { DockerImageName, DockerTag, DockerImageID, DockerImageDigest, Commit, Size } = stageRecord(last);
  return {
    WerfImageName: name,
    ConfigType: config.kind,
    DockerRepo:
      final && scope.final ? scope.final : scope.repository === ':local' ? scope.project : scope.repository,
    DockerTag,
    DockerImageID,
    DockerImageDigest,
    DockerImageName: final?.name ?? DockerImageName,
    TargetPlatform: last.stage.facts.platform,
    Rebuilt: stages.some(({ source }) => source === null),
    Final: config.final,
    Size,
    BuildTime: buildTime(duration),
    Commit,
    Stages: stages.map(stageRecord),
  };
}

function stageRecord({ name, stage, source, baseImagePulled, commit, duration }: StageResult): StageRecord {
  const { id, digest, created, size } = stage.facts;
  return {
    Name: name,
    DockerImageName: stage.name,
    DockerTag: formatStageId(stage.id),
    DockerImageID: id,
    DockerImageDigest: digest,
    CreatedAt: BigInt(created.getTime()) * 1_000_000n,
    Size: size,
    SourceType: source === null || source === 'local' ? '' : source,
    BaseImagePulled: baseImagePulled,
    Rebuilt: source === null,
    BuildTime: buildTime(duration),
    Commit: commit,
  };
}
