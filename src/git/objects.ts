/** Full hex id of a git object; 40 digits, 64 in SHA-256 repositories. */
export type ObjectId = string & { readonly __objectId: unique symbol };

/** Path inside the repository: `/` between parts, no leading `/`; empty for its root. */
export type RepoPath = string;

export interface Commit {
  readonly id: ObjectId;
  readonly parents: readonly ObjectId[];
  /** Committer date, Unix seconds, and its zone in minutes east of UTC. */
  readonly committedAt: number;
  readonly zoneMinutes: number;
}

export type EntryMode = '100644' | '100755' | '120000' | '160000' | '40000';

/** A file, symlink or submodule of a commit's tree; a directory only where it is asked for by name. */
export interface TreeEntry {
  readonly path: RepoPath;
  readonly mode: EntryMode;
  readonly id: ObjectId;
}

/** A path whose entry differs between two commits; null where the commit has none. */
export interface TreeChange {
  readonly path: RepoPath;
  readonly before: TreeEntry | null;
  readonly after: TreeEntry | null;
}

/** A blob as it streams out of the repository. */
export interface BlobContent {
  /** Bytes. */
  readonly size: number;
  readonly chunks: AsyncIterable<Buffer>;
}
