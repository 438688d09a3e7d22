import type { EntryMode, ObjectId, TreeEntry } from '../objects.ts';
import type { ChangeKind, LocalChange, SubmoduleChange } from '../repository.ts';

/** Output of `ls-tree -z`. */
export function parseTree(output: Buffer): TreeEntry[] {
  return records(output).map((record) => {
    const tab = record.indexOf('\t');
    const [mode = '', , id = ''] = record.slice(0, tab).split(' ');
    return { path: record.slice(tab + 1), mode: mode.replace(/^0/, '') as EntryMode, id: id as ObjectId };
  });
}

/** Output of `diff-tree -r -z --raw --no-renames --no-abbrev`: what both sides have. */
export function parseRawDiff(output: Buffer): { readonly before: TreeEntry[]; readonly after: TreeEntry[] } {
  const [before, after]: [TreeEntry[], TreeEntry[]] = [[], []];
  const fields = records(output);
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const path = fields[at + 1] ?? '';
    const [oldMode = '', newMode = '', oldId = '', newId = ''] = (fields[at] ?? '').slice(1).split(' ');
    if (oldMode !== '000000') before.push({ path, mode: oldMode as EntryMode, id: oldId as ObjectId });
    if (newMode !== '000000') after.push({ path, mode: newMode as EntryMode, id: newId as ObjectId });
  }
  return { before, after };
}

/** Output of `status --porcelain=v2 -z` without renames. */
export function parseStatus(output: Buffer): LocalChange[] {
  return records(output).flatMap((record): LocalChange[] => {
    const kind = record[0];
    if (kind === '?') return [{ path: record.slice(2), kind: 'untracked' }];
    if (kind !== '1' && kind !== 'u') return [];
    const fields = record.split(' ');
    const path = fields.slice(kind === '1' ? 8 : 10).join(' ');
    return [{ path, kind: changeKind(fields[1] ?? '', fields[2] ?? '') }];
  });
}

function changeKind(states: string, submodule: string): ChangeKind {
  if (submodule.startsWith('S')) return submoduleChange(states, submodule);
  if (states.startsWith('A')) return 'added';
  return states.includes('D') ? 'deleted' : 'modified';
}

function submoduleChange(states: string, [, commit, changes, files]: string): SubmoduleChange {
  if (states.startsWith('A')) return 'submodule-added';
  if (states.includes('D')) return 'submodule-deleted';
  if (commit === 'C' || states.startsWith('M')) return 'submodule-commit-changed';
  if (changes === 'M') return 'submodule-uncommitted';
  return files === 'U' ? 'submodule-untracked' : 'submodule-commit-changed';
}

function records(output: Buffer): string[] {
  return output.toString('utf8').split('\0').slice(0, -1);
}
