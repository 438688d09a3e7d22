import type { Commit } from './objects.ts';
import type { GitRepository } from './repository.ts';

/** What of a remote repository is wanted. */
export type RemoteTarget =
  | { readonly kind: 'default-branch' }
  | { readonly kind: 'branch'; readonly branch: string }
  | { readonly kind: 'tag'; readonly tag: string }
  /** All 40 digits of a commit, or 64 in SHA-256 repositories. */
  | { readonly kind: 'commit'; readonly commit: string };

export interface RemoteRequest {
  /** As git takes it: `https://`, `ssh://`, `git@host:path`, `file://` or a path. */
  readonly url: string;
  /** For messages, such as `org/repo`. */
  readonly name: string;
  readonly target: RemoteTarget;
  /** For http and https; null: what git itself finds. They win over those in the URL. */
  readonly credentials: { readonly username: string; readonly password: string } | null;
}

export interface RemoteRepository {
  /** Belongs to the remote repositories, which close it. Its HEAD is the commit; it has no work tree. */
  readonly repository: GitRepository;
  readonly commit: Commit;
}

/** Repositories that lie elsewhere, read from copies on this machine. */
export interface RemoteRepositories {
  /**
   * Fetched at most once per URL and target: branches with their history, tags and commits alone.
   * @throws UserError GIT_REMOTE_UNREACHABLE, GIT_REMOTE_DENIED, GIT_REMOTE_MISSING (no repository there),
   *   GIT_REFERENCE_MISSING, GIT_REMOTE_FAILED, GIT_PROGRAM_MISSING; none of them tells credentials
   */
  open(request: RemoteRequest, signal: AbortSignal): Promise<RemoteRepository>;
  /** Closes every repository that was opened. */
  close(): Promise<void>;
}
