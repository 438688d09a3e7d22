import type { BlobContent, RepoPath } from './objects.ts';

/** Contents that Git LFS keeps elsewhere. */
export interface LargeFiles {
  /**
   * The content that a pointer stands for.
   * @returns null where Git LFS is not installed or cannot get it: the pointer is all there is
   */
  content(pointer: Buffer, path: RepoPath, signal: AbortSignal): Promise<BlobContent | null>;
}

/** Pointers are at most so many bytes. */
export const LARGEST_POINTER = 1024;

/** @returns the size that a pointer names, in bytes; null for any other content */
export function pointedSize(content: Buffer): number | null {
  if (content.length > LARGEST_POINTER) return null;
  const text = content.toString('utf8');
  if (!text.startsWith('version https://git-lfs.github.com/spec/v1\n')) return null;
  const size = /^oid sha256:[0-9a-f]{64}$/m.test(text) ? /^size (\d{1,15})$/m.exec(text)?.[1] : undefined;
  return size === undefined ? null : Number(size);
}
