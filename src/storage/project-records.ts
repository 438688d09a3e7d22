import type { RepositoryAddress } from '../oci/repository-address.ts';
import type { Registry } from '../registry/registry.ts';
import {
  type CommitRecord,
  commitTag,
  customTagRecordTag,
  managedImageName,
  managedImageTag,
} from './record-tags.ts';

/** What a project has recorded in its repository beside its stages: images without layers, of which tags and labels tell. */
export interface ProjectRecords {
  /** Names that are recorded; '' is the nameless image; sorted. */
  managedImages(signal: AbortSignal): Promise<readonly string[]>;
  /** @returns whether it was not there yet */
  addManagedImage(image: string, signal: AbortSignal): Promise<boolean>;
  /** @returns whether it was there */
  removeManagedImage(image: string, signal: AbortSignal): Promise<boolean>;
  /** @returns whether it was not there yet */
  addCommit(record: CommitRecord, signal: AbortSignal): Promise<boolean>;
  /** Says that slipway gave this tag to a stage or an index. @param of the tag of that */
  addCustomTag(tag: string, of: string, signal: AbortSignal): Promise<void>;
}

export function projectRecords({
  project,
  address,
  registry,
}: {
  readonly project: string;
  readonly address: RepositoryAddress;
  readonly registry: Pick<Registry, 'tags' | 'record' | 'delete'>;
}): ProjectRecords {
  const reference = (tag: string) => `${address}:${tag}`;
  /** From the one list of the run. */
  const has = async (tag: string, signal: AbortSignal) =>
    (await registry.tags(address, { prefix: tag, refresh: false }, signal)).includes(tag);
  const write = (tag: string, labels: readonly (readonly [string, string])[], signal: AbortSignal) =>
    registry.record(reference(tag), new Map([['werf', project], ...labels]), signal);
  const add = async (tag: string, signal: AbortSignal) => {
    if (await has(tag, signal)) return false;
    await write(tag, [], signal);
    return true;
  };
  return {
    async managedImages(signal) {
      const tags = await registry.tags(
        address,
        { prefix: managedImageTag('').slice(0, 14), refresh: false },
        signal,
      );
      return tags
        .map(managedImageName)
        .filter((name) => name !== null)
        .sort();
    },
    addManagedImage: (image, signal) => add(managedImageTag(image), signal),
    async removeManagedImage(image, signal) {
      const tag = managedImageTag(image);
      if (!(await has(tag, signal))) return false;
      // Registries delete a manifest with all its tags, and records without data share one: this one gets its own first.
      await write(tag, [['tag', tag]], signal);
      await registry.delete(reference(tag), signal);
      return true;
    },
    addCommit: (record, signal) => add(commitTag(record), signal),
    async addCustomTag(tag, of, signal) {
      const labels = [
        ['stage-id', of],
        ['tag', tag],
      ] as const;
      await write(customTagRecordTag(tag), labels, signal);
    },
  };
}
