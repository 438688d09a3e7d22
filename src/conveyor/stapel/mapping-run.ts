import { posix } from 'node:path';
import type { Writable } from 'node:stream';
import { sharedWork } from '../../concurrency/shared-work.ts';
import type { GitMapping } from '../../config/stapel-parts.ts';
import { UserError } from '../../diagnostics/user-error.ts';
import type { DockerfileReader, PathQuery } from '../../dockerfile/dockerfile.ts';
import { writeMapping } from '../../git/mapping-archive.ts';
import type { Commit, ObjectId, RepoPath, TreeEntry } from '../../git/objects.ts';
import type { GitRepository } from '../../git/repository.ts';
import { inLayerOrder } from '../../oci/layer-order.ts';
import { contextChecksum } from '../../stages/context-checksum.ts';
import { type MappingHash, mappingHash } from '../../stages/mapping-identity.ts';
import type { PatchEntry } from '../../stages/stapel-inputs.ts';

/** A git mapping at the commit that is built. */
export interface MappingRun {
  readonly mapping: GitMapping;
  readonly hash: MappingHash;
  readonly repository: GitRepository;
  /** HEAD of the project, or what the mapping's reference names in its remote. */
  readonly commit: Commit;
  readonly type: 'directory' | 'file';
  /** Directory of the image that names of its files are relative to. */
  readonly to: string;
  /** All files that it takes; paths relative to `to`. */
  files(): Promise<readonly TreeEntry[]>;
  /** What it takes that differs from an earlier commit. @param from must be in the repository */
  patch(from: ObjectId): Promise<readonly MappedChange[]>;
  /** Checksum of those of its files that a mask of `stageDependencies` takes; null: none. */
  checksum(mask: string): Promise<string | null>;
  /** Writes files as a tar. @param files paths relative to `to` */
  write(files: readonly TreeEntry[], sink: Writable, signal: AbortSignal): Promise<void>;
}

/** A changed path: as digests see it, relative to `add`, and what is to be placed, relative to `to`. */
export interface MappedChange extends PatchEntry {
  readonly target: string;
  readonly entry: TreeEntry | null;
}

export interface MappingParts {
  readonly repository: GitRepository;
  readonly commit: Commit;
  /** Where `/` of the mapping is in the repository; '' for its root. */
  readonly prefix: RepoPath;
  readonly reader: Pick<DockerfileReader, 'match'>;
  /** Unix seconds: dates of the files. */
  readonly date: number;
  readonly signal: AbortSignal;
  /** Told of files whose content Git LFS keeps and cannot give. */
  readonly onPointer: (path: string) => void;
}

