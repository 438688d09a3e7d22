import type { BuiltImage } from '../conveyor/built-image.ts';
import { type ImageResult, lastOf, type StageResult } from '../conveyor/image-result.ts';
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
export function reportOf(images: readonly BuiltImage[], scope: ReportScope): BuildReport {
  const byPlatform = scope.env['WERF_ENABLE_REPORT_BY_PLATFORM'] === '1' ? images : [];
  return {
    Runtime: { Backend: 'buildah', InContainer: scope.env['WERF_CONTAINERIZED'] === 'yes' },
    Images: new Map(images.map((image) => [image.name, imageRecord(image, scope)])),
    ImagesByPlatform: new Map(
      byPlatform.map((image) => [
        image.name,
        new Map(image.parts.map((part) => [part.platform, partRecord(image, part, scope)])),
      ]),
    ),
  };
}

/** The image as it is pulled: for several platforms, their index. */
function imageRecord(image: BuiltImage, scope: ReportScope): ImageRecord {
  const { parts, target } = image;
  const [first, ...more] = parts.map((part) => partRecord(image, part, scope));
  if (!first) throw new Error(`image ${image.name} was not built`);
  if (more.length === 0) return first;
  const all = [first, ...more];
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return {
    ...first,
    DockerTag: target.tag,
    DockerImageID: target.digest,
    DockerImageDigest: target.digest,
    DockerImageName: image.finalName ?? target.name,
    TargetPlatform: '',
    Rebuilt: all.some(({ Rebuilt }) => Rebuilt),
    Size: sum(all.map(({ Size }) => Size)),
    BuildTime: buildTime(sum(parts.map(({ duration }) => duration))),
    Stages: parts.flatMap(({ platform, stages }) =>
      stages.map((stage) => ({ ...stageRecord(stage), Name: `${stage.name} (${platform})` })),
    ),
  };
}

/** An image for one platform. */
function partRecord({ config, finalName }: BuiltImage, part: ImageResult, scope: ReportScope): ImageRecord {
  const { name, platform, stages, duration } = part;
  const own = stageRecord(lastOf(part));
  const isFinal = finalName !== null && scope.final !== null;
  const repository = scope.repository === ':local' ? scope.project : scope.repository;
  return {
    WerfImageName: name,
    ConfigType: config.kind,
    DockerRepo: isFinal ? scope.final : repository,
    DockerTag: own.DockerTag,
    DockerImageID: own.DockerImageID,
    DockerImageDigest: own.DockerImageDigest,
    DockerImageName: isFinal ? `${scope.final}:${own.DockerTag}` : own.DockerImageName,
    TargetPlatform: platform,
    Rebuilt: stages.some(({ source }) => source === null),
    Final: config.final,
    Size: own.Size,
    BuildTime: buildTime(duration),
    Commit: own.Commit,
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
