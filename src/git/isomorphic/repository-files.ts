import fs from 'node:fs';
import { join, relative, resolve } from 'node:path';

/** The file system as the library asks for it. */
export type RepositoryFiles = Pick<typeof fs, 'promises'>;

/** Files that each linked work tree has of its own; all others are those of the main repository. */
const OWN = /^(?:HEAD|index|ORIG_HEAD|logs\/HEAD|refs\/(?:bisect|worktree|rewritten)(?:\/|$))/;

/**
 * What the library does not know of: linked work trees (`commondir`) and objects that lie in other repositories
 * (`objects/info/alternates`). It is shown one plain directory.
 * @param gitDirectory absolute
 */
export function repositoryFiles(gitDirectory: string): RepositoryFiles {
  const common = commonDirectory(gitDirectory);
  const objects = join(common, 'objects');
  const places = objectDirectories(objects);
  const inCommon = (path: string) => {
    const inside = relative(gitDirectory, path);
    if (common === gitDirectory || inside === '' || inside.startsWith('..') || OWN.test(inside)) return path;
    return join(common, inside);
  };
  /** Everywhere that a path may be found. */
  const candidates = (path: string) => {
    const real = inCommon(String(path));
    const inside = relative(objects, real);
    return inside.startsWith('..') ? [real] : places.map((place) => join(place, inside));
  };
  const first = async <T>(path: string, read: (candidate: string) => Promise<T>): Promise<T> => {
    let failure: unknown;
    for (const candidate of candidates(path)) {
      try {
        return await read(candidate);
      } catch (error) {
        failure ??= error;
      }
    }
    throw failure;
  };
  const { promises } = fs;
  const shown = {
    ...promises,
    readFile: (path: string, options?: BufferEncoding) => first(path, (at) => promises.readFile(at, options)),
    stat: (path: string) => first(path, (at) => promises.stat(at)),
    lstat: (path: string) => first(path, (at) => promises.lstat(at)),
    readdir: async (path: string) => {
      const found = await Promise.allSettled(candidates(path).map((at) => promises.readdir(at)));
      const names = found.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
      const [own] = found;
      if (names.length === 0 && own?.status === 'rejected') throw own.reason;
      return [...new Set(names)];
    },
  };
  return { promises: shown as typeof promises };
}

function commonDirectory(gitDirectory: string): string {
  const named = textOf(join(gitDirectory, 'commondir'));
  return named === null ? gitDirectory : resolve(gitDirectory, named.trim());
}

/** The directory of objects, and those it borrows from, directly or not. */
function objectDirectories(objects: string): readonly string[] {
  const found = new Set<string>();
  const visit = (directory: string) => {
    if (found.has(directory)) return;
    found.add(directory);
    const lines = (textOf(join(directory, 'info/alternates')) ?? '').split('\n');
    for (const line of lines) if (line !== '' && !line.startsWith('#')) visit(resolve(directory, line));
  };
  visit(objects);
  return [...found];
}

function textOf(path: string): string | null {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
