import fs from 'node:fs';
import git from 'isomorphic-git';
import { UserError } from '../../diagnostics/user-error.ts';
import type {
  Commit,
  CommitReader,
  EntryMode,
  GitRepository,
  History,
  LocalChange,
  ObjectId,
  TreeEntry,
  WorkTree,
} from '../repository.ts';

interface Place {
  readonly fs: typeof fs;
  readonly dir: string;
  readonly gitdir: string;
  /** Parsed packs stay here from call to call. */
  readonly cache: object;
}

/** A repository read without a git program. @param gitdir absolute path of its `.git` directory */
export function isomorphicRepository(workTree: string, gitdir: string): GitRepository {
  const place: Place = { fs, dir: workTree, gitdir, cache: {} };
  return {
    commits: commitReader(place),
    workTree: workTreeOf(place),
    history: historyOf(place),
    development: { commitState: async () => await Promise.reject(needsGit('--dev')) },
    close: async () => undefined,
  };
}

function commitReader(place: Place): CommitReader {
  const blob = async (id: ObjectId) => Buffer.from((await git.readBlob({ ...place, oid: id })).blob);
  return {
    async head() {
      const id = await git.resolveRef({ ...place, ref: 'HEAD' }).catch(absent);
      return id === null ? null : readCommit(place, id);
    },
    commit: (id) => readCommit(place, id),
    async tree(commit, under) {
      const top = await entryAt(place, commit, under);
      if (top === null) return [];
      return top.mode === '40000' ? await entriesBelow(place, top.id, under) : [top];
    },
    entry: (commit, path) => entryAt(place, commit, path),
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
  for (const { path, mode, oid } of (await git.readTree({ ...place, oid: tree })).tree) {
    const entry = { path: joined(under, path), mode: modeOf(mode), id: oid as ObjectId };
    if (entry.mode === '40000') entries.push(...(await entriesBelow(place, oid, entry.path)));
    else entries.push(entry);
  }
  return entries;
}

function workTreeOf(place: Place): WorkTree {
  return {
    root: place.dir,
    async changes(under) {
      const filepaths = under.length === 0 ? ['.'] : [...under];
      const rows = await git.statusMatrix({ ...place, filepaths });
      return rows
        .flatMap(([path, head, workTree, stage]) => changeOf(path, head, workTree, stage))
        .sort((a, b) => (a.path < b.path ? -1 : 1));
    },
  };
}

/** Columns of isomorphic-git's status matrix: in HEAD, in the work tree, in the index. */
function changeOf(path: string, head: number, workTree: number, stage: number): LocalChange[] {
  if (head === 1 && workTree === 1 && stage === 1) return [];
  if (head === 0 && stage === 0) return workTree === 0 ? [] : [{ path, kind: 'untracked' }];
  if (head === 0) return [{ path, kind: 'added' }];
  return [{ path, kind: workTree === 0 || stage === 0 ? 'deleted' : 'modified' }];
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
      return fs.existsSync(`${place.gitdir}/shallow`) ? null : false;
    },
    async originUrl() {
      const url: unknown = await git.getConfig({ ...place, path: 'remote.origin.url' });
      return typeof url === 'string' && url !== '' ? url : null;
    },
  };
}

function needsGit(what: string): UserError {
  return new UserError('GIT_PROGRAM_MISSING', `${what} needs the git program, which is not installed`, {
    hint: 'apt-get install git, or the like',
  });
}

function absent(error: unknown): null {
  if (error instanceof git.Errors.NotFoundError) return null;
  throw error;
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
