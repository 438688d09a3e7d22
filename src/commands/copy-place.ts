import type { RepositoryAddress } from '../oci/repository-address.ts';

/** Where stages are copied from or to. */
export type CopyPlace =
  | {
      readonly kind: 'repository';
      readonly address: RepositoryAddress /** As given. */;
      readonly text: string;
    }
  | { readonly kind: 'archive' /** Absolute. */; readonly path: string; readonly text: string };
