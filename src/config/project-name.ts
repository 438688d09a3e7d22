import { basename } from 'node:path';

/** A project name made of the last parts of a repository's URL, or of a directory's name. */
export function suggestProjectName(originUrl: string | null, directory: string): string {
  const path = originUrl?.replace(/\.git$/, '').replace(/^[a-z+]+:\/\/[^/]+\/|^[^/]*:/, '');
  const source =
    path === undefined || path === '' ? basename(directory) : path.split('/').slice(-2).join('-');
  const slug = source
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 50)
    .replace(/^-+|-+$/g, '');
  return slug === '' ? 'app' : slug;
}
