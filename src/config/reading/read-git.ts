import type { RemoteTarget } from '../../git/remote-repositories.ts';
import type { GitSection } from '../schema/git-section.ts';
import type { BasicAuth, GitMapping, RemoteRepository } from '../stapel-parts.ts';
import type { ImageReading } from './image-reading.ts';
import { readFileMapping } from './read-file-mapping.ts';

export function readGit(reading: ImageReading, fields: readonly GitSection[]): readonly GitMapping[] {
  return fields.map((entry, i) => ({
    ...readFileMapping(reading, ['git', i], entry),
    repository: entry.url === undefined ? { kind: 'own' } : remote(entry, entry.url),
    stageDependencies: {
      install: entry.stageDependencies?.install ?? [],
      beforeSetup: entry.stageDependencies?.beforeSetup ?? [],
      setup: entry.stageDependencies?.setup ?? [],
    },
  }));
}

function remote(entry: GitSection, url: string): RemoteRepository {
  return {
    kind: 'remote',
    url,
    name: repositoryName(url),
    reference: referenceOf(entry),
    basicAuth: entry.basicAuth ? basicAuth(entry.basicAuth) : null,
  };
}

function referenceOf({ branch, tag, commit }: GitSection): RemoteTarget {
  if (branch !== undefined) return { kind: 'branch', branch };
  if (tag !== undefined) return { kind: 'tag', tag };
  return commit === undefined ? { kind: 'default-branch' } : { kind: 'commit', commit };
}

/** `org/repo`: the last two parts of the path. */
function repositoryName(url: string): string {
  const path = url
    .replace(/\/+$/, '')
    .replace(/\.git$/, '')
    .replace(/^[a-z+]+:\/\/[^/]*\/?|^[^/:]+@?[^/:]*:/, '');
  return path
    .split('/')
    .filter((part) => part !== '')
    .slice(-2)
    .join('/');
}

function basicAuth({ username, password }: NonNullable<GitSection['basicAuth']>): BasicAuth {
  if (password.env !== undefined) return { username, password: { kind: 'env', name: password.env } };
  if (password.src !== undefined) return { username, password: { kind: 'file', path: password.src } };
  return { username, password: { kind: 'value', text: password.value ?? '' } };
}
