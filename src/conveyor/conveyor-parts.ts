import type { DockerfileImage } from '../config/project.ts';
import type { DockerfileReader } from '../dockerfile/dockerfile.ts';
import type { ImageBuilder, LocalImages } from '../engine/engine.ts';
import type { Locks } from '../locks/locks.ts';
import type { Platform } from '../oci/platform.ts';
import type { ProgressSink } from '../progress/events.ts';
import type { BuildContext } from '../stages/build-context.ts';
import type { StageStorage } from '../storage/stage-storage.ts';
import type { BaseConfigurations } from './base-configurations.ts';

/** Everything the conveyor works with; the same for all images of a run. */
export interface ConveyorParts {
  readonly project: string;
  readonly version: string;
  /** The commit being built: full id, committer date in Unix seconds. */
  readonly commit: { readonly id: string; readonly committedAt: number };
  /** Unix seconds: dates of images and of files from git. */
  readonly sourceDateEpoch: number;
  readonly hostPlatform: Platform;
  /** Platforms from the command line; empty: those of the images. */
  readonly platforms: readonly Platform[];
  /** Beats the images' own; null: not given. */
  readonly network: string | null;
  readonly primary: StageStorage;
  /** The local storage where it is only looked into; null when it is the primary. */
  readonly local: StageStorage | null;
  readonly builder: ImageBuilder;
  readonly images: LocalImages;
  readonly reader: DockerfileReader;
  readonly bases: BaseConfigurations;
  readonly contextOf: (image: DockerfileImage) => BuildContext;
  /** What the commands of an image may read while they run, by id. @throws UserError for what is missing */
  readonly secretsOf: (image: DockerfileImage) => Promise<ReadonlyMap<string, Buffer>>;
  /** Sockets of the SSH agents that the commands of an image may ask, by id. */
  readonly sshAgentsOf: (image: DockerfileImage) => ReadonlyMap<string, string>;
  readonly locks: Locks;
  readonly progress: ProgressSink;
  /** Unix milliseconds. */
  readonly now: () => number;
}
