import type { ImageBuilder, Waiting } from '../engine/engine.ts';
import type { Platform } from '../oci/platform.ts';
import type { RepositoryAddress } from '../oci/repository-address.ts';
import type { Registry } from '../registry/registry.ts';
import { formatStageId, parseStageId, type StageId } from '../stages/stage-id.ts';
import type { FactsCache } from './facts-cache.ts';
import { rejectedTag } from './record-tags.ts';
import type { MadeStage, StageStorage, StoredStage } from './stage-storage.ts';

export interface RepositoryStagesParts {
  readonly project: string;
  readonly address: RepositoryAddress;
  readonly platform: Platform;
  readonly registry: Registry;
  readonly builder: Pick<ImageBuilder, 'push'>;
  readonly cache: FactsCache;
}

/** Stages kept as tags of one registry repository. */
export function repositoryStages(parts: RepositoryStagesParts): StageStorage {
  const { project, address, platform, registry, builder, cache } = parts;
  const reference = (id: StageId) => `${address}:${formatStageId(id)}`;
  const described = new Map<string, StoredStage>();
  /** Tags of those that proved unusable in this run. */
  const rejected = new Set<string>();

  /** Described from the cache: the tag is in the list, and stays what it was; but lists may be late. */
  const unconfirmed = new Map<string, string>();
  const lookUp = async (id: StageId, signal: AbortSignal): Promise<StoredStage | null> => {
    const name = reference(id);
    const known = await cache.get(name);
    if (known) {
      unconfirmed.set(name, known.digest);
      return { id, name, facts: known };
    }
    const facts = await registry.image(name, platform, signal);
    if (!facts) return null;
    await cache.put(name, facts);
    return { id, name, facts };
  };
  const forget = async (name: string) => {
    described.delete(name);
    unconfirmed.delete(name);
    await cache.drop(name);
  };

  const describe: StageStorage['describe'] = async (id, signal) => {
    const name = reference(id);
    const stage = described.get(name) ?? (await lookUp(id, signal));
    if (stage) described.set(name, stage);
    return stage;
  };

  /** @returns digest of the manifest */
  const publish = async (made: MadeStage, name: string, waiting: Waiting): Promise<string> => {
    switch (made.kind) {
      case 'image':
        return (await builder.push(made.image, name, waiting)).digest;
      case 'copy':
        await registry.copy(made.reference, name, waiting.signal);
        return (await registry.head(made.reference, waiting.signal)) ?? '';
      case 'configuration': {
        const change = { platform, configuration: made.configuration, tagged: true };
        return await registry.reconfigure(reference(made.of), name, change, waiting.signal);
      }
    }
  };

  return {
    kind: 'repository',
    address,
    reference,
    describe,
    async candidates(digest, { fresh }, signal) {
      const tags = await registry.tags(address, { prefix: digest, refresh: fresh }, signal);
      const unusable = new Set([...tags, ...rejected]);
      return tags
        .map(parseStageId)
        .filter((id) => id !== null)
        .filter((id) => !unusable.has(rejectedTag(id)));
    },
    async confirm(id, signal) {
      const name = reference(id);
      const digest = unconfirmed.get(name);
      if (digest === undefined) return true;
      if ((await registry.head(name, signal)) === digest) return unconfirmed.delete(name);
      await forget(name);
      return false;
    },
    async reject(id, signal) {
      const tag = rejectedTag(id);
      rejected.add(tag);
      await forget(reference(id));
      await registry.record(`${address}:${tag}`, new Map([['werf', project]]), signal);
    },
    async configuration(id, signal) {
      const found = await registry.configuration(reference(id), platform, signal);
      if (found === null) throw new Error(`${reference(id)} is gone from the registry`);
      return found;
    },
    async save(made, id, waiting) {
      const name = reference(id);
      if ((await registry.head(name, waiting.signal)) !== null) return null;
      const digest = await publish(made, name, waiting);
      // Two savers may have chosen one millisecond: whose manifest the tag names decides.
      if ((await registry.head(name, waiting.signal)) !== digest) return null;
      return await describe(id, waiting.signal);
    },
  };
}