/** @throws UserError when `add` is not in the commit */
export async function mappingRun(mapping: GitMapping, parts: MappingParts): Promise<MappingRun> {
  const { repository, commit, prefix, reader, date, signal } = parts;
  const { commits } = repository;
  const add = posix.join(prefix, mapping.add.slice(1)).replace(/^\.$|\/$/g, '');
  const found = add === '' ? null : await commits.entry(commit.id, add);
  if (add !== '' && found === null) throw nothingToAdd(mapping, commit);
  const isFile = found !== null && found.mode !== '40000' && found.mode !== '160000';
  if (isFile && mapping.to === '/') throw fileAsRoot(mapping);
  const target = (path: string) => (isFile ? posix.basename(mapping.to) : path);
  const relative = (path: RepoPath) => (isFile ? '' : add === '' ? path : posix.relative(add, path));
  const taken = async <T>(all: readonly T[], pathOf: (item: T) => string, more: readonly string[] = []) => {
    const queries = queriesOf(mapping, more);
    if (isFile || queries.length === 0 || all.length === 0) return all;
    const sets = await reader.match(
      all.map(pathOf),
      queries.map(({ query }) => query),
      signal,
    );
    return all.filter((_, i) => queries.every(({ take }, q) => sets[q]?.has(i) === take));
  };
  let listed: Promise<readonly TreeEntry[]> | undefined;
  const listAll = async () => {
    const all = await commits.withSubmodules(await commits.tree(commit.id, add));
    return await taken(
      all.map((entry) => ({ ...entry, path: relative(entry.path) })),
      ({ path }) => path,
    );
  };
  const list = () => (listed ??= listAll());
  const place = (entry: TreeEntry): TreeEntry => ({ ...entry, path: target(entry.path) });

  // Several stages ask for the same one.
  const patches = sharedWork<readonly MappedChange[]>();
  const patchSince = async (from: ObjectId): Promise<readonly MappedChange[]> => {
    if (from === commit.id) return [];
    const changes = await commits.changes(from, commit.id, add);
    const all = changes.map((change) => ({ ...change, path: relative(change.path) }));
    return (await taken(all, ({ path }) => path)).map(({ path, before, after }) => ({
      path,
      before,
      after,
      target: target(path),
      entry: after && { ...after, path: target(path) },
    }));
  };

  return {
    mapping,
    hash: mappingHash(mapping),
    repository,
    commit,
    type: isFile ? 'file' : 'directory',
    to: isFile ? posix.dirname(mapping.to) : mapping.to,
    files: async () => (await list()).map(place),
    patch: (from) => patches.get(from, () => patchSince(from)),
    async checksum(mask) {
      const files = await taken(await list(), ({ path }) => path, [mask]);
      if (files.length === 0) return null;
      return contextChecksum(files.map(({ path, mode, id }) => ({ path, mode, content: id })));
    },
    async write(files, sink, stop) {
      for (const { path, mode, id } of files)
        if (mode === '160000') throw submoduleMissing(mapping, path, id);
      // What git says of a file goes by its path in the repository.
      const mapped = inLayerOrder(files).map((entry) => ({
        entry: { ...entry, path: isFile ? add : posix.join(add, entry.path) },
        path: entry.path,
      }));
      await writeMapping(repository, commit.id, mapped, sink, {
        date,
        signal: stop,
        onPointer: parts.onPointer,
      });
    },
  };
}

interface Taking {
  readonly query: PathQuery;
  /** Must the query take the path, or not? */
  readonly take: boolean;
}

/** @param more masks of which one must match, beside those of the mapping */
export function queriesOf(
  { includePaths, excludePaths }: Pick<GitMapping, 'includePaths' | 'excludePaths'>,
  more: readonly string[] = [],
): readonly Taking[] {
  const masks = (patterns: readonly string[], take: boolean): readonly Taking[] =>
    patterns.length === 0 ? [] : [{ query: { kind: 'mask', patterns: [...patterns] }, take }];
  return [...masks(includePaths, true), ...masks(excludePaths, false), ...masks(more, true)];
}

function nothingToAdd(mapping: GitMapping, { id }: Commit): UserError {
  const where =
    mapping.repository.kind === 'own' ? 'the commit' : `commit ${id} of ${mapping.repository.name}`;
  return located(
    mapping,
    'GIT_MAPPING_EMPTY',
    `\`add: ${mapping.add}\` is not in ${where}`,
    "commit it, or correct the path: it begins at the root of the repository's project directory",
  );
}

function fileAsRoot(mapping: GitMapping): UserError {
  return located(
    mapping,
    'GIT_MAPPING_ROOT',
    `\`add: ${mapping.add}\` is a file, and \`to: /\` cannot be one`,
    'name the file in `to`, such as /app/config.ini',
  );
}

function submoduleMissing(mapping: GitMapping, path: string, id: string): UserError {
  return located(
    mapping,
    'GIT_SUBMODULE',
    `the files of the submodule "${path}" are needed and cannot be had: its commit ${id} is neither here nor at its address`,
    'git submodule update --init, or check its address in .gitmodules; git must be installed for that',
  );
}

function located(mapping: GitMapping, code: string, message: string, hint: string): UserError {
  return new UserError(code, `a git mapping cannot be made: ${message}`, {
    problems: [{ code, message, position: mapping.position, hint }],
  });
}
