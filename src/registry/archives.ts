import type { RunningTask } from '../progress/task.ts';

export interface ArchivedImage {
  readonly name: string;
  /** Reference of an image that got this name for being kept; '' for others. */
  readonly original: string;
  /** sha256:… of its manifest. */
  readonly digest: string;
}

/** An image of a registry, and the name it gets in an archive. */
export interface ImageToArchive {
  readonly name: string;
  readonly reference: string;
  readonly original: string;
}

export interface Archived {
  /** Names of images that the registry does not have any more. */
  readonly gone: readonly string[];
  /** Blobs that an earlier copy had brought, and those that this one did. */
  readonly kept: number;
  readonly added: number;
  /** Bytes of those added. */
  readonly size: number;
}

/** What hears of a transfer. */
export interface Transfer {
  readonly task: Pick<RunningTask, 'line' | 'bytes'>;
  readonly signal: AbortSignal;
}

/**
 * Images in files: each file is a plain tar with an OCI layout, in which every blob lies once.
 * @throws UserError ARCHIVE_INVALID, ARCHIVE_UNFINISHED, ARCHIVE_BUSY, ARCHIVE_UNUSABLE
 */
export interface Archives {
  /** Sorted by name. @param path absolute */
  list(path: string, signal: AbortSignal): Promise<readonly ArchivedImage[]>;
  /** Adds images to an archive, which is made where it is missing. What an interrupted call has brought is kept. */
  fill(path: string, images: readonly ImageToArchive[], transfer: Transfer): Promise<Archived>;
  /** Brings images into registries. @param images names, and references that they get */
  unload(
    path: string,
    images: readonly { readonly name: string; readonly to: string }[],
    transfer: Transfer,
  ): Promise<void>;
}
