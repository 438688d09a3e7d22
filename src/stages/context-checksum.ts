import { compareText, inputHash } from './canonical.ts';

/** A file that a build may read from its context. */
export interface ContextFile {
  /** Relative to the context. */
  readonly path: string;
  /** As git writes it: 100644, 100755, 120000. */
  readonly mode: string;
  /** Blob id in git; for a file added from the disk `sha256:` of its content, or `link:` and the target. */
  readonly content: string;
}

/** Equal for equal names, modes and contents, in whatever order the files come. */
export function contextChecksum(files: readonly ContextFile[]): string {
  const sorted = [...files].sort((a, b) => compareText(a.path, b.path));
  return inputHash(sorted.flatMap(({ path, mode, content }) => [path, mode, content]));
}
