import type { LocalImages } from '../engine/engine.ts';
import type { StageMaker } from '../engine/stage-maker.ts';
import type { Platform } from '../oci/platform.ts';
import type { RepositoryAddress } from '../oci/repository-address.ts';
import type { Registry } from '../registry/registry.ts';

/** What files an import took, remembered so that the source need not be fetched to know. */
export interface ImportRecord {
  /** Stage id of the source; '' for an external image. */
  readonly sourceStageId: string;
  readonly checksum: string;
}

/** Records of imports, by the id of their source. */
export interface ImportRecords {
  find(sourceId: string, signal: AbortSignal): Promise<ImportRecord | null>;
  save(sourceId: string, record: ImportRecord, signal: AbortSignal): Promise<void>;
}

const LABEL = {
  project: 'werf',
  sourceId: 'import-source-id',
  sourceStageId: 'source-stage-id',
  checksum: 'checksum',
} as const;

/** Kept beside the stages of a repository, as images without layers. */
export function repositoryImportRecords(parts: {
  readonly project: string;
  readonly address: RepositoryAddress;
  readonly platform: Platform;
  readonly registry: Registry;
}): ImportRecords {
  const { project, address, platform, registry } = parts;
  const reference = (id: string) => `${address}:import-metadata-${id}`;
  return {
    async find(id, signal) {
      return recordOf((await registry.image(reference(id), platform, signal))?.labels);
    },
    async save(id, record, signal) {
      await registry.record(reference(id), labelsOf(project, id, record), signal);
    },
  };
}

/** Kept as images of this machine. */
export function localImportRecords(
  project: string,
  images: Pick<LocalImages, 'inspect'>,
  stages: Pick<StageMaker, 'record'>,
): ImportRecords {
  const name = (id: string) => `localhost/werf-import-metadata/${project}:${id}`;
  return {
    async find(id, signal) {
      return recordOf((await images.inspect(name(id), signal))?.facts.labels);
    },
    async save(id, record, signal) {
      await stages.record(name(id), labelsOf(project, id, record), signal);
    },
  };
}

function labelsOf(project: string, id: string, record: ImportRecord): ReadonlyMap<string, string> {
  return new Map([
    [LABEL.project, project],
    [LABEL.sourceId, id],
    [LABEL.sourceStageId, record.sourceStageId],
    [LABEL.checksum, record.checksum],
  ]);
}

function recordOf(labels: ReadonlyMap<string, string> | undefined): ImportRecord | null {
  const checksum = labels?.get(LABEL.checksum) ?? '';
  if (checksum === '') return null;
  return { checksum, sourceStageId: labels?.get(LABEL.sourceStageId) ?? '' };
}
