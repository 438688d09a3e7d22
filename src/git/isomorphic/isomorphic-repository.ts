import git from 'isomorphic-git';
import { UserError } from '../../diagnostics/user-error.ts';
import type { LineEndRule } from '../line-ends.ts';
import type { Commit, EntryMode, ObjectId, RepoPath, TreeEntry } from '../objects.ts';
import type { CommitReader, GitRepository, History, WorkTree } from '../repository.ts';
import { absent, ancestorsAmong, commitChanges } from './commit-walks.ts';
import type { Place } from './place.ts';
import { repositoryFiles } from './repository-files.ts';
import { workTreeChanges } from './work-tree-changes.ts';

/** A repository read without a git program. @param gitdir absolute path of its `.git` directory */
export function isomorphicRepository(workTree: string, gitdir: string): GitRepository {
  const place: Place = { fs: repositoryFiles(gitdir), dir: workTree, gitdir, cache: {} };
  return {
    commits: commitReader(place),
    workTree: workTreeOf(place),
    history: historyOf(place),
    largeFiles: { content: async () => null },
    lineEnds: { rules: (commit) => noLineEndRules(place, commit) },
    development: { commitState: async () => await Promise.reject(needsGit('--dev')) },
    close: async () => undefined,
  };
}

function commitReader(place: Place): CommitReader {
  const blob = async (id: ObjectId) => Buffer.from((await git.readBlob({ ...place, oid: id })).blob);
  return {
    async head() {
      await refuseSha256(place);
      const id = await git.resolveRef({ ...place, ref: 'HEAD' }).catch(absent);
      return id === null ? null : readCommit(place, id);
    },
    commit: (id) => readCommit(place, id),
    async tree(commit, under) {
      const top = await entryAt(place, commit, under);
      if (top === null) return [];
      return top.mode === '40000' ? await entriesBelow(place, top.id, under) : [top];
    },
    // What lies in other repositories is not followed.
    withSubmodules: async (entries) => entries,
    entry: (commit, path) => entryAt(place, commit, path),
    changes: (from, to, under) => commitChanges(place, from, to, under),
    async sizes(ids) {
      const sizes: number[] = [];
      for (const id of ids) sizes.push((await blob(id)).length);
      return sizes;
    },
    blob,
    async *blobs(ids, signal) {
      for (const id of ids) {
        signal.throwIfAborted();
        const content = await blob(id);
        yield { size: content.length, chunks: once(content) };
      }
    },
  };
}

/** Understanding attributes is left to git; so nothing may ask for it. */
async function noLineEndRules(place: Place, commit: ObjectId): Promise<ReadonlyMap<RepoPath, LineEndRule>> {
  for (const { path, id } of await entriesBelow(place, commit, '')) {
    if (path !== '.gitattributes' && !path.endsWith('/.gitattributes')) continue;
    const { blob } = await git.readBlob({ ...place, oid: id });
    if (Buffer.from(blob).includes('eol=crlf')) throw needsGit(`\`eol=crlf\` in ${path}`);
  }
  return new Map();
}

async function refuseSha256(place: Place): Promise<void> {
  const format: unknown = await git.getConfig({ ...place, path: 'extensions.objectformat' });
  if (format === 'sha256') throw needsGit('a repository of SHA-256 objects');
}

async function readCommit(place: Place, id: string): Promise<Commit | null> {
  const found = await git.readCommit({ ...place, oid: id }).catch(absent);
  if (found === null) return null;
  const { parent, committer } = found.commit;
  return {
    id: found.oid as ObjectId,
    parents: parent as ObjectId[],
    committedAt: committer.timestamp,
    zoneMinutes: committer.timezoneOffset === 0 ? 0 : -committer.timezoneOffset,
  };
}

async function entryAt(place: Place, commit: string, path: string): Promise<TreeEntry | null> {
  let tree = (await git.readTree({ ...place, oid: commit })).oid;
  let found: TreeEntry = { path: '', mode: '40000', id: tree as ObjectId };
  for (const part of path.split('/').filter((name) => name !== '')) {
    if (found.mode !== '40000') return null;
    const next = (await git.readTree({ ...place, oid: tree })).tree.find((entry) => entry.path === part);
    if (!next) return null;
    found = { path: joined(found.path, part), mode: modeOf(next.mode), id: next.oid as ObjectId };
    tree = next.oid;
  }
  return found;
}

async function entriesBelow(place: Place, tree: string, under: string): Promise<TreeEntry[]> {
  const entries: TreeEntry[] = [];
  const { tree: found } = await git.readTree({ ...place, oid: tree });
  // Git sorts directories as if their names ended with a slash; the library sorts by names.
  const key = ({ path, type }: { readonly path: string; readonly type: string }) =>
    Buffer.from(type === 'tree' ? `${path}/` : path);
  for (const { path, mode, oid } of [...found].sort((a, b) => Buffer.compare(key(a), key(b)))) {
    const entry = { path: joined(under, path), mode: modeOf(mode), id: oid as ObjectId };
    if (entry.mode === '40000') entries.push(...(await entriesBelow(place, oid, entry.path)));
    else entries.push(entry);
  }
  return entries;
}

function workTreeOf(place: Place): WorkTree {
  return {
    root: place.dir,
    changes: (under) => workTreeChanges(place, under),
  };
}

function historyOf(place: Place): History {
  return {
    async isAncestor(ancestor, of) {
      if (ancestor === of) return true;
      try {
        if (await git.isDescendent({ ...place, oid: of, ancestor, depth: -1 })) return true;
      } catch {
        return null;
      }
      return (await isShallow(place)) ? null : false;
    },
    ancestorsAmong: (candidates, of) => ancestorsAmong(place, candidates, of),
    isShallow: () => isShallow(place),
    // Fetching needs the git program.
    deepen: async () => false,
    async originUrl() {
      const url: unknown = await git.getConfig({ ...place, path: 'remote.origin.url' });
      return typeof url === 'string' && url !== '' ? url : null;
    },
  };
}

async function isShallow(place: Place): Promise<boolean> {
  return (await place.fs.promises.stat(`${place.gitdir}/shallow`).catch(() => null)) !== null;
}

function needsGit(what: string): UserError {
  return new UserError('GIT_PROGRAM_MISSING', `${what} needs the git program, which is not installed`, {
    hint: 'apt-get install git, or the like',
  });
}

function joined(under: string, name: string): string {
  return under === '' ? name : `${under}/${name}`;
}

function modeOf(mode: string): EntryMode {
  return mode.replace(/^0/, '') as EntryMode;
}

async function* once(content: Buffer): AsyncGenerator<Buffer> {
  yield content;
}
