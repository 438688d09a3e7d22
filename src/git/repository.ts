import type { DevCommits } from './dev-commits.ts';
import type { LargeFiles } from './large-files.ts';
import type { LineEnds } from './line-ends.ts';
import type { BlobContent, Commit, ObjectId, RepoPath, TreeChange, TreeEntry } from './objects.ts';

export type ChangeKind = 'modified' | 'added' | 'deleted' | 'untracked' | SubmoduleChange;

/** What of a submodule differs; the most telling where it is several things. */
export type SubmoduleChange =
  | 'submodule-added'
  | 'submodule-deleted'
  | 'submodule-commit-changed'
  | 'submodule-uncommitted'
  | 'submodule-untracked';

/** A path whose index or work tree differs from HEAD, as `git status` sees it; ignored files are none. */
export interface LocalChange {
  readonly path: RepoPath;
  readonly kind: ChangeKind;
}

/** Reading what commits hold. Never the work tree. */
export interface CommitReader {
  /** @returns the commit HEAD names, or null in a repository without a commit */
  head(): Promise<Commit | null>;
  /** @returns null when the repository lacks it */
  commit(id: ObjectId): Promise<Commit | null>;
  /** All entries at or below `under`, in git's order; empty when nothing is there. */
  tree(commit: ObjectId, under: RepoPath): Promise<readonly TreeEntry[]>;
  /** The same entries, each submodule replaced by its files; one whose commit cannot be had stays an entry. */
  withSubmodules(entries: readonly TreeEntry[]): Promise<readonly TreeEntry[]>;
  /** What is at `path`, a directory too (mode 40000); null when nothing is there. */
  entry(commit: ObjectId, path: RepoPath): Promise<TreeEntry | null>;
  /**
   * Entries at or below `under` that differ, sorted by path (UTF-16 code units), renames as a removal and an addition;
   * submodules replaced by their files. A file that became a directory: its path without `after`, and the new paths.
   * @throws when the repository lacks one of the commits
   */
  changes(from: ObjectId, to: ObjectId, under: RepoPath): Promise<readonly TreeChange[]>;
  /** Sizes of blobs in bytes, in the order asked. @throws when one is missing */
  sizes(ids: readonly ObjectId[]): Promise<readonly number[]>;
  /** Whole content of a blob. @throws when the object is missing */
  blob(id: ObjectId): Promise<Buffer>;
  /** Contents in the order asked. Each must be read, or skipped by going on, before the next comes. */
  blobs(ids: readonly ObjectId[], signal: AbortSignal): AsyncIterable<BlobContent>;
}

/** What the user's work tree holds beside HEAD. */
export interface WorkTree {
  /** Absolute path of its root. */
  readonly root: string;
  /** @param under limits the look; empty: everything */
  changes(under: readonly RepoPath[]): Promise<readonly LocalChange[]>;
}

export interface History {
  /** Is `ancestor` equal to or reachable from `of`? null when the history at hand is too short to tell. */
  isAncestor(ancestor: ObjectId, of: ObjectId): Promise<boolean | null>;
  /**
   * Those of `candidates` that equal `of` or are reachable from it. Commits that the repository lacks are not among
   * them, nor are those that a shallow history no longer reaches.
   */
  ancestorsAmong(candidates: readonly ObjectId[], of: ObjectId): Promise<ReadonlySet<ObjectId>>;
  /** Was only the end of the history cloned? */
  isShallow(): Promise<boolean>;
  /** Fetches what a shallow clone lacks of its history. @returns whether it is whole now */
  deepen(): Promise<boolean>;
  /** URL of the remote `origin`; null when there is none. */
  originUrl(): Promise<string | null>;
}

export interface GitRepository {
  readonly commits: CommitReader;
  readonly workTree: WorkTree;
  readonly history: History;
  readonly largeFiles: LargeFiles;
  readonly lineEnds: LineEnds;
  /** Commits of the work tree's present state. */
  readonly development: DevCommits;
  /** Ends child processes. Safe to call twice. */
  close(): Promise<void>;
}
