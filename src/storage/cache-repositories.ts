import type { Problem } from '../diagnostics/problem.ts';
import { UserError } from '../diagnostics/user-error.ts';
import type { RepositoryAddress } from '../oci/repository-address.ts';
import type { Registry } from '../registry/registry.ts';
import type { StageId } from '../stages/stage-id.ts';
import { type FindRequest, findStage } from './find-stage.ts';
import type { StageStorage, StoredStage } from './stage-storage.ts';

/** Repositories near this machine that hold copies of stages. One that fails is left aside for the rest of the run. */
export interface CacheRepositories {
  /** Looks for a stage that the primary lacks. */
  find(request: FindRequest): Promise<{ readonly storage: StageStorage; readonly stage: StoredStage } | null>;
  /**
   * Gets the content of a stage from the nearest that has it.
   * @param get gets what a reference names
   * @returns null when none has it
   */
  fetch<T>(
    stage: { readonly id: StageId; readonly digest: string },
    get: (reference: string) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T | null>;
  /** Copies a stage of the primary to those that lack it. @param copy does the copying, with a title */
  fill(stage: Pick<StoredStage, 'id'>, signal: AbortSignal, copy: Copying): Promise<void>;
}

export type Copying = (title: string, work: () => Promise<void>) => Promise<void>;

export interface CacheRepositoriesParts {
  readonly primary: StageStorage;
  readonly caches: readonly { readonly address: RepositoryAddress; readonly storage: StageStorage }[];
  readonly registry: Pick<Registry, 'head' | 'copy'>;
  readonly onWarning: (problem: Problem) => void;
}

export function cacheRepositories({
  primary,
  caches,
  registry,
  onWarning,
}: CacheRepositoriesParts): CacheRepositories {
  const aside = new Set<string>();
  /** @returns null when the repository fails, or has failed before */
  const trying = async <T>(
    address: string,
    signal: AbortSignal,
    work: () => Promise<T>,
  ): Promise<T | null> => {
    if (aside.has(address)) return null;
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof UserError)) throw error;
      if (!aside.has(address)) onWarning(leftAside(address, error));
      aside.add(address);
      return null;
    }
  };
  return {
    async find(request) {
      for (const { address, storage } of caches) {
        const stage = await trying(address, request.signal, () => findStage(storage, request));
        if (stage) return { storage, stage };
      }
      return null;
    },
    async fetch({ id, digest }, get, signal) {
      for (const { address, storage } of caches) {
        const got = await trying(address, signal, async () => {
          // Whatever else the tag may name there, only the same image will do.
          if ((await registry.head(storage.reference(id), signal)) !== digest) return null;
          return await get(`${address}@${digest}`);
        });
        if (got !== null) return got;
      }
      return null;
    },
    async fill({ id }, signal, copy) {
      for (const { address, storage } of caches) {
        await trying(address, signal, async () => {
          const to = storage.reference(id);
          if ((await registry.head(to, signal)) !== null) return;
          await copy(`Copy stage ${to.slice(to.lastIndexOf(':') + 1)} into cache ${address}`, () =>
            registry.copy(primary.reference(id), to, signal),
          );
        });
      }
    },
  };
}

function leftAside(address: string, { message, hint }: UserError): Problem {
  return {
    code: 'CACHE_REPOSITORY_FAILED',
    message: `the cache repository ${address} is left aside for this run: ${message}`,
    ...(hint === undefined ? {} : { hint }),
  };
}

/** Where there is no cache. */
export const NO_CACHES: CacheRepositories = {
  find: async () => null,
  fetch: async () => null,
  fill: async () => undefined,
};
