import type { LocalImages } from '../engine/engine.ts';
import type { RepositoryAddress } from '../oci/repository-address.ts';
import { formatStageId, parseStageId, type StageId } from '../stages/stage-id.ts';
import type { StageStorage } from './stage-storage.ts';

/**
 * The local storage, with what this machine has of the stages of a repository: those that were built here for it, or fetched
 * from it. The repository is not asked.
 */
export function withLocalCopies(
  local: StageStorage,
  address: RepositoryAddress,
  images: Pick<LocalImages, 'list' | 'inspect' | 'tag'>,
): StageStorage {
  return {
    ...local,
    async candidates(digest, options, signal) {
      const own = await local.candidates(digest, options, signal);
      const tags = await images.list(address, digest, signal);
      const known = new Set(own.map(formatStageId));
      const copies = tags.map(parseStageId).filter((id) => id !== null && !known.has(formatStageId(id)));
      return [...own, ...copies.filter((id): id is StageId => id !== null)];
    },
    async describe(id, signal) {
      const own = await local.describe(id, signal);
      if (own) return own;
      const copy = await images.inspect(`${address}:${formatStageId(id)}`, signal);
      if (!copy) return null;
      await images.tag(copy.facts.id, local.reference(id), signal);
      return await local.describe(id, signal);
    },
  };
}
