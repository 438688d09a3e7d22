/** Kind of the document that an image comes from. */
export type ConfigType = 'stapel' | 'dockerfile' | 'staged' | 'unknown';

/** Where a reused stage was found; '' for one that was built in this run or came from the local storage. */
export type SourceType = 'repo' | 'secondary' | 'cache-repo' | 'registry' | '';

/** One stage of an image. Field names are those of the written report. */
export interface StageRecord {
  /** Many platforms: `<stage> (<platform>)`. */
  readonly Name: string;
  readonly DockerImageName: string;
  readonly DockerTag: string;
  /** sha256:… of the configuration. */
  readonly DockerImageID: string;
  /** sha256:… of the manifest; '' in the local storage. */
  readonly DockerImageDigest: string;
  /** Unix nanoseconds, as digits: JSON numbers of this size lose their last digits in JavaScript. */
  readonly CreatedAt: bigint;
  /** Bytes. */
  readonly Size: number;
  readonly SourceType: SourceType;
  readonly BaseImagePulled: boolean;
  readonly Rebuilt: boolean;
  /** Seconds with two decimals. */
  readonly BuildTime: string;
  readonly Commit: string;
}

/** One image, by the stage that is its result. */
export interface ImageRecord {
  /** '' is the nameless image. */
  readonly WerfImageName: string;
  readonly ConfigType: ConfigType;
  /** Repository address; the project's name in the local storage. */
  readonly DockerRepo: string;
  readonly DockerTag: string;
  readonly DockerImageID: string;
  readonly DockerImageDigest: string;
  readonly DockerImageName: string;
  /** '' for an image of many platforms. */
  readonly TargetPlatform: string;
  /** At least one stage was built in this run. */
  readonly Rebuilt: boolean;
  readonly Final: boolean;
  readonly Size: number;
  readonly BuildTime: string;
  readonly Commit: string;
  readonly Stages: readonly StageRecord[];
}

/** What a build did, for other programs. */
export interface BuildReport {
  readonly Runtime: { readonly Backend: string; readonly InContainer: boolean };
  /** By image name. */
  readonly Images: ReadonlyMap<string, ImageRecord>;
  /** Image name, then platform; empty unless asked for. */
  readonly ImagesByPlatform: ReadonlyMap<string, ReadonlyMap<string, ImageRecord>>;
  /** Why the build failed; then only what was done before is listed. */
  readonly Error?: string;
}

/** Milliseconds as `BuildTime` writes them. */
export function buildTime(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(2);
}
