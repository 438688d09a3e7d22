import { execFileSync } from 'node:child_process';
import type { Fixture } from '../git/git-fixture.ts';

/** Commits in a row on a branch, first to last. */
export interface CommitLine {
  readonly branch: string;
  readonly ids: readonly string[];
}

/** Makes branches of `length` commits each that have nothing in common, in one go. */
export function commitLines(
  { root }: Pick<Fixture, 'root'>,
  branches: readonly string[],
  length: number,
): readonly CommitLine[] {
  const commit = (branch: string, i: number) => {
    const message = `${branch} ${i}`;
    const content = `${message}\n`;
    const mark = branches.indexOf(branch) * length + i + 1;
    const from = i === 0 ? '' : `from :${mark - 1}\n`;
    return `commit refs/heads/${branch}\nmark :${mark}\ncommitter Test <test@example.com> ${1_700_000_000 + i} +0000\ndata ${message.length}\n${message}\n${from}M 100644 inline src/file\ndata ${content.length}\n${content}\n`;
  };
  const text = branches.flatMap((branch) => Array.from({ length }, (_, i) => commit(branch, i)));
  execFileSync('git', ['fast-import', '--quiet'], { cwd: root, input: text.join('') });
  return branches.map((branch) => {
    const listed = execFileSync('git', ['rev-list', '--reverse', branch], { cwd: root, encoding: 'utf8' });
    return { branch, ids: listed.trim().split('\n') };
  });
}
