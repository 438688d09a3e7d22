import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { isAbsolute, join, posix, relative } from 'node:path';
import { UserError } from '../diagnostics/user-error.ts';

/** Files as they lie on the disk now, below one directory. Paths are relative to it. */
export interface DiskFiles {
  /** Is something there? Links count, also broken ones. */
  has(path: string): Promise<boolean>;
  /** Is a directory there? Links are followed. */
  isDirectory(path: string): Promise<boolean>;
  /**
   * What a path leads to, and the links on the way to it, outermost first.
   * @returns null when nothing is there
   * @throws UserError for links that go round in circles
   */
  resolve(path: string): Promise<{ readonly target: string; readonly links: readonly string[] } | null>;
  read(path: string): Promise<Buffer>;
  /** All files at or below a directory, sorted; `.git` is left out. */
  below(path: string): Promise<readonly string[]>;
}

/** As many links as Linux follows. */
const MOST_LINKS = 40;

/** @param directory absolute */
export function diskFiles(directory: string): DiskFiles {
  const found = (path: string) => lstat(join(directory, path)).catch(() => null);
  const below = async (path: string): Promise<readonly string[]> => {
    const entries = await readdir(join(directory, path), { withFileTypes: true }).catch(() => []);
    const nested = await Promise.all(
      entries
        .filter(({ name }) => name !== '.git')
        .map(async (entry) => {
          const inside = posix.join(path, entry.name);
          return entry.isDirectory() ? await below(inside) : [inside];
        }),
    );
    return nested.flat().sort();
  };
  const resolve: DiskFiles['resolve'] = async (path) => {
    const links: string[] = [];
    for (let wanted = posix.normalize(path); ; ) {
      const link = await firstLink(wanted, found);
      if (link === null) return (await found(wanted)) ? { target: wanted, links } : null;
      if (links.push(link) > MOST_LINKS) {
        throw new UserError(
          'GITERMINISM_SYMLINK',
          `symlink "${path}" check failed: too many levels of symbolic links`,
        );
      }
      const text = await readlink(join(directory, link));
      const target = isAbsolute(text) ? relative(directory, text) : posix.join(posix.dirname(link), text);
      wanted = posix.normalize(posix.join(target, wanted.slice(link.length)));
    }
  };
  return {
    has: async (path) => (await found(path)) !== null,
    async isDirectory(path) {
      const resolved = await resolve(path).catch(() => null);
      return resolved !== null && ((await found(resolved.target))?.isDirectory() ?? false);
    },
    resolve,
    read: (path) => readFile(join(directory, path)),
    below,
  };
}

/** The first component of a path that is a link. */
async function firstLink(
  path: string,
  found: (path: string) => Promise<{ isSymbolicLink(): boolean } | null>,
): Promise<string | null> {
  const parts = path.split('/');
  for (let count = 1; count <= parts.length; count++) {
    const part = parts.slice(0, count).join('/');
    if ((await found(part))?.isSymbolicLink()) return part;
  }
  return null;
}
