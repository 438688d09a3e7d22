import type { Writable } from 'node:stream';
import type { PathSet } from '../dockerfile/dockerfile.ts';
import type { ContextFile } from './context-checksum.ts';

/** What a Dockerfile image may read: the commit, and what permissions add to it from the disk. */
export interface BuildContext {
  /** The Dockerfile's text. @throws UserError when it is missing, uncommitted or changed */
  dockerfile(): Promise<string>;
  /** Text of the ignore file that applies; null when there is none. */
  dockerignore(): Promise<string | null>;
  /** Files of the commit below the context, paths relative to it. */
  committed(): Promise<readonly ContextFile[]>;
  /** Files added from the disk; they win over committed ones. @throws UserError when not permitted or missing */
  added(): Promise<readonly ContextFile[]>;
  /**
   * Compares the work tree with the commit inside the context.
   * @param ignored which of some paths the build does not read
   * @throws UserError listing the files that differ
   */
  assertClean(ignored: (paths: readonly string[]) => Promise<PathSet>): Promise<void>;
  /** Writes these files as a tar in the order of layers, straight from git objects and the disk, and ends the stream. */
  write(files: readonly ContextFile[], sink: Writable, signal: AbortSignal): Promise<void>;
}
