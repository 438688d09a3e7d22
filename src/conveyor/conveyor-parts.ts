import type { DockerfileImage, ImageBase, StapelImage } from '../config/project.ts';
import type { DockerfileReader } from '../dockerfile/dockerfile.ts';
import type { ImageBuilder, LocalImages } from '../engine/engine.ts';
import type { StageMaker } from '../engine/stage-maker.ts';
import type { Commit } from '../git/objects.ts';
import type { GitRepository } from '../git/repository.ts';
import type { Locks } from '../locks/locks.ts';
import type { Platform } from '../oci/platform.ts';
import type { ProgressSink } from '../progress/events.ts';
import type { Registry } from '../registry/registry.ts';
import type { AnsibleSettings } from '../stages/ansible-play.ts';
import type { BuildContext } from '../stages/build-context.ts';
import type { CacheRepositories } from '../storage/cache-repositories.ts';
import type { ImageTimes } from '../storage/image-times.ts';
import type { ImportRecords } from '../storage/import-records.ts';
import type { StageStorage } from '../storage/stage-storage.ts';
import type { BaseConfigurations } from './base-configurations.ts';
import type { Emulation } from './emulation.ts';
import type { Introspection } from './introspection.ts';
import type { MountPlaces } from './mount-places.ts';
import type { MappingRun } from './stapel/mapping-run.ts';
import type { Toolchain } from './toolchain.ts';

/** Everything the conveyor works with; the same for all images of a run. */
export interface ConveyorParts {
  readonly project: string;
  readonly version: string;
  /** The commit being built: full id, committer date in Unix seconds. */
  readonly commit: Commit;
  /** Unix seconds: dates of images and of files from git. */
  readonly sourceDateEpoch: number;
  readonly hostPlatform: Platform;
  /** Beats the images' own; null: not given. */
  readonly network: string | null;
  readonly primary: StageStorage;
  /** Storages that missing stages are copied from, in this order; never written. */
  readonly secondaries: readonly StageStorage[];
  readonly caches: CacheRepositories;
  readonly builder: ImageBuilder;
  readonly maker: StageMaker;
  readonly images: LocalImages;
  readonly registry: Registry;
  readonly importRecords: ImportRecords;
  readonly reader: DockerfileReader;
  readonly bases: BaseConfigurations;
  readonly contextOf: (image: DockerfileImage) => BuildContext;
  /** What the commands of an image may read while they run, by id. @throws UserError for what is missing */
  readonly secretsOf: (image: Pick<ImageBase, 'secrets'>) => Promise<ReadonlyMap<string, Buffer>>;
  /** Sockets of the SSH agents that the commands of an image may ask, by id. */
  readonly sshAgentsOf: (image: DockerfileImage) => ReadonlyMap<string, string>;
  /** Socket of the user's SSH agent; '' is none. */
  readonly sshAgent: string;
  /** The git mappings of an image at their commits. @throws UserError for local changes, and for what cannot be fetched */
  readonly mappingsOf: (image: StapelImage, title: string) => Promise<readonly MappingRun[]>;
  /** Stages may be used whose commits are no ancestors of the one being built. */
  readonly anyCommit: boolean;
  /** Fetches the history of a shallow clone where that is permitted. @returns whether it is whole now */
  readonly deepen: (
    repository: GitRepository,
    needed: { readonly commit: string; readonly image: string },
  ) => Promise<boolean>;
  readonly skipImageSpec: boolean;
  readonly toolchain: Toolchain;
  /** Asked before commands run. */
  readonly emulation: Emulation;
  /** Shells that the user wants. */
  readonly introspection: Introspection;
  readonly ansible: AnsibleSettings;
  readonly mountPlaces: MountPlaces;
  /** How long images took in earlier runs. */
  readonly times: ImageTimes;
  readonly locks: Locks;
  readonly progress: ProgressSink;
  /** Unix milliseconds. */
  readonly now: () => number;
}
