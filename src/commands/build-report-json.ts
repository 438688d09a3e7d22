import type { BuildReport, ImageRecord, StageRecord } from './build-report.ts';

/** The report as JSON, tab-indented, with a newline at the end. Images are sorted by name. */
export function buildReportJson({ Runtime, Images, ImagesByPlatform, Error: error }: BuildReport): string {
  const report = {
    Runtime: { Backend: Runtime.Backend, InContainer: Runtime.InContainer },
    Images: sorted(Images, imageOf),
    ImagesByPlatform: sorted(ImagesByPlatform, (platforms) => sorted(platforms, imageOf)),
    ...(error === undefined ? {} : { Error: error }),
  };
  return `${withIntegers(JSON.stringify(report, null, '\t'))}\n`;
}

function sorted<T, R>(map: ReadonlyMap<string, T>, each: (value: T) => R): Readonly<Record<string, R>> {
  const names = [...map.keys()].sort();
  return Object.fromEntries(names.flatMap((name) => named(name, map.get(name), each)));
}

function named<T, R>(
  name: string,
  value: T | undefined,
  each: (value: T) => R,
): readonly (readonly [string, R])[] {
  return value === undefined ? [] : [[name, each(value)]];
}

function imageOf(image: ImageRecord) {
  return {
    WerfImageName: image.WerfImageName,
    ConfigType: image.ConfigType,
    DockerRepo: image.DockerRepo,
    DockerTag: image.DockerTag,
    DockerImageID: image.DockerImageID,
    DockerImageDigest: image.DockerImageDigest,
    DockerImageName: image.DockerImageName,
    TargetPlatform: image.TargetPlatform,
    Rebuilt: image.Rebuilt,
    Final: image.Final,
    Size: image.Size,
    BuildTime: image.BuildTime,
    Commit: image.Commit,
    Stages: image.Stages.map(stageOf),
  };
}

function stageOf(stage: StageRecord) {
  return {
    Name: stage.Name,
    DockerImageName: stage.DockerImageName,
    DockerTag: stage.DockerTag,
    DockerImageID: stage.DockerImageID,
    DockerImageDigest: stage.DockerImageDigest,
    CreatedAt: `${MARK}${stage.CreatedAt}`,
    Size: stage.Size,
    SourceType: stage.SourceType,
    BaseImagePulled: stage.BaseImagePulled,
    Rebuilt: stage.Rebuilt,
    BuildTime: stage.BuildTime,
    Commit: stage.Commit,
  };
}

/** Stands in front of whole numbers that are too big for JavaScript's; no value begins so. */
const MARK = '\u0000integer ';

/** JSON.stringify cannot write a bigint: the marked texts become numbers here. */
function withIntegers(json: string): string {
  return json.replace(/"\\u0000integer (-?[0-9]+)"/g, '$1');
}
