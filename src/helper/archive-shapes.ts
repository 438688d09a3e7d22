/** Shapes of the protocol about archives: OCI layouts of many images, each in one tar. @see protocol.ts */
import { z } from 'zod';

export const ArchiveList = z.strictObject({
  /** Absolute. */
  path: z.string(),
});
export const ArchivedImage = z.strictObject({
  name: z.string(),
  /** Reference it had before it got this name; empty: none. */
  original: z.string(),
  /** sha256:… of its manifest. */
  digest: z.string(),
});
/** Sorted by name. */
export const ArchiveImages = z.strictObject({ images: z.array(ArchivedImage) });

export const ArchiveSource = z.strictObject({
  name: z.string(),
  reference: z.string(),
  original: z.string(),
});
/** Adds images of registries to an archive, or makes it. What an interrupted call has brought is kept. */
export const ArchiveFill = z.strictObject({
  token: z.string(),
  path: z.string(),
  images: z.array(ArchiveSource),
});
export const ArchiveFilled = z.strictObject({
  /** Names of images that their registry does not have. */
  gone: z.array(z.string()),
  /** Blobs that were in the archive before, and those added; `size` is bytes of the latter. */
  kept: z.int(),
  added: z.int(),
  size: z.int(),
});

export const ArchiveTarget = z.strictObject({ name: z.string(), to: z.string() });
/** Brings images of an archive into registries. */
export const ArchiveUnload = z.strictObject({
  token: z.string(),
  path: z.string(),
  images: z.array(ArchiveTarget),
});
