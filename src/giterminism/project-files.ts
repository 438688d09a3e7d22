import { posix } from 'node:path';
import { UserError } from '../diagnostics/user-error.ts';
import type { CommittedFiles } from './committed-files.ts';
import type { DiskFiles } from './disk-files.ts';
import type { UncommittedFiles } from './permissions.ts';
import { notFoundOnDisk, uncommitted, untracked } from './refusals.ts';

/** What a file is read for; `nothing` is for files that no permission can cover. */
export type Purpose = keyof UncommittedFiles | 'nothing';

/** The one door to the files of the configuration. Paths are relative to the project directory. */
export interface ProjectFiles {
  /** @throws UserError when the file is missing, not committed or changed, and nothing permits that */
  read(path: string, purpose: Purpose): Promise<Buffer>;
  /** Is a file or a directory there that may be read? Never a refusal. */
  has(path: string, purpose: Purpose): Promise<boolean>;
  isDirectory(path: string, purpose: Purpose): Promise<boolean>;
  /**
   * Files at or below a directory that globs take, sorted. No globs: all.
   * @throws UserError naming all files there that are not committed, unless they are permitted
   */
  list(directory: string, globs: readonly string[], purpose: Purpose): Promise<readonly string[]>;
  /** Is it on the disk, whatever git says of it? */
  onDisk(path: string): Promise<boolean>;
}

export interface ProjectFilesParts {
  readonly committed: CommittedFiles;
  readonly disk: DiskFiles;
  /** Read from the disk, and check nothing. */
  readonly loose: boolean;
  /** Read from the commit, without looking whether the work tree differs. */
  readonly unchecked: boolean;
  /** Which permissions there are; asked only when they matter. */
  readonly uncommitted: () => Promise<UncommittedFiles>;
  /** Which of some paths globs take. */
  readonly matching: (
    kind: 'glob' | 'file-glob',
    globs: readonly string[],
    paths: readonly string[],
  ) => Promise<readonly string[]>;
}

export function projectFiles(parts: ProjectFilesParts): ProjectFiles {
  const { committed, disk, loose, unchecked, matching } = parts;
  const accepted = async (paths: readonly string[], purpose: Purpose) => {
    if (purpose === 'nothing' || paths.length === 0) return [];
    const globs = (await parts.uncommitted())[purpose];
    return globs.length === 0 ? [] : await matching('glob', globs, paths);
  };
  const isAccepted = async (path: string, purpose: Purpose) => (await accepted([path], purpose)).length > 0;

  /** Only what is accepted may be read from the disk, also where a link leads there. */
  const readAccepted = async (path: string, purpose: Purpose) => {
    const resolved = await disk.resolve(path);
    if (resolved === null) throw notFoundOnDisk(path);
    for (const part of [...resolved.links.slice(1), resolved.target]) {
      if (part === path || (await isAccepted(part, purpose))) continue;
      throw new UserError(
        'GITERMINISM_SYMLINK',
        `accepted file "${path}" check failed: the link target "${part}" should be also accepted by giterminism config`,
      );
    }
    return await disk.read(resolved.target);
  };

  const taken = async (paths: readonly string[], globs: readonly string[]) =>
    globs.length === 0 ? paths : await matching('file-glob', globs, paths);

  const listCommitted = async (directory: string, globs: readonly string[], purpose: Purpose) => {
    const inProject = ({ path }: { readonly path: string }) => posix.join(directory, path);
    const entries = (await committed.below(directory)).filter(({ mode }) => mode !== '160000');
    const tracked = new Set(await taken(entries.map(inProject), globs));
    const changes = unchecked ? [] : await committed.changesBelow(directory);
    const strange = new Set(
      changes.filter(({ kind }) => kind === 'untracked' || kind === 'added').map(inProject),
    );
    const changed = changes.map(inProject).filter((path) => tracked.has(path));
    const permissions = purpose === 'nothing' ? [] : (await parts.uncommitted())[purpose];
    // What git ignores can only be found on the disk; it matters where a permission may cover it.
    const more = permissions.length === 0 ? [...strange] : await disk.below(directory);
    const others = await taken(
      more.filter((path) => !tracked.has(path)),
      globs,
    );
    const fine = new Set(await accepted([...others, ...changed], purpose));
    const refused = others.filter((path) => strange.has(path) && !fine.has(path));
    if (refused.length > 0) throw untracked(refused);
    const dirty = changed.filter((path) => !fine.has(path));
    if (dirty.length > 0) throw uncommitted(dirty);
    return [...new Set([...tracked, ...others.filter((path) => fine.has(path))])].sort();
  };

  return {
    async read(path, purpose) {
      const inside = insideProject(path);
      if (loose) {
        if (!(await disk.resolve(inside))) throw notFoundOnDisk(path);
        return await disk.read(inside);
      }
      if ((await disk.has(inside)) && (await isAccepted(inside, purpose))) {
        return await readAccepted(inside, purpose);
      }
      return await committed.read(inside);
    },
    async has(path, purpose) {
      const inside = insideProject(path);
      if (loose) return (await disk.resolve(inside).catch(() => null)) !== null;
      if (inside === '' || (await committed.has(inside).catch(() => false))) return true;
      return (await disk.has(inside)) && (await isAccepted(inside, purpose));
    },
    async isDirectory(path, purpose) {
      const inside = insideProject(path);
      if (loose) return await disk.isDirectory(inside);
      if (inside === '' || (await committed.isDirectory(inside).catch(() => false))) return true;
      return (await disk.isDirectory(inside)) && (await isAccepted(inside, purpose));
    },
    async list(directory, globs, purpose) {
      const inside = insideProject(directory);
      if (!loose) return await listCommitted(inside, globs, purpose);
      return await taken(await disk.below(inside), globs);
    },
    onDisk: (path) => disk.has(path),
  };
}

/** @throws UserError for paths that leave the project */
function insideProject(path: string): string {
  const normal = posix.normalize(path).replace(/\/$/, '');
  if (path.startsWith('/') || normal === '..' || normal.startsWith('../')) {
    throw new UserError(
      'GITERMINISM_OUTSIDE',
      `"${path}" must be a relative path that stays inside the project directory`,
    );
  }
  return normal === '.' ? '' : normal;
}
