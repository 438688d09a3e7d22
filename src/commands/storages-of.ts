import { join } from 'node:path';
import type { Workshop } from '../engine/workshop.ts';
import type { Platform } from '../oci/platform.ts';
import type { RepositoryAddress } from '../oci/repository-address.ts';
import { type CacheRepositories, cacheRepositories, NO_CACHES } from '../storage/cache-repositories.ts';
import { factsCache } from '../storage/facts-cache.ts';
import {
  type ImportRecords,
  localImportRecords,
  repositoryImportRecords,
} from '../storage/import-records.ts';
import { localStages } from '../storage/local-stages.ts';
import { type ProjectRecords, projectRecords } from '../storage/project-records.ts';
import { repositoryStages } from '../storage/repository-stages.ts';
import type { StageStorage } from '../storage/stage-storage.ts';
import type { StorageRoles } from '../storage/storage-roles.ts';
import type { Session } from './session.ts';

/** Builds and keeps the local images. */
export type LocalWork = Pick<Workshop, 'builder' | 'images' | 'stages'>;

/** The storages of a run in their roles. */
export interface Storages {
  readonly primary: StageStorage;
  readonly secondaries: readonly StageStorage[];
  readonly caches: CacheRepositories;
  readonly importRecords: ImportRecords;
  /** null in the local storage. */
  readonly records: ProjectRecords | null;
  readonly final: StageStorage | null;
}

export interface StoragesRequest {
  readonly project: string;
  /** Taken where a tag names an index; those of stages name one image each, for whatever platform. */
  readonly platform: Platform;
  readonly workshop: LocalWork;
}

/** With a repository the local storage is the first of the secondary ones: what is there is not built again. */
export function storagesOf(
  roles: StorageRoles,
  { ports, host, clock, progress }: Session,
  { project, platform, workshop }: StoragesRequest,
): Storages {
  const { registry } = ports;
  const { builder, images, stages } = workshop;
  const local = localStages(project, images, stages);
  if (roles.primary === null) {
    const importRecords = localImportRecords(project, images, stages);
    return { primary: local, secondaries: [], caches: NO_CACHES, importRecords, records: null, final: null };
  }
  const cache = factsCache(join(host.home, 'local_cache', 'manifests'), clock.unique);
  const storageAt = (address: RepositoryAddress) =>
    repositoryStages({ project, address, platform, registry, builder, cache });
  const primary = storageAt(roles.primary);
  return {
    primary,
    secondaries: [local, ...roles.secondaries.map(storageAt)],
    caches: cacheRepositories({
      primary,
      caches: roles.caches.map((address) => ({ address, storage: storageAt(address) })),
      registry,
      onWarning: (problem) => progress.emit({ kind: 'warning', problem }),
    }),
    records: projectRecords({ project, address: roles.primary, registry }),
    final: roles.final && storageAt(roles.final),
    importRecords: repositoryImportRecords({ project, address: roles.primary, platform, registry }),
  };
}
