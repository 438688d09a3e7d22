import fs from 'node:fs';
import { join } from 'node:path';
import git from 'isomorphic-git';
import type { RepoPath } from '../objects.ts';
import type { LocalChange } from '../repository.ts';
import type { Place } from './place.ts';

/** What differs from HEAD below some paths; empty: everywhere. */
export async function workTreeChanges(
  place: Place,
  under: readonly RepoPath[],
): Promise<readonly LocalChange[]> {
  const filepaths = under.length === 0 ? ['.'] : [...under];
  // Without refresh: reading must not write the index, which may belong to somebody else.
  const rows = await git.statusMatrix({ ...place, filepaths, refresh: false });
  // A value may come as text or as what it means.
  const fileMode: unknown = await git.getConfig({ ...place, path: 'core.filemode' });
  const looksAtModes = String(fileMode) !== 'false';
  const convertsLines = await convertsLineEnds(place);
  const changes = await Promise.all(
    rows.map(async ([path, head, workTree, stage]): Promise<readonly LocalChange[]> => {
      const [change] = changeOf(path, head, workTree, stage);
      const isSame = change === undefined && head === 1;
      if (isSame && looksAtModes && (await hasOtherMode(place, path))) return [{ path, kind: 'modified' }];
      if (change?.kind === 'modified' && convertsLines && (await differsInLineEnds(place, path))) return [];
      return change ? [change] : [];
    }),
  );
  return changes.flat().sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Columns of the library's status matrix: in HEAD, in the work tree, in the index. */
function changeOf(path: string, head: number, workTree: number, stage: number): LocalChange[] {
  if (head === 1 && workTree === 1 && stage === 1) return [];
  if (head === 0 && stage === 0) return workTree === 0 ? [] : [{ path, kind: 'untracked' }];
  if (head === 0) return [{ path, kind: 'added' }];
  return [{ path, kind: workTree === 0 || stage === 0 ? 'deleted' : 'modified' }];
}

/** The library compares contents alone. */
async function hasOtherMode(place: Place, path: RepoPath): Promise<boolean> {
  const [entries, found] = await Promise.all([
    modes(place),
    fs.promises.lstat(join(place.dir, path)).catch(() => null),
  ]);
  const mode = entries.get(path);
  if (!found?.isFile() || mode === undefined) return false;
  return (mode === '100755') !== ((found.mode & 0o100) !== 0);
}

/** Modes of all files of HEAD, read once for one repository. */
async function modes(place: Place): Promise<ReadonlyMap<RepoPath, string>> {
  place.modes ??= (async () => {
    const found = new Map<RepoPath, string>();
    await git.walk({
      ...place,
      trees: [git.TREE({ ref: 'HEAD' })],
      map: async (path, [entry]) => {
        if ((await entry?.type()) === 'blob') found.set(path, ((await entry?.mode()) ?? 0).toString(8));
        return undefined;
      },
    });
    return found;
  })();
  return await place.modes;
}

/** Does git turn line ends around here? Which files exactly is more than this adapter knows. */
async function convertsLineEnds(place: Place): Promise<boolean> {
  const automatic: unknown = await git.getConfig({ ...place, path: 'core.autocrlf' });
  if (['true', 'input'].includes(String(automatic))) return true;
  const attributes = await fs.promises.readFile(join(place.dir, '.gitattributes'), 'utf8').catch(() => '');
  return /\b(?:text|eol|crlf)\b/.test(attributes);
}

async function differsInLineEnds(place: Place, path: RepoPath): Promise<boolean> {
  const head = await git.resolveRef({ ...place, ref: 'HEAD' });
  const { blob } = await git.readBlob({ ...place, oid: head, filepath: path });
  const onDisk = await fs.promises.readFile(join(place.dir, path)).catch(() => null);
  return onDisk?.toString('latin1').replaceAll('\r\n', '\n') === Buffer.from(blob).toString('latin1');
}
