import type { RepositoryAddress } from '../oci/repository-address.ts';

/** Which repositories a run uses, and for what; all others are null or empty where `primary` is null. */
export interface StorageRoles {
  /** Keeps the stages and all records; null: the local storage does. */
  readonly primary: RepositoryAddress | null;
  /** Near copies, read first and filled, nearest first. */
  readonly caches: readonly RepositoryAddress[];
  /** Read only: stages that the primary lacks are copied from them, in this order. */
  readonly secondaries: readonly RepositoryAddress[];
  /** Gets the last stage of final images; null: nobody does. */
  readonly final: RepositoryAddress | null;
}

export const LOCAL_STORAGE: StorageRoles = { primary: null, caches: [], secondaries: [], final: null };
