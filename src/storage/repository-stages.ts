import type { ImageBuilder, Waiting } from '../engine/engine.ts';
import type { Platform } from '../oci/platform.ts';
import type { RepositoryAddress } from '../oci/repository-address.ts';
import type { Registry } from '../registry/registry.ts';
import { formatStageId, parseStageId, type StageId } from '../stages/stage-id.ts';
import type { FactsCache } from './facts-cache.ts';
import type { MadeStage, StageStorage, StoredStage } from './stage-storage.ts';

export interface RepositoryStagesParts {
  readonly address: RepositoryAddress;
  readonly platform: Platform;
  readonly registry: Registry;
  readonly builder: Pick<ImageBuilder, 'push'>;
  readonly cache: FactsCache;
}

/** Stages kept as tags of one registry repository. */
export function repositoryStages(parts: RepositoryStagesParts): StageStorage {
  const { address, platform, registry, builder, cache } = parts;
  const reference = (id: StageId) => `${address}:${formatStageId(id)}`;
  const described = new Map<string, StoredStage>();

  /** What the cache claims is believed once a HEAD has confirmed it: another host may have cleaned up. */
  const lookUp = async (id: StageId, signal: AbortSignal): Promise<StoredStage | null> => {
    const name = reference(id);
    const known = await cache.get(name);
    if (known) {
      if ((await registry.head(name, signal)) === known.digest) return { id, name, facts: known };
      await cache.drop(name);
    }
    const facts = await registry.image(name, platform, signal);
    if (!facts) return null;
    await cache.put(name, facts);
    return { id, name, facts };
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
        const change = { platform, configuration: made.configuration };
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
      return tags.map(parseStageId).filter((id) => id !== null);
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
