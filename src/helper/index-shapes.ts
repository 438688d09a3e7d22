/** Shapes of the protocol about indexes: one tag for the images of several platforms. @see protocol.ts */
import { z } from 'zod';

export const IndexedImage = z.strictObject({
  /** repo:tag or repo@digest, of the index's own repository. */
  reference: z.string(),
  /** os/arch[/variant] */
  platform: z.string(),
});
/** Lists images of a repository under one tag. */
export const RegistryIndex = z.strictObject({
  token: z.string(),
  repository: z.string(),
  tag: z.string(),
  /** In the order they are to be listed. */
  images: z.array(IndexedImage),
});
