/** Shapes of the protocol about the store as a whole and what lies in it. @see protocol.ts */
import { z } from 'zod';

export const StoreOpen = z.strictObject({
  /** Value of WERF_BUILDAH_STORAGE_DRIVER; empty: chosen by trial. */
  driver: z.string(),
  /** auto, native-rootless, native-chroot, plain-chroot. */
  mode: z.string(),
  /** OCI runtime asked for; empty: the first that passes a trial. */
  runtime: z.string(),
  /** type:soft:hard; empty: the limits of the calling process. */
  ulimits: z.array(z.string()),
  /** Value of SLIPWAY_COMPRESSION: gzip or zstd, `:level` behind it; empty: gzip. */
  compression: z.string(),
  /** Bytes of compressed layers that are kept for pushes; 0: the default. */
  blobCache: z.int(),
});
export const StoreOpened = z.strictObject({
  driver: z.string(),
  graphRoot: z.string(),
  runRoot: z.string(),
  /** The isolation that run steps get: native-rootless, native-chroot, plain-chroot, no-run. */
  mode: z.string(),
  runtime: z.string(),
  /** One sentence: why this mode and driver. */
  why: z.string(),
  warnings: z.array(z.string()),
});

/** The configuration of a local image, as JSON. */
export const ImageConfiguration = z.strictObject({ text: z.string() });

/** Writes a layer of a local image (0 is the lowest) as a plain tar to a file that does not exist yet. */
export const LayerExport = z.strictObject({ image: z.string(), index: z.int(), file: z.string() });
/** Compares two tars entry by entry. */
export const LayerCompare = z.strictObject({
  first: z.string(),
  second: z.string(),
  /** At most so many differences are told. */
  limit: z.int(),
});
export const LayerDifference = z.strictObject({
  path: z.string(),
  /** Field that differs (mode, owner, time, content, attribute …), or `presence`. */
  what: z.string(),
  first: z.string(),
  second: z.string(),
});
export const LayerDifferences = z.strictObject({ differences: z.array(LayerDifference) });

/** Removes a directory with everything in it, also what belongs to subordinate ids. It must lie in the run directory or be it. */
export const DirectoryRemove = z.strictObject({ path: z.string() });
